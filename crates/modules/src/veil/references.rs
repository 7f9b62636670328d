//! Headers that name another dialog by its Call-ID: Replaces, Join, Target-Dialog, In-Reply-To, and a Refer-To
//! with a Replaces in it.
//!
//! The callee of a dialog knows a hidden Call-ID, its caller the clear one. What a header names must reach
//! whoever it is meant for as he knows it, and nobody else in clear:
//!
//! * The request's own dialog is named as its Call-ID header says it.
//! * Another one is named hidden, as its callee knows it.
//! * A Refer-To goes by way of a third party, to the other end of the dialog it names: where the one who refers
//!   knows the Call-ID in clear, the other end knows it hidden, and the other way round. It carries a mask of
//!   its own that says which, and is opened when the third party comes back with it.

use super::mask::Kind;
use super::{Found, Veil};
use crate::patch::{Patch, values};
use sip::{HeaderId, Message, NameAddr, Span};
use smallvec::SmallVec;

/// How somebody wrote a Call-ID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// In clear.
    #[default]
    Clear,
    /// Hidden, as the callee knows it.
    Hidden,
    /// As a third party carries it to one who knows it hidden.
    CarriedToCallee,
    /// As a third party carries it to one who knows it in clear.
    CarriedToCaller,
}

/// A mask of a header was not made here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Forged(pub(crate) &'static str);

/// What the headers of a request named, and how they were written.
#[derive(Debug, Default)]
pub(crate) struct References {
    named: SmallVec<[(Vec<u8>, Form); 1]>,
    /// The URI of Refer-To was hidden.
    hides_target: bool,
}

/// Headers with one Call-ID, or a list of them, before any `;`.
const NAMING: [HeaderId; 4] = [
    HeaderId::Replaces,
    HeaderId::Join,
    HeaderId::TargetDialog,
    HeaderId::InReplyTo,
];

impl References {
    /// Whether a header of that name is looked at.
    pub(crate) fn are_in(id: HeaderId) -> bool {
        id == HeaderId::ReferTo || NAMING.contains(&id)
    }

    /// Opens what the headers of a request name, as far as it is hidden. Call-IDs are only looked at where
    /// `with_call_ids`.
    pub(crate) fn open(
        veil: &Veil,
        request: &Message,
        with_call_ids: bool,
        patch: &mut Patch,
    ) -> Result<References, Forged> {
        let mut references = References::default();
        if with_call_ids {
            for place in places(request) {
                let written = place.of(request.bytes());
                if let Some(id) = references.read(veil, written)? {
                    patch.replace(place, |out| out.extend_from_slice(&id));
                }
            }
        }
        if let Some(place) = target(request) {
            references.open_target(veil, request, place, with_call_ids, patch)?;
        }
        Ok(references)
    }

    fn open_target(
        &mut self,
        veil: &Veil,
        request: &Message,
        place: Span,
        with_call_ids: bool,
        patch: &mut Patch,
    ) -> Result<(), Forged> {
        let written = place.of(request.bytes());
        let mut uri = Vec::new();
        match veil.find_uri(written, &mut uri) {
            Found::Clear => uri = written.to_vec(),
            Found::Forged => return Err(Forged("Refer-To")),
            Found::Hidden => self.hides_target = true,
        }
        if let Some(replaced) = replaced_in(&uri).filter(|_| with_call_ids) {
            let named = unescaped(replaced.of(&uri));
            if let Some(id) = self.read(veil, &named)? {
                uri.splice(replaced.range(), escaped(&id));
            }
        }
        if uri != written {
            patch.replace(place, |out| out.extend_from_slice(&uri));
        }
        Ok(())
    }

    /// Reads one Call-ID; the clear one where it was hidden.
    fn read(&mut self, veil: &Veil, written: &[u8]) -> Result<Option<Vec<u8>>, Forged> {
        let mut id = Vec::new();
        let form = match veil.find_call_id(Kind::CallId, written, &mut id) {
            Found::Clear => return Ok(None),
            Found::Hidden => Form::Hidden,
            Found::Forged => match veil.find_call_id(Kind::Reference, written, &mut id) {
                Found::Hidden => carried_form(&mut id),
                _ => return Err(Forged("the Call-ID of another dialog")),
            },
        };
        self.named.push((id.clone(), form));
        Ok(Some(id))
    }

