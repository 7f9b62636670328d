//! A message that came, whole again: what was stripped from it stands in it as the script expects it.

use super::contact::{End, Key};
use crate::patch::{Patch, values};
use bytes::Bytes;
use policy::{HiddenBranch, HiddenDialog};
use sip::{HeaderId, Message, Rewritten, Span};

/// The dialog that a request is in, among those with its uuid: the tags and the Call-ID, in clear, must be the
/// dialog's. A callee who is not known yet is taken at his word, with what is known of the caller.
pub(super) fn dialog_of(
    request: &Message,
    call_id: &[u8],
    key: &Key,
    found: Vec<HiddenDialog>,
) -> Option<(HiddenDialog, bool)> {
    let (from, to) = (tag(request.from().ok()), tag(request.to().ok()));
    let (caller, callee) = match key.sender {
        End::Caller => (from, to),
        End::Callee => (to, from),
    };
    let is_own = |dialog: &&HiddenDialog| dialog.caller.tag == caller && dialog.call_id == call_id;
    let mut own = found.iter().filter(is_own);
    if let Some(dialog) = own.clone().find(|dialog| dialog.callee.tag == callee) {
        return Some((dialog.clone(), true));
    }
    let mut dialog = own.next().filter(|_| key.sender == End::Callee)?.clone();
    dialog.callee.tag = Bytes::copy_from_slice(callee);
    dialog.callee.contact = Bytes::new();
    dialog.callee.routes = Bytes::new();
    Some((dialog, false))
}

fn tag(address: Option<sip::NameAddr<'_>>) -> &[u8] {
    address
        .and_then(|address| address.tag())
        .unwrap_or_default()
}

/// Whom a request outside of any dialog means that names one: the target of a redirection or a REFER.
pub(super) fn target_of(key: &Key, found: &[HiddenDialog]) -> Option<Bytes> {
    let contact = |dialog: &HiddenDialog| match key.sender {
        End::Caller => dialog.callee.contact.clone(),
        End::Callee => dialog.caller.contact.clone(),
    };
    found
        .iter()
        .map(contact)
        .find(|contact| !contact.is_empty())
}

/// A request within a dialog: the Request-URI is the other end's Contact, our own Record-Routes and those of the other
/// side stand as Routes, and the Call-ID is the caller's.
pub(super) fn restore_request(
    request: &Message,
    sender: End,
    dialog: &HiddenDialog,
    patch: &mut Patch,
) {
    let (target, routes) = match sender {
        End::Callee => (&dialog.caller.contact, forwards(dialog)),
        End::Caller => (&dialog.callee.contact, backwards(dialog)),
    };
    if !target.is_empty() {
        patch.replace(request.request_uri_span(), |out| {
            out.extend_from_slice(target)
        });
    }
    restore_call_id(request, &dialog.call_id, patch);
    let place = behind_last(request, HeaderId::Route, HeaderId::Via);
    patch.replace(place, |out| write_line(out, b"Route: ", &routes));
}

/// The route of a callee: our Record-Routes and the caller's side's, as they stood in the request.
fn forwards(dialog: &HiddenDialog) -> Vec<&[u8]> {
    split(&dialog.own_routes)
        .chain(split(&dialog.caller.routes))
        .collect()
}

/// The route of a caller: what stood in the reply from the last one on, without his own side's.
fn backwards(dialog: &HiddenDialog) -> Vec<&[u8]> {
    let mut routes: Vec<&[u8]> = split(&dialog.callee.routes)
        .chain(split(&dialog.own_routes))
        .collect();
    routes.reverse();
    routes
}

fn split(routes: &[u8]) -> impl Iterator<Item = &[u8]> {
    sip::split_values(routes).filter(|route| !route.is_empty())
}

/// A reply: the Vias below ours, our own Record-Routes and those of the request, and the Call-ID of the request.
pub(super) fn restored_reply(reply: &Message, branch: &HiddenBranch) -> Rewritten {
    let mut patch = Patch::default();
    let via = behind_last(reply, HeaderId::Via, HeaderId::Via);
    patch.replace(via, |out| write_line(out, b"Via: ", &[&branch.vias]));
    restore_call_id(reply, &branch.call_id, &mut patch);
    if matches!(reply.status(), Some(101..=299)) {
        let place = behind_last(reply, HeaderId::RecordRoute, HeaderId::From);
        let routes = [&branch.own_routes[..], &branch.routes[..]];
        let routes: Vec<&[u8]> = routes.into_iter().filter(|part| !part.is_empty()).collect();
        patch.replace(place, |out| write_line(out, b"Record-Route: ", &routes));
    }
    patch.apply(reply.bytes())
}

/// The Record-Routes of a reply as it came: those between us and its sender.
pub(super) fn routes_of(message: &Message) -> Bytes {
    joined(values(message, HeaderId::RecordRoute))
}

/// Values as one header has them.
pub(super) fn joined<'a>(values: impl Iterator<Item = &'a [u8]>) -> Bytes {
    let mut out = Vec::new();
    for value in values {
        if !out.is_empty() {
            out.push(b',');
        }
        // A fold inside of a value counts as a blank.
        out.extend(value.iter().map(|byte| match byte {
            b'\r' | b'\n' => b' ',
            byte => *byte,
        }));
    }
    out.into()
}

/// Puts this Call-ID where another one stands.
pub(super) fn restore_call_id(message: &Message, call_id: &[u8], patch: &mut Patch) {
    let header = message.header(HeaderId::CallId);
    if let Some(header) = header.filter(|header| header.value != call_id && !call_id.is_empty()) {
        patch.replace(header.value_span, |out| out.extend_from_slice(call_id));
    }
}

/// The place behind the last header of one kind, or of another where there is none.
fn behind_last(message: &Message, id: HeaderId, other: HeaderId) -> Span {
    let last = |id| message.all(id).last().map(|header| header.span.end);
    let end = last(id).or_else(|| last(other));
    let end = end.unwrap_or(u32::try_from(message.headers_start()).unwrap_or(0));
    Span::new(end, end)
}

fn write_line(out: &mut Vec<u8>, name: &[u8], values: &[&[u8]]) {
    if values.iter().all(|value| value.is_empty()) {
        return;
    }
    out.extend_from_slice(name);
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value);
    }
    out.extend_from_slice(b"\r\n");
}
