//! One pass over a text and its sorted changes.

use smallvec::SmallVec;
use std::borrow::Cow;
use std::ops::Range;

/// One change: `start..end` goes, `text` comes where it began.
#[derive(Clone, Debug)]
pub(super) struct Change<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: Cow<'a, [u8]>,
}

/// Changes in the order they were made.
pub(super) type Changes<'a> = SmallVec<[Change<'a>; 16]>;

/// Hands `source[range]` with the changes inside it to `sink`, piece by piece. `changes` must be
/// sorted by start; changes that begin outside the range are passed over.
pub(super) fn splice(
    source: &[u8],
    range: Range<usize>,
    changes: &[Change<'_>],
    mut sink: impl FnMut(&[u8]),
) {
    let mut at = range.start;
    // Where the removed run that ends at `at` began.
    let mut gone = None;
    for change in changes
        .iter()
        .filter(|c| range.contains(&c.start) || c.start == range.end)
    {
        if change.start >= at {
            sink(source.get(at..change.start).unwrap_or_default());
            (at, gone) = (change.start, Some(change.start));
        }
        // Strictly inside what is gone, only a removal that reaches further counts.
        if gone == Some(change.start) {
            sink(&change.text);
        }
        at = at.max(change.end.min(range.end));
    }
    sink(source.get(at..range.end).unwrap_or_default());
}
