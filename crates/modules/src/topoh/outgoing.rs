//! A message about to leave, hidden.

use super::incoming::{ReplyNote, RequestNote, is_marker, markers, remove_markers};
use crate::patch::{Patch, values};
use crate::veil::Kind;
use crate::veil::References;
use crate::veil::Veil;
use crate::veil::{Heading, Way};
use policy::{Context, DialogWay, Identity, Outgoing};
use sip::{Edits, HeaderId, Message, NameAddr, Span};
use std::sync::Arc;

/// Whether a header is looked at when a message is hidden.
pub(super) fn is_hidden(id: HeaderId, name: &[u8]) -> bool {
    match id {
        HeaderId::Via | HeaderId::Contact | HeaderId::RecordRoute => true,
        HeaderId::CallId | HeaderId::CSeq => true,
        HeaderId::Other => is_marker(name),
        other => References::are_in(other),
    }
}

/// Hides a request that leaves with these edits: every Via below ours, Contact, every Record-Route but the one it came to us for,
/// and with `mask_callid` the Call-IDs.
pub(super) fn hide_request(
    veil: &Veil,
    outgoing: &Outgoing<'_>,
    with_call_ids: bool,
    edits: &mut Edits,
    patch: &mut Patch,
) {
    let request = outgoing.message;
    let note = outgoing.request.and_then(Context::extension::<RequestNote>);
    let heading = note
        .map(|note| note.heading)
        .or_else(|| own_heading(outgoing));
    remove_markers(request, patch);
    hide_vias(veil, request, note.map(|note| note.heading), edits, patch);
    hide_contacts(veil, request, patch);
    hide_added_to(veil, outgoing, edits, patch);
    let nothing = References::default();
    let references = note.map_or(&nothing, |note| &note.references);
    references.hide_target(veil, request, with_call_ids, patch);
    if with_call_ids {
        let goes_down = heading.is_some_and(|heading| heading.way == Way::Down);
        if goes_down {
            hide_call_id(veil, request, patch);
        }
        references.hide(veil, request, !goes_down, patch);
    }
}

/// Hides a reply: Contact, the Record-Routes of those behind us, and with `mask_callid` the Call-ID towards a
/// callee.
pub(super) fn hide_reply(
    veil: &Veil,
    outgoing: &Outgoing<'_>,
    with_call_ids: bool,
    patch: &mut Patch,
) {
    let reply = outgoing.message;
    remove_markers(reply, patch);
    hide_contacts(veil, reply, patch);
    let stray = outgoing
        .notes
        .iter()
        .find_map(|note| note.downcast_ref::<ReplyNote>());
    if reply.has(HeaderId::RecordRoute) {
        let clear = first_clear(outgoing, stray);
        let stays = |at| clear.is_none_or(|clear| at >= clear);
        hide_record_routes(veil, reply, stays, patch);
    }
    let of_request = outgoing.request.and_then(Context::extension::<RequestNote>);
    let heading = of_request
        .map(|note| note.heading)
        .or(stray.map(|note| note.heading));
    if with_call_ids && heading.is_some_and(|heading| heading.way == Way::Up) {
        hide_call_id(veil, reply, patch);
    }
}

/// A request of our own goes to the callee where its module says so, or where it says so itself in Kamailio's words
/// (`lreq_callee_headers` of module `dialog`).
fn own_heading(outgoing: &Outgoing<'_>) -> Option<Heading> {
    let way = outgoing.request.and_then(Context::extension::<DialogWay>);
    let mut markers = markers(outgoing.message);
    let goes_down = match way {
        Some(way) => *way == DialogWay::ToCallee,
        None => markers.next().is_some_and(|marker| marker.value == b"dlh"),
    };
    goes_down.then_some(Heading {
        way: Way::Down,
        confirmed: true,
    })
}

/// The source of the request is noted in the Via that it came with, and hidden with it.
fn hide_vias(
    veil: &Veil,
    request: &Message,
    heading: Option<Heading>,
    edits: &mut Edits,
    patch: &mut Patch,
) {
    let ours = usize::from(!edits.has_via());
    for (at, via) in values(request, HeaderId::Via).enumerate().skip(ours) {
        let Some(place) = Span::find(request.bytes(), via) else {
            continue;
        };
        let heading = heading.filter(|_| at == ours);
        match at {
            0 => {
                let mut noted = Vec::with_capacity(via.len() + NOTE);
                edits.render_noted(request, place, &mut noted);
                edits.note_source(None, None);
                patch.replace(place, |out| veil.hide_via(noted, heading, out));
            }
            _ => patch.replace(place, |out| veil.hide_via(via.to_vec(), heading, out)),
        }
    }
}

