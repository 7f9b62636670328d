//! CSeq numbers of a caller whose INVITE left with a higher one than it came with (`track_cseq_updates`).

use super::call::{Live, Side};
use super::current::current;
use bytes::Bytes;
use policy::{Context, Incoming, MessageHook, Outgoing, Received, Sent};
use sip::{HeaderId, Message, Method, Span};
use std::ops::Range;

/// Numbers that a dialog takes on must stay below this (RFC 3261 section 8.1.1.5).
const BOUND: u32 = 1 << 31;

/// Where it is kept, as in Kamailio, so that calls go on where one takes over from the other.
const VARIABLE: &[u8] = b"cseq_diff";

/// Gives requests of the caller the number the callee expects, and replies the number the caller does.
pub(super) struct Numbering;

impl MessageHook for Numbering {
    fn on_receive(&self, _: &Incoming<'_>) -> Received {
        Received::Unchanged(None)
    }

    fn on_send(&self, outgoing: &Outgoing<'_>) -> Sent {
        let renumbered = outgoing
            .request
            .and_then(|context| match outgoing.message.is_request() {
                true => renumber_request(context, outgoing.message),
                false => renumber_reply(context, outgoing.message),
            });
        renumbered.map_or(Sent::Unchanged, Sent::Replaced)
    }
}

impl Live {
    /// By how much the caller's numbers are higher where the callee sees them.
    pub(super) fn cseq_ahead(&self) -> u32 {
        let value = self.var(VARIABLE).filter(|_| self.has(Live::CSEQ_DIFF));
        let text = value.and_then(|value| std::str::from_utf8(value).ok());
        let ahead = text.and_then(|text| text.parse().ok());
        ahead.filter(|ahead| *ahead < BOUND).unwrap_or(0)
    }
}

fn renumber_request(context: &Context, message: &Message) -> Option<Bytes> {
    let came = context.message.cseq().ok()?;
    let leaves = message.cseq().ok()?.number;
    let current = current(context)?;
    if current.owner.is_some() && came.method == Method::Invite {
        remember(current, leaves.checked_sub(came.number)?);
        return None;
    }
    // CANCEL and the ACK of a negative reply are made from what was sent.
    if current.sender != Some(Side::Caller) || leaves != came.number {
        return None;
    }
    let ahead = current.dialog.as_ref()?.live.lock().cseq_ahead();
    if ahead == 0 {
        return None;
    }
    let cseq = renumbered(message, HeaderId::CSeq, 0, |number| {
        number.checked_add(ahead)
    })?;
    let rack = renumbered(message, HeaderId::RAck, 1, |number| {
        number.checked_add(ahead)
    });
    Some(patched(message, [Some(cseq), rack]))
}

/// The initial INVITE leaves with a number that is higher by so much.
fn remember(current: &super::current::Current, ahead: u32) {
    let Some(dialog) = current.dialog.as_ref().filter(|_| ahead > 0) else {
        return;
    };
    let mut live = dialog.live.lock();
    live.switches |= Live::CSEQ_DIFF;
    live.set_var(VARIABLE, Some(ahead.to_string().into()));
}

/// A reply has the number of the request it answers, whatever that became on its way.
fn renumber_reply(context: &Context, message: &Message) -> Option<Bytes> {
    let (asked, answered) = (context.message.cseq().ok()?, message.cseq().ok()?);
    if asked.method != answered.method || asked.number == answered.number {
        return None;
    }
    let cseq = renumbered(message, HeaderId::CSeq, 0, |_| Some(asked.number))?;
    Some(patched(message, [Some(cseq), None]))
}

/// Where the number stands that is word `index` of a header, and what it becomes.
fn renumbered(
    message: &Message,
    header: HeaderId,
    index: usize,
    change: impl FnOnce(u32) -> Option<u32>,
) -> Option<(Span, u32)> {
    let found = message.header(header)?;
    let word = word(found.value, index)?;
    let digits = std::str::from_utf8(found.value.get(word.clone())?).ok()?;
    let number = change(digits.parse().ok()?).filter(|number| *number < BOUND)?;
    let at = found.value_span.start as usize;
    Some((Span::from(at + word.start..at + word.end), number))
}

/// Where a word of a value stands.
fn word(value: &[u8], index: usize) -> Option<Range<usize>> {
    let mut start = 0;
    let pieces = value.split(u8::is_ascii_whitespace).map(|piece| {
        let place = start..start + piece.len();
        start += piece.len() + 1;
        place
    });
    pieces.filter(|place| !place.is_empty()).nth(index)
}

/// The message with other numbers in these places.
fn patched(message: &Message, places: [Option<(Span, u32)>; 2]) -> Bytes {
    let mut places: Vec<_> = places.into_iter().flatten().collect();
    places.sort_by_key(|(span, _)| span.start);
    let bytes = message.bytes();
    let mut out = Vec::with_capacity(bytes.len() + 10);
    let mut done = 0;
    for (span, number) in places {
        out.extend_from_slice(bytes.get(done..span.start as usize).unwrap_or_default());
        out.extend_from_slice(number.to_string().as_bytes());
        done = span.end as usize;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    out.into()
}
