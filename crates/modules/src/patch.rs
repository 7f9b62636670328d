//! Replacements in a message, made in one pass: what the modules that hide topology have in common.

use crate::veil::Found;
use bytes::Bytes;
use sip::{Edits, HeaderId, Message, Method, Rewritten, Span};
use smallvec::SmallVec;

/// What is to stand in place of some ranges of a message. The ranges do not overlap.
#[derive(Default)]
pub(crate) struct Patch {
    changes: SmallVec<[Change; 8]>,
    text: Vec<u8>,
}

/// Octets that are put into a message as a rule: a mask of each address in it.
const TEXT: usize = 512;

/// A range of the message, and the range of the text that replaces it.
struct Change {
    old: Span,
    new: Span,
}

impl Patch {
    /// Puts what `write` writes in place of a range.
    pub(crate) fn replace(&mut self, old: Span, write: impl FnOnce(&mut Vec<u8>)) {
        if self.text.capacity() == 0 {
            self.text = Vec::with_capacity(TEXT);
        }
        let start = self.text.len();
        write(&mut self.text);
        let new = Span::from(start..self.text.len());
        self.changes.push(Change { old, new });
    }

    /// Puts what `read` appends in place of a range, where it finds a mask.
    pub(crate) fn open(&mut self, old: Span, read: impl FnOnce(&mut Vec<u8>) -> Found) -> Found {
        let start = self.text.len();
        let found = read(&mut self.text);
        if found == Found::Hidden {
            let new = Span::from(start..self.text.len());
            self.changes.push(Change { old, new });
        }
        found
    }

    /// True where nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The same as edits of the message.
    pub(crate) fn put(self, edits: &mut Edits) {
        let text = Bytes::from(self.text);
        for Change { old, new } in self.changes {
            edits.replace(old, text.slice(new.range()));
        }
    }

    /// The message with everything replaced.
    pub(crate) fn apply(mut self, message: &[u8]) -> Rewritten {
        self.changes.sort_by_key(|change| change.old.start);
        let text = &self.text;
        let changes = self.changes.iter();
        Rewritten::splice(
            message,
            changes.map(|change| (change.old, change.new.of(text))),
        )
    }
}

/// The values of a header, in order.
pub(crate) fn values(message: &Message, id: HeaderId) -> impl Iterator<Item = &[u8]> {
    let headers = message.all(id);
    headers.flat_map(|header| sip::split_values(header.value))
}

/// REGISTER and PUBLISH pass as they are: their Contacts and bodies are for the registrar.
pub(crate) fn is_left_alone(message: &Message) -> bool {
    match message.is_request() {
        true => matches!(message.method(), Method::Register | Method::Publish),
        // Of a reply nothing else need be read for that.
        false => message.header(HeaderId::CSeq).is_some_and(|cseq| {
            let ends = |method: &&[u8]| {
                let number = cseq.value.strip_suffix(*method).and_then(<[u8]>::last);
                number.is_some_and(u8::is_ascii_whitespace)
            };
            [&b"REGISTER"[..], b"PUBLISH"].iter().any(ends)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_in_any_order() {
        let mut patch = Patch::default();
        assert!(patch.is_empty());
        patch.replace(Span::new(6, 9), |text| text.extend_from_slice(b"three"));
        patch.replace(Span::new(0, 1), |text| text.extend_from_slice(b"one"));
        patch.replace(Span::new(2, 5), |_| {});
        assert_eq!(patch.apply(b"1 222 333.").bytes().as_ref(), b"one  three.");
    }
}
