//! Replacements in a message, made in one pass: what the modules that hide topology have in common.

use sip::{CSeq, HeaderId, Message, Method, Rewritten, Span};
use smallvec::SmallVec;

/// What is to stand in place of some ranges of a message. The ranges do not overlap.
#[derive(Default)]
pub(crate) struct Patch {
    changes: SmallVec<[Change; 8]>,
    text: Vec<u8>,
}

/// A range of the message, and the range of the text that replaces it.
struct Change {
    old: Span,
    new: Span,
}

impl Patch {
    /// Puts what `write` writes in place of a range.
    pub(crate) fn replace(&mut self, old: Span, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        write(&mut self.text);
        let new = Span::from(start..self.text.len());
        self.changes.push(Change { old, new });
    }

    /// True where nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
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
pub(crate) fn values(
    message: &Message,
    id: HeaderId,
) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
    let values: SmallVec<[&[u8]; 8]> = message
        .all(id)
        .flat_map(|header| sip::split_values(header.value))
        .collect();
    values.into_iter()
}

/// REGISTER and PUBLISH pass as they are: their Contacts and bodies are for the registrar.
pub(crate) fn is_left_alone(message: &Message) -> bool {
    let method = match message.is_request() {
        true => Some(message.method()),
        // Of a reply nothing else need be read for that.
        false => message
            .header(HeaderId::CSeq)
            .and_then(|header| CSeq::parse(header.value).ok())
            .map(|cseq| cseq.method),
    };
    matches!(method, Some(Method::Register | Method::Publish))
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
