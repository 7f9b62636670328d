//! A message about to leave, without what it says of the side it comes from.

use crate::patch::{Patch, values};
use bytes::Bytes;
use sip::{Header, HeaderId, Message};

/// What stands in a message that leaves, instead of what is stripped.
#[derive(Clone, Copy, Default)]
pub(super) struct Dress<'a> {
    /// The Contact, where the message has one; none leaves it.
    pub(super) contact: Option<&'a [u8]>,
    /// The Call-ID; none leaves it.
    pub(super) call_id: Option<&'a [u8]>,
    /// How many Record-Routes, from the last one up, are the receiver's own.
    pub(super) kept_routes: usize,
}

/// A request without the Vias below ours and without Record-Routes.
pub(super) fn strip_request(request: &Message, dress: Dress<'_>, patch: &mut Patch) {
    keep_first_via(request, patch);
    strip(request, dress, patch);
}

/// A reply without the Record-Routes of the other side and of ours.
pub(super) fn stripped_reply(reply: &Message, dress: Dress<'_>) -> Bytes {
    let mut patch = Patch::default();
    strip(reply, dress, &mut patch);
    patch.apply(reply.bytes()).into_bytes()
}

fn strip(message: &Message, dress: Dress<'_>, patch: &mut Patch) {
    let count = values(message, HeaderId::RecordRoute).count();
    let kept: Vec<&[u8]> = values(message, HeaderId::RecordRoute)
        .skip(count.saturating_sub(dress.kept_routes))
        .collect();
    if kept.len() < count {
        let joined = kept.join(&b","[..]);
        replace_all(message, HeaderId::RecordRoute, &joined, patch);
    }
    if let Some(contact) = dress.contact {
        replace_all(message, HeaderId::Contact, contact, patch);
    }
    let header = message.header(HeaderId::CallId);
    if let (Some(header), Some(call_id)) = (header, dress.call_id) {
        patch.replace(header.value_span, |out| out.extend_from_slice(call_id));
    }
}

fn keep_first_via(request: &Message, patch: &mut Patch) {
    let first = values(request, HeaderId::Via).next().unwrap_or_default();
    let mut headers = request.all(HeaderId::Via);
    if let Some(top) = headers.next().filter(|top| top.value.len() != first.len()) {
        patch.replace(top.value_span, |out| out.extend_from_slice(first));
    }
    remove(headers, patch);
}

/// One header with this value in place of all of a kind; none at all where the value is empty.
fn replace_all(message: &Message, id: HeaderId, value: &[u8], patch: &mut Patch) {
    let mut headers = message.all(id);
    if !value.is_empty()
        && let Some(first) = headers.next()
    {
        patch.replace(first.value_span, |out| out.extend_from_slice(value));
    }
    remove(headers, patch);
}

fn remove<'a>(headers: impl Iterator<Item = Header<'a>>, patch: &mut Patch) {
    for header in headers {
        patch.replace(header.span, |_| {});
    }
}
