//! The header index: eight octets a line, and the first line of every known name.

use super::{Header, Run};
use crate::{HeaderId, Span};
use smallvec::SmallVec;
use std::ops::Range;

/// Lines that fit before the index moves to the heap.
const INLINE: usize = 24;

/// Where each header line is.
#[derive(Clone, Debug)]
pub(super) struct Index {
    entries: SmallVec<[Entry; INLINE]>,
    /// Per known name the number of its first line plus one; 0 without any.
    first: [u8; HeaderId::COUNT + 1],
    /// A bit per name that more than one line has.
    repeated: u128,
    end: u16,
}

/// One line. Lines follow each other, so one ends where the next begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) id: HeaderId,
    pub(super) name_len: u8,
    pub(super) start: u16,
    pub(super) value_start: u16,
    pub(super) value_end: u16,
}

const _: () = assert!(size_of::<Entry>() == 8 && HeaderId::COUNT < 128);

impl Index {
    pub(super) fn new() -> Self {
        let first = [0; HeaderId::COUNT + 1];
        Self {
            entries: SmallVec::new(),
            first,
            repeated: 0,
            end: 0,
        }
    }

    /// Adds a line; the caller keeps their number below 255.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry) {
        note(
            &mut self.first,
            &mut self.repeated,
            entry.id,
            self.entries.len(),
        );
        self.entries.push(entry);
    }

    /// Adds lines of a former index as they stand in a text where they are `shift` octets further, or back where that
    /// wraps; the caller keeps their number below 255 and their offsets within 16 bits.
    pub(super) fn extend_moved(&mut self, former: &Index, lines: Range<usize>, shift: u16) {
        let behind = self.entries.len();
        let moved = former.entries.get(lines).unwrap_or_default();
        self.entries.extend_from_slice(moved);
        for (at, entry) in self.entries.iter_mut().enumerate().skip(behind) {
            entry.start = entry.start.wrapping_add(shift);
            entry.value_start = entry.value_start.wrapping_add(shift);
            entry.value_end = entry.value_end.wrapping_add(shift);
            note(&mut self.first, &mut self.repeated, entry.id, at);
        }
    }

    /// Line number `line`, and where it ends, in a text where only parts of its value changed, between a run of octets
    /// that it begins in and one that it ends in; none where it does not.
    pub(super) fn stretched(&self, line: usize, (head, tail): (Run, Run)) -> Option<(Entry, u16)> {
        let (former, span) = (self.entries.get(line)?, self.span(line));
        let (begin, end) = (u32::from(former.value_start), u32::from(former.value_end));
        let is_between = head.old.start <= span.start
            && begin <= head.old.end
            && tail.old.start <= end
            && span.end <= tail.old.end;
        let place = |run: Run, old| u16::try_from(run.place(old)?).ok();
        let moved = Entry {
            start: place(head, span.start)?,
            value_start: place(head, begin)?,
            value_end: place(tail, end)?,
            ..*former
        };
        is_between.then_some((moved, place(tail, span.end)?))
    }

    /// The first line from number `at` on that begins at this offset or behind it, or how many lines there are.
    pub(super) fn line_from(&self, at: usize, offset: u32) -> usize {
        let rest = self.entries.get(at..).unwrap_or_default();
        let before = rest.iter();
        at + before
            .take_while(|entry| u32::from(entry.start) < offset)
            .count()
    }

    /// Behind the last line, from number `at` on, that ends at this offset or before it.
    pub(super) fn lines_up_to(&self, at: usize, offset: u32) -> usize {
        match u32::from(self.end) <= offset {
            true => self.len(),
            // The last one that begins there ends behind it.
            false => self.line_from(at, offset + 1).saturating_sub(1),
        }
    }

    /// Sets where the empty line is.
    pub(super) fn finish(&mut self, end: u16) {
        self.end = end;
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn end(&self) -> usize {
        usize::from(self.end)
    }

    pub(super) fn is_repeated(&self, id: HeaderId) -> bool {
        self.repeated & 1 << id as u32 != 0
    }

    /// Whether more than one line has one of these names, a bit each.
    pub(super) fn is_any_repeated(&self, ids: u128) -> bool {
        self.repeated & ids != 0
    }

    pub(super) fn first(&self, id: HeaderId) -> Option<usize> {
        usize::from(self.first[id as usize]).checked_sub(1)
    }

    /// The lines of that name, in order.
    pub(super) fn all(&self, id: HeaderId) -> impl Iterator<Item = usize> {
        let first = self.first(id).unwrap_or(self.len());
        let behind = if self.is_repeated(id) {
            self.len()
        } else {
            self.len().min(first + 1)
        };
        (first..behind).filter(move |&at| self.entries[at].id == id)
    }

    /// Where line number `at` is, its line end included; nothing where there is no such line.
    pub(super) fn span(&self, at: usize) -> Span {
        let start = |at: usize| self.entries.get(at).map_or(self.end, |entry| entry.start);
        Span::new(u32::from(start(at)), u32::from(start(at + 1)))
    }

    /// Line number `at`, below `len`.
    pub(super) fn header<'a>(&self, bytes: &'a [u8], at: usize) -> Header<'a> {
        let Entry {
            id,
            name_len,
            start,
            value_start,
            value_end,
        } = self.entries[at];
        let end = self.entries.get(at + 1).map_or(self.end, |next| next.start);
        let name = Span::new(u32::from(start), u32::from(start) + u32::from(name_len));
        let value_span = Span::new(u32::from(value_start), u32::from(value_end));
        Header {
            name: name.of(bytes),
            id,
            value: value_span.of(bytes),
            span: Span::new(u32::from(start), u32::from(end)),
            value_span,
        }
    }
}

/// Notes that line number `at`, below 255, has that name.
#[inline]
fn note(first: &mut [u8; HeaderId::COUNT + 1], repeated: &mut u128, id: HeaderId, at: usize) {
    let slot = &mut first[id as usize];
    match *slot {
        0 => *slot = (at + 1) as u8,
        _ => *repeated |= 1 << id as u32,
    }
}
