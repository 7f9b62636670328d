//! What a client answers: Authorization and Proxy-Authorization.

use super::fields::{after_scheme, each, once, place};
use super::{Algorithm, Qop};
use crate::span::Piece;
use crate::{HeaderError, lex};
use bytes::Bytes;

/// Digest credentials. Values are without their quotes, escapes stay; they are a peer's text and
/// reach neither logs nor databases unescaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// Who.
    pub username: &'a [u8],
    /// Where.
    pub realm: &'a [u8],
    /// The server's nonce.
    pub nonce: &'a [u8],
    /// The URI the response was computed with.
    pub uri: &'a [u8],
    /// The response in hexadecimal.
    pub response: &'a [u8],
    /// The algorithm; MD5 without one.
    pub algorithm: Algorithm<'a>,
    /// Whether an algorithm was named.
    pub has_algorithm: bool,
    /// The client's nonce.
    pub cnonce: Option<&'a [u8]>,
    /// The quality of protection.
    pub qop: Option<Qop<'a>>,
    /// The nonce count as received, eight hexadecimal digits; see [`Credentials::nonce_count`].
    pub nc: Option<&'a [u8]>,
    /// The server's opaque text, given back.
    pub opaque: Option<&'a [u8]>,
}

impl<'a> Credentials<'a> {
    /// Reads a header value; `Ok(None)` when its scheme is not Digest.
    ///
    /// # Errors
    /// `Malformed` without username, realm, nonce, uri or response, or by broken grammar;
    /// `Duplicate` when a known parameter stands twice.
    pub fn parse(value: &'a [u8]) -> Result<Option<Self>, HeaderError> {
        Ok(slots(value)?.map(Self::of))
    }

    /// What [`slots`] found; the first five are there.
    fn of(slots: Slots<'a>) -> Self {
        let [
            username,
            realm,
            nonce,
            uri,
            response,
            algorithm,
            cnonce,
            qop,
            nc,
            opaque,
        ] = slots;
        Self {
            username: username.unwrap_or_default(),
            realm: realm.unwrap_or_default(),
            nonce: nonce.unwrap_or_default(),
            uri: uri.unwrap_or_default(),
            response: response.unwrap_or_default(),
            algorithm: algorithm.map_or(Algorithm::MD5, Algorithm::parse),
            has_algorithm: algorithm.is_some(),
            cnonce,
            qop: qop.map(Qop::parse),
            nc,
            opaque,
        }
    }

    /// The nonce count; `None` without one or when it is not 1 to 8 hexadecimal digits.
    pub fn nonce_count(&self) -> Option<u32> {
        let nc = self
            .nc
            .filter(|nc| nc.len() <= 8 && nc.iter().all(u8::is_ascii_hexdigit))?;
        u32::from_str_radix(std::str::from_utf8(nc).ok()?, 16).ok()
    }

    /// The user part of `user@domain`, or all of it.
    pub fn user(&self) -> &'a [u8] {
        self.split_user().0
    }

    /// The domain part of `user@domain`; empty without one.
    pub fn domain(&self) -> &'a [u8] {
        self.split_user().1
    }

    fn split_user(&self) -> (&'a [u8], &'a [u8]) {
        let name = lex::trim(self.username);
        match memchr::memchr(b'@', name) {
            Some(at) => (&name[..at], &name[at + 1..]),
            None => (name, b""),
        }
    }
}

/// Credentials with the octets they stand in: read once, looked at as often as wanted.
#[derive(Clone, Debug)]
pub struct KeptCredentials {
    value: Bytes,
    places: [Option<Piece>; NAMES.len()],
}

impl KeptCredentials {
    /// Reads a header value as [`Credentials::parse`] does.
    ///
    /// # Errors
    /// The same.
    pub fn parse(value: Bytes) -> Result<Option<Self>, HeaderError> {
        let Some(slots) = slots(&value)? else {
            return Ok(None);
        };
        let places = slots.map(|slot| slot.map(|slot| Piece::find(&value, slot)));
        Ok(Some(Self { value, places }))
    }

    /// The credentials.
    pub fn view(&self) -> Credentials<'_> {
        let octets = |place: Option<Piece>| place.map(|place| place.of(&self.value));
        Credentials::of(self.places.map(octets))
    }

    /// A part of them that outlives them, without a copy.
    pub fn share<'a>(&'a self, part: impl FnOnce(Credentials<'a>) -> &'a [u8]) -> Bytes {
        match part(self.view()) {
            b"" => Bytes::new(),
            part => self.value.slice_ref(part),
        }
    }
}

/// A value for each of [`NAMES`], where it is there.
type Slots<'a> = [Option<&'a [u8]>; NAMES.len()];

/// The parameters by name; `None` for another scheme. Without one of [`REQUIRED`] they are malformed.
fn slots(value: &[u8]) -> Result<Option<Slots<'_>>, HeaderError> {
    let Some(list) = after_scheme(value)? else {
        return Ok(None);
    };
    let mut slots = [None; NAMES.len()];
    each(list, |name, value| {
        match place(&NAMES, name).and_then(|at| slots.get_mut(at)) {
            Some(slot) => once(slot, value),
            None => Ok(()),
        }
    })?;
    match slots.iter().take(REQUIRED).all(Option::is_some) {
        true => Ok(Some(slots)),
        false => Err(HeaderError::Malformed),
    }
}

/// So many of [`NAMES`], the first ones, have to be there.
const REQUIRED: usize = 5;

const NAMES: [&[u8]; 10] = [
    b"username",
    b"realm",
    b"nonce",
    b"uri",
    b"response",
    b"algorithm",
    b"cnonce",
    b"qop",
    b"nc",
    b"opaque",
];
