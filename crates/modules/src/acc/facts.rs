//! What is accounted: the fixed attributes of a transaction.

use bytes::Bytes;
use policy::{Context, Replied};
use sip::{HeaderId, Message};
use std::sync::Arc;

/// Why something is accounted; the words that begin the log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Answered,
    Missed,
    Acknowledged,
    Accounted,
}

impl Event {
    pub(super) fn words(self) -> &'static str {
        match self {
            Event::Answered => "ACC: transaction answered: ",
            Event::Missed => "ACC: call missed: ",
            Event::Acknowledged => "ACC: request acknowledged: ",
            Event::Accounted => "ACC: request accounted: ",
        }
    }
}

/// The fixed attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) method: Bytes,
    pub(super) from_tag: Bytes,
    pub(super) to_tag: Bytes,
    pub(super) call_id: Bytes,
    pub(super) code: Bytes,
    pub(super) reason: Bytes,
}

impl Facts {
    /// Those of a request alone.
    pub(super) fn of(message: &Message) -> Facts {
        let tag = |address: Result<sip::NameAddr<'_>, _>| {
            let tag = address.ok().and_then(|address| address.tag());
            tag.map(|tag| message.slice_of(tag)).unwrap_or_default()
        };
        Facts {
            method: message.slice_of(message.method_bytes()),
            from_tag: tag(message.from()),
            to_tag: tag(message.to()),
            call_id: message.slice_of(message.call_id().unwrap_or_default()),
            code: Bytes::new(),
            reason: Bytes::new(),
        }
    }

    /// Those of a request and what became of it.
    pub(super) fn answered(
        context: &Context,
        outcome: &Replied<'_>,
        reason_from_hf: bool,
    ) -> Facts {
        let mut facts = Facts::of(&context.message);
        let tag = outcome.reply.and_then(|reply| reply.to().ok()?.tag());
        let own_tag = || context.transaction()?.local_tag.clone();
        let to_tag = match outcome.reply {
            Some(_) => tag.map(Bytes::copy_from_slice),
            None => own_tag(),
        };
        if let Some(tag) = to_tag.filter(|_| facts.to_tag.is_empty()) {
            facts.to_tag = tag;
        }
        facts.code = outcome.code.to_string().into();
        let header = outcome
            .reply
            .filter(|_| reason_from_hf)
            .and_then(|reply| reply.header(HeaderId::Reason));
        let reason = header.map_or(outcome.reason, |header| header.value);
        facts.reason = Bytes::copy_from_slice(reason);
        facts
    }

    /// Takes code and reason from a comment: `404 Not Found`. Without three digits the code is 0.
    pub(super) fn comment(&mut self, comment: &[u8]) {
        let digits = comment
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (code, reason) = comment
            .split_at_checked(if digits >= 3 { 3 } else { 0 })
            .unwrap_or_default();
        self.code = match code {
            [] => Bytes::from_static(b"0"),
            code => Bytes::copy_from_slice(code),
        };
        self.reason = Bytes::copy_from_slice(reason.trim_ascii());
    }

    /// From and To the other way round.
    pub(super) fn swapped(mut self) -> Facts {
        std::mem::swap(&mut self.from_tag, &mut self.to_tag);
        self
    }
}

/// The request with the values of From and To exchanged, for `detect_direction`.
pub(super) fn swapped(message: &Message) -> Option<Arc<Message>> {
    let (from, to) = (
        message.header(HeaderId::From)?,
        message.header(HeaderId::To)?,
    );
    let mut edits = sip::Edits::new();
    edits.replace(from.value_span, message.slice_of(to.value));
    edits.replace(to.value_span, message.slice_of(from.value));
    let mut out = Vec::with_capacity(message.bytes().len());
    edits.render(message, &mut out);
    Message::parse(out.into(), &sip::Limits::default())
        .ok()
        .map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_give_code_and_reason() {
        for (comment, code, reason) in [
            ("404 Not Found", "404", "Not Found"),
            ("404  two", "404", "two"),
            ("404Not", "404", "Not"),
            ("600", "600", ""),
            ("Some comment", "0", "Some comment"),
            ("20 x", "0", "20 x"),
            ("", "0", ""),
        ] {
            let mut facts = Facts::default();
            facts.comment(comment.as_bytes());
            assert_eq!(
                (facts.code.as_ref(), facts.reason.as_ref()),
                (code.as_bytes(), reason.as_bytes()),
                "{comment}"
            );
        }
    }
}
