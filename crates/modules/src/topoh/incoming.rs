//! A message that came, in clear again.

use crate::patch::{Patch, values};
use crate::veil::Kind;
use crate::veil::{Forged, References};
use crate::veil::{Found, Veil, take_heading};
use crate::veil::{Heading, Way};
use bytes::Bytes;
use sip::{Header, HeaderId, Message, NameAddr, Span};
use smallvec::SmallVec;

/// What is to be known of a request when it, or a reply to it, leaves.
#[derive(Debug)]
pub(super) struct RequestNote {
    /// Which way it goes.
    pub(super) heading: Heading,
    /// The Request-URI as it came, where it was hidden: an own copy, for the note outlives the message.
    pub(super) uri: Option<Bytes>,
    /// What its headers named.
    pub(super) references: References,
}

/// What is to be known of a reply that finds its way without a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReplyNote {
    /// Which way the request went.
    pub(super) heading: Heading,
    /// How many Record-Routes at the end were hidden from the other side.
    pub(super) hidden_routes: usize,
}

/// Opens a request: Request-URI, Route, Refer-To, and with `mask_callid` the Call-IDs.
pub(super) fn open_request(
    veil: &Veil,
    request: &Message,
    with_call_ids: bool,
    patch: &mut Patch,
) -> Result<RequestNote, Forged> {
    remove_markers(request, patch);
    let uri = request.request_uri();
    let was_hidden = open_uri(veil, request, uri, "the Request-URI", patch)?;
    let mut routes = request.routes();
    let first = routes.next().and_then(Result::ok);
    for route in first.into_iter().chain(routes.flatten()) {
        open_uri(veil, request, route.uri, "Route", patch)?;
    }
    let references = References::open(veil, request, with_call_ids, patch)?;
    let own = request.header(HeaderId::CallId).filter(|_| with_call_ids);
    let looks_up = || own.is_some_and(|header| veil.is_call_id(header.value));
    let heading = Heading::of(request, first, looks_up);
    if let (Way::Up, Some(header)) = (heading.way, own) {
        open_call_id(veil, header, patch)?;
    }
    Ok(RequestNote {
        heading,
        uri: was_hidden.then(|| Bytes::copy_from_slice(uri)),
        references,
    })
}

/// Opens a reply: the Vias below ours, the Record-Routes of the other side, and with `mask_callid` the Call-ID.
/// None where the request did not leave hidden, or was our own.
pub(super) fn open_reply(
    veil: &Veil,
    reply: &Message,
    with_call_ids: bool,
    patch: &mut Patch,
) -> Result<Option<ReplyNote>, Forged> {
    remove_markers(reply, patch);
    let Some(heading) = open_vias(veil, reply, patch)? else {
        if reply.vias().nth(1).is_none() && with_call_ids {
            open_own(veil, reply, patch);
        }
        return Ok(None);
    };
    let hidden_routes = open_record_routes(veil, reply, patch);
    let call_id = reply.header(HeaderId::CallId);
    if let (Way::Down, true, Some(header)) = (heading.way, with_call_ids, call_id) {
        open_call_id(veil, header, patch)?;
    }
    Ok(Some(ReplyNote {
        heading,
        hidden_routes,
    }))
}

/// The second Via says whether the request left hidden. All below it then did.
fn open_vias(veil: &Veil, reply: &Message, patch: &mut Patch) -> Result<Option<Heading>, Forged> {
    let mut heading = None;
    for (at, via) in values(reply, HeaderId::Via).enumerate().skip(1) {
        let Some(place) = Span::find(reply.bytes(), via) else {
            continue;
        };
        let found = patch.open(place, |out| {
            let start = out.len();
            let found = veil.find_via(via, out);
            if at == 1 && found == Found::Hidden {
                heading = take_heading(out, start).or(Some(UNKNOWN));
            }
            found
        });
        match found {
            Found::Clear if at == 1 => return Ok(None),
            Found::Forged => return Err(Forged("Via")),
            Found::Clear | Found::Hidden => {}
        }
    }
    Ok(heading)
}

/// A Via hidden by somebody who noted nothing.
const UNKNOWN: Heading = Heading {
    way: Way::Down,
    confirmed: false,
};

/// From the last one up, as far as they are hidden: above them is ours. Those above ours may be hidden too, by
/// other proxies and with other keys.
fn open_record_routes(veil: &Veil, reply: &Message, patch: &mut Patch) -> usize {
    // Nearly always the last one is ours, or of somebody who hides nothing.
    if !values(reply, HeaderId::RecordRoute)
        .last()
        .is_some_and(|route| veil.may_be_in(route))
    {
        return 0;
    }
    let routes: SmallVec<[&[u8]; 8]> = values(reply, HeaderId::RecordRoute).collect();
    let mut hidden = 0;
    for route in routes.iter().rev() {
        let uri = NameAddr::parse(route)
            .map(|address| address.uri)
            .unwrap_or_default();
        let Some(place) = Span::find(reply.bytes(), uri) else {
            break;
        };
        if patch.open(place, |out| veil.find_uri(uri, out)) != Found::Hidden {
            break;
        }
        hidden += 1;
    }
    hidden
}

/// The Call-ID of a reply to a request of our own, where it left hidden.
fn open_own(veil: &Veil, reply: &Message, patch: &mut Patch) {
    if let Some(header) = reply.header(HeaderId::CallId) {
        // One that is none of ours is let be.
        let _found = open_call_id(veil, header, patch);
    }
}

/// Opens a URI; false where it is not hidden.
fn open_uri(
    veil: &Veil,
    message: &Message,
    uri: &[u8],
    place: &'static str,
    patch: &mut Patch,
) -> Result<bool, Forged> {
    let Some(span) = Span::find(message.bytes(), uri) else {
        return Ok(false);
    };
    match patch.open(span, |out| veil.find_uri(uri, out)) {
        Found::Hidden => Ok(true),
        Found::Forged => Err(Forged(place)),
        Found::Clear => Ok(false),
    }
}

fn open_call_id(veil: &Veil, header: Header<'_>, patch: &mut Patch) -> Result<(), Forged> {
    let read = |out: &mut _| veil.find_call_id(Kind::CallId, header.value, out);
    match patch.open(header.value_span, read) {
        Found::Forged => Err(Forged("Call-ID")),
        Found::Clear | Found::Hidden => Ok(()),
    }
}

/// The headers `TH`.
pub(super) fn markers(message: &Message) -> impl Iterator<Item = Header<'_>> {
    let others = message.all(HeaderId::Other);
    others.filter(|header| is_marker(header.name))
}

/// Whether a header of that name is a marker.
pub(super) fn is_marker(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(super::MARKER)
}

/// Kamailio marks messages with a header `TH`: from outside it says nothing, and it never leaves.
pub(super) fn remove_markers(message: &Message, patch: &mut Patch) {
    for header in markers(message) {
        patch.replace(header.span, |_| {});
    }
}
