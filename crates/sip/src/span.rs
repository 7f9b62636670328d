//! A piece of a message, by its place.

use std::ops::Range;

/// A half-open range of octets in the message it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first octet.
    pub start: u32,
    /// Offset behind the last octet; never below `start`.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to, not including, `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// Its length in octets.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether it covers nothing.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// As a range for indexing.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The octets it covers; empty when it does not lie inside `bytes`.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.range()).unwrap_or_default()
    }

    /// Where `part` lies in `whole`; `None` unless it is a sub-slice of it.
    pub fn find(whole: &[u8], part: &[u8]) -> Option<Self> {
        let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
        let end = start.checked_add(part.len())?;
        if end > whole.len() {
            return None;
        }
        Some(Self::new(
            u32::try_from(start).ok()?,
            u32::try_from(end).ok()?,
        ))
    }
}

impl From<Range<usize>> for Span {
    /// Offsets beyond 4 GiB, which no message reaches, saturate.
    fn from(range: Range<usize>) -> Self {
        let clamp = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self::new(clamp(range.start), clamp(range.end))
    }
}

/// A [`Span`] inside the header section, whose offsets fit 16 bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Piece {
    start: u16,
    end: u16,
}

impl Piece {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let clamp = |offset| u16::try_from(offset).unwrap_or(u16::MAX);
        Self {
            start: clamp(start),
            end: clamp(end),
        }
    }

    /// Where `part` lies in `whole`; the empty piece unless it is a sub-slice of it.
    #[inline]
    pub(crate) fn find(whole: &[u8], part: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        let end = start.wrapping_add(part.len());
        match (u16::try_from(start), u16::try_from(end)) {
            (Ok(start), Ok(end)) if start <= end && usize::from(end) <= whole.len() => {
                Self { start, end }
            }
            _ => Self::default(),
        }
    }

    #[inline]
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        let range = usize::from(self.start)..usize::from(self.end);
        bytes.get(range).unwrap_or_default()
    }

    /// The same in a text where it stands `shift` octets further, or back where that wraps. An empty piece has no place.
    pub(crate) fn moved(self, shift: u16) -> Self {
        match self.start < self.end {
            true => Self {
                start: self.start.wrapping_add(shift),
                end: self.end.wrapping_add(shift),
            },
            false => Self::default(),
        }
    }
}

impl From<Piece> for Span {
    fn from(piece: Piece) -> Self {
        Self::new(u32::from(piece.start), u32::from(piece.end))
    }
}

impl From<Span> for Piece {
    fn from(span: Span) -> Self {
        Self::new(span.start as usize, span.end as usize)
    }
}
