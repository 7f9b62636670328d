//! Which bytes go when some values of a list header go.

use sip::{HeaderId, Message, Span};
use smallvec::SmallVec;

/// The ranges to remove so that the Route values with these numbers (from 0, in rising order or
/// not) are gone and every comma that is left separates two values.
pub(super) fn spans(message: &Message, removed: &[usize]) -> impl Iterator<Item = Span> {
    let mut number = 0;
    message.all(HeaderId::Route).flat_map(move |header| {
        let values: SmallVec<[(Span, bool); 4]> = sip::split_values(header.value)
            .map(|value| {
                let goes = removed.contains(&number);
                number += 1;
                (place(message.bytes(), value), goes)
            })
            .collect();
        line(header.span, &values)
    })
}

/// The ranges within one header line. A removed value takes the comma behind it along; behind the
/// last kept one everything goes.
fn line(whole: Span, values: &[(Span, bool)]) -> SmallVec<[Span; 2]> {
    let Some(last_kept) = values.iter().rposition(|(_, goes)| !goes) else {
        return smallvec::smallvec![whole];
    };
    let mut spans: SmallVec<[Span; 2]> = values
        .windows(2)
        .take(last_kept)
        .filter_map(|pair| match pair {
            [(value, true), (next, _)] => Some(Span::new(value.start, next.start)),
            _ => None,
        })
        .collect();
    if let (Some((kept, _)), Some((end, true))) = (values.get(last_kept), values.last()) {
        spans.push(Span::new(kept.end, end.end));
    }
    spans
}

/// Where a part of the message lies in it.
fn place(bytes: &[u8], part: &[u8]) -> Span {
    let start = (part.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
    Span::from(start..start + part.len())
}
