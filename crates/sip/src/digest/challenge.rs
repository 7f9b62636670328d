//! What a server asks: WWW-Authenticate and Proxy-Authenticate.

use super::fields::{after_scheme, each, once, place};
use super::{Algorithm, Qop};
use crate::{HeaderError, split_values};

/// A Digest challenge. Values are without their quotes, escapes stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// Where credentials are wanted for.
    pub realm: &'a [u8],
    /// The nonce to use.
    pub nonce: &'a [u8],
    /// Text to give back.
    pub opaque: Option<&'a [u8]>,
    /// The algorithm; MD5 without one.
    pub algorithm: Algorithm<'a>,
    /// The qualities of protection on offer, as received; see [`Challenge::qops`].
    pub qop: Option<&'a [u8]>,
    /// Whether only the nonce was too old.
    pub stale: bool,
}

impl<'a> Challenge<'a> {
    /// Reads a header value; `Ok(None)` when its scheme is not Digest.
    ///
    /// # Errors
    /// `Malformed` without realm or nonce, or by broken grammar; `Duplicate` when a known
    /// parameter stands twice.
    pub fn parse(value: &'a [u8]) -> Result<Option<Self>, HeaderError> {
        let Some(list) = after_scheme(value)? else {
            return Ok(None);
        };
        let mut slots = [None; NAMES.len()];
        each(list, |name, value| match place(&NAMES, name) {
            Some(at) => once(&mut slots[at], value),
            None => Ok(()),
        })?;
        let [realm, nonce, opaque, algorithm, qop, stale] = slots;
        Ok(Some(Self {
            realm: realm.ok_or(HeaderError::Malformed)?,
            nonce: nonce.ok_or(HeaderError::Malformed)?,
            opaque,
            algorithm: algorithm.map_or(Algorithm::MD5, Algorithm::parse),
            qop,
            stale: stale.is_some_and(|stale: &[u8]| stale.eq_ignore_ascii_case(b"true")),
        }))
    }

    /// The qualities of protection on offer.
    pub fn qops(&self) -> impl Iterator<Item = Qop<'a>> {
        split_values(self.qop.unwrap_or_default()).map(Qop::parse)
    }
}

const NAMES: [&[u8]; 6] = [
    b"realm",
    b"nonce",
    b"opaque",
    b"algorithm",
    b"qop",
    b"stale",
];