/// Octets of a source and a heading that are noted, as a rule.
const NOTE: usize = 64;

fn hide_contacts(veil: &Veil, message: &Message, patch: &mut Patch) {
    for contact in values(message, HeaderId::Contact).filter(|value| *value != b"*") {
        hide_value(veil, message, contact, patch);
    }
}

fn hide_value(veil: &Veil, message: &Message, value: &[u8], patch: &mut Patch) {
    if let Some(place) = Span::find(message.bytes(), value) {
        patch.replace(place, |out| veil.hide_address(value, out));
    }
}

/// The first Record-Route stays where it is ours: the other side must find us by it.
fn hide_added_to(veil: &Veil, outgoing: &Outgoing<'_>, edits: &mut Edits, patch: &mut Patch) {
    let request = outgoing.message;
    let is_added = edits.has_record_route();
    hide_added(veil, edits);
    let first_stays = !is_added && is_first_ours(outgoing);
    hide_record_routes(veil, request, |at| at == 0 && first_stays, patch);
}

/// Of several Record-Routes of ours the first one stays.
fn hide_added(veil: &Veil, edits: &mut Edits) {
    for at in 1..edits.record_routes().len() {
        let mut hidden = Vec::new();
        if let Some(route) = edits.record_routes().get(at) {
            veil.hide_address(route, &mut hidden);
        }
        // A mask has no line end.
        let _is_put = edits.replace_record_route(at, hidden);
    }
}

fn is_first_ours(outgoing: &Outgoing<'_>) -> bool {
    let now = outgoing.message;
    let Some(first) = values(now, HeaderId::RecordRoute).next() else {
        return false;
    };
    let before = outgoing.request.map(|context| &context.message);
    let is_added = match before {
        Some(before) if Arc::ptr_eq(before, now) => false,
        Some(before) => routes_of(now) > routes_of(before),
        None => true,
    };
    is_added || is_ours(&outgoing.config.identity, first)
}

fn hide_record_routes(
    veil: &Veil,
    message: &Message,
    stays: impl Fn(usize) -> bool,
    patch: &mut Patch,
) {
    for (at, route) in values(message, HeaderId::RecordRoute).enumerate() {
        if !stays(at) {
            hide_value(veil, message, route, patch);
        }
    }
}

/// From which Record-Route of a reply on they stay: from the one of ours that its receiver has got, or from
/// those it sent itself. None where all stay, since nobody knows whose they are.
fn first_clear(outgoing: &Outgoing<'_>, stray: Option<&ReplyNote>) -> Option<usize> {
    let identity = &outgoing.config.identity;
    let routes: smallvec::SmallVec<[&[u8]; 8]> =
        values(outgoing.message, HeaderId::RecordRoute).collect();
    let is_ours = |at: usize| routes.get(at).is_some_and(|route| is_ours(identity, route));
    let (theirs, recorded) = match (outgoing.request, stray) {
        (Some(context), _) => {
            let theirs = routes.len().saturating_sub(routes_of(&context.message));
            (theirs, !context.record_routes.is_empty())
        }
        (None, Some(note)) => {
            let hidden = routes.len().saturating_sub(note.hidden_routes);
            // Of two Record-Routes of ours the lower one was hidden from the other side.
            let pair = hidden > 0 && is_ours(hidden - 1) && is_ours(hidden);
            (hidden + usize::from(pair), false)
        }
        (None, None) => return (0..routes.len()).rfind(|at| is_ours(*at)),
    };
    match theirs.checked_sub(1) {
        Some(at) if recorded || is_ours(at) => Some(at),
        _ => Some(theirs),
    }
}

fn routes_of(message: &Message) -> usize {
    values(message, HeaderId::RecordRoute).count()
}

fn is_ours(identity: &Identity, route: &[u8]) -> bool {
    let uri = NameAddr::parse(route).map(|address| address.uri);
    let uri = uri.ok().and_then(|uri| sip::Uri::parse(uri).ok());
    uri.is_some_and(|uri| identity.is_myself(uri.host, uri.port.unwrap_or(0), None))
}

fn hide_call_id(veil: &Veil, message: &Message, patch: &mut Patch) {
    if let Some(header) = message.header(HeaderId::CallId) {
        let id = header.value;
        patch.replace(header.value_span, |out| {
            veil.hide_call_id(Kind::CallId, id, out)
        });
    }
}