    /// Hides what the headers of a request name as it leaves. The request's own dialog is named as its Call-ID
    /// header has it.
    pub(crate) fn hide(
        &self,
        veil: &Veil,
        request: &Message,
        own_in_clear: bool,
        patch: &mut Patch,
    ) {
        let places = places(request);
        if places.is_empty() {
            return;
        }
        let own = request.call_id().unwrap_or_default();
        for place in places {
            let id = place.of(request.bytes());
            let is_clear = self.form(id) == Form::CarriedToCaller || (id == own && own_in_clear);
            if !is_clear {
                patch.replace(place, |out| veil.hide_call_id(Kind::CallId, id, out));
            }
        }
    }

    /// Hides the target of a Refer-To as it leaves: its URI where that came hidden, and the Call-ID in it.
    pub(crate) fn hide_target(
        &self,
        veil: &Veil,
        request: &Message,
        with_call_ids: bool,
        patch: &mut Patch,
    ) {
        let Some(place) = target(request) else { return };
        let written = place.of(request.bytes());
        let mut uri = written.to_vec();
        if let Some(replaced) = replaced_in(&uri).filter(|_| with_call_ids) {
            let carried = self.carried(veil, &unescaped(replaced.of(&uri)));
            uri.splice(replaced.range(), escaped(&carried));
        }
        if self.hides_target {
            let main = memchr::memchr(b'?', &uri).unwrap_or(uri.len());
            let headers = uri.split_off(main);
            let mut hidden = Vec::new();
            veil.hide_uri(&uri, &mut hidden);
            hidden.extend_from_slice(&headers);
            uri = hidden;
        }
        if uri != written {
            patch.replace(place, |out| out.extend_from_slice(&uri));
        }
    }

    /// What a third party gets to carry.
    fn carried(&self, veil: &Veil, id: &[u8]) -> Vec<u8> {
        let mark = match self.form(id) {
            Form::Clear | Form::CarriedToCallee => TO_CALLEE,
            Form::Hidden | Form::CarriedToCaller => TO_CALLER,
        };
        let mut out = Vec::new();
        veil.hide_call_id(Kind::Reference, &[&[mark], id].concat(), &mut out);
        out
    }

    fn form(&self, id: &[u8]) -> Form {
        let mut named = self.named.iter();
        let found = named.find(|(named, _)| named == id);
        found.map_or(Form::Clear, |(_, form)| *form)
    }
}

/// Before a Call-ID that is carried to one who knows it hidden.
const TO_CALLEE: u8 = 1;
/// Before one that is carried to one who knows it in clear.
const TO_CALLER: u8 = 2;

/// Takes off what stands before a Call-ID that is carried.
fn carried_form(id: &mut Vec<u8>) -> Form {
    let mark = id.first().copied();
    id.drain(..id.len().min(1));
    match mark == Some(TO_CALLEE) {
        true => Form::CarriedToCallee,
        false => Form::CarriedToCaller,
    }
}

/// Where the Call-IDs of other dialogs stand.
fn places(request: &Message) -> SmallVec<[Span; 2]> {
    let there = NAMING.into_iter().filter(|id| request.has(*id));
    let values = there.flat_map(|id| values(request, id));
    let ids = values.map(|value| value.split(|&byte| byte == b';').next().unwrap_or_default());
    ids.filter_map(|id| Span::find(request.bytes(), id.trim_ascii()))
        .filter(|place| !place.is_empty())
        .collect()
}

/// Where the URI of Refer-To stands.
fn target(request: &Message) -> Option<Span> {
    let header = request.header(HeaderId::ReferTo)?;
    let address = NameAddr::parse(header.value).ok()?;
    Span::find(request.bytes(), address.uri)
}

/// Where the Call-ID stands in the Replaces that a URI carries among its headers.
fn replaced_in(uri: &[u8]) -> Option<Span> {
    let headers = memchr::memchr(b'?', uri)? + 1;
    let mut start = headers;
    for header in uri.get(headers..)?.split(|&byte| byte == b'&') {
        let (name, value) = header.split_at(memchr::memchr(b'=', header).unwrap_or(header.len()));
        if name.eq_ignore_ascii_case(b"Replaces") {
            let id = start + name.len() + 1;
            let value = value.get(1..)?;
            return Some(Span::from(id..id + end_of_id(value)));
        }
        start += header.len() + 1;
    }
    None
}

/// A `;`, escaped or not, ends the Call-ID.
fn end_of_id(value: &[u8]) -> usize {
    let escaped = value
        .windows(3)
        .position(|window| window.eq_ignore_ascii_case(b"%3B"));
    let plain = memchr::memchr(b';', value);
    escaped
        .into_iter()
        .chain(plain)
        .min()
        .unwrap_or(value.len())
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    sip::unescape(text).into_owned()
}

/// As a header value in a URI (RFC 3261 section 25.1, `hvalue`).
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_.*".contains(byte) => out.push(*byte),
            byte => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out
}
