//! Challenges: the header lines of 401 and 407.

use super::settings::Offer;
use super::{Digest, checks, nonce};
use policy::Context;
use script::Value;
use sip::digest::Hash;
use sip::{Message, Method};

/// What a challenge asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) qop: Option<&'static str>,
    pub(super) stale: bool,
}

impl Ask {
    /// The flags of `www_challenge()`: 1 auth, 2 auth-int (wins), 16 stale.
    pub(super) fn from_challenge_flags(flags: i64) -> Ask {
        let qop = match flags {
            _ if flags & 2 != 0 => Some("auth-int"),
            _ if flags & 1 != 0 => Some("auth"),
            _ => None,
        };
        let stale = flags & 16 != 0;
        Ask { qop, stale }
    }

    /// The flags of `pv_www_authenticate()`: 2 no qop, 4 auth, 8 auth-int; none of them, none. 16
    /// is documented for stale, and Kamailio 5.6.3 ignores it.
    pub(super) fn from_authenticate_flags(flags: i64) -> Option<Ask> {
        let qop = match flags {
            _ if flags & 8 != 0 => Some("auth-int"),
            _ if flags & 4 != 0 => Some("auth"),
            _ if flags & 2 != 0 => None,
            _ => return None,
        };
        Some(Ask { qop, stale: false })
    }
}

/// Which header a challenge stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Www,
    Proxy,
}

impl Kind {
    pub(super) fn header(self) -> &'static str {
        match self {
            Kind::Www => "WWW-Authenticate",
            Kind::Proxy => "Proxy-Authenticate",
        }
    }

    pub(super) fn reply(self) -> (u16, &'static str) {
        match self {
            Kind::Www => (401, "Unauthorized"),
            Kind::Proxy => (407, "Proxy Authentication Required"),
        }
    }
}

impl Digest {
    /// The header lines of a challenge, one for each algorithm, each with its end. The nonce is the
    /// same in all.
    pub(super) fn challenge(
        &self,
        context: &mut Context,
        kind: Kind,
        realm: &[u8],
        ask: Ask,
    ) -> Vec<u8> {
        let realm = self.bare_realm(realm);
        let nonce = self.new_nonce(context, realm);
        let mut lines = Vec::with_capacity(160 * self.params.algorithms.len());
        for offer in &self.params.algorithms {
            write_line(&mut lines, kind, realm, nonce.as_bytes(), ask, *offer);
        }
        lines
    }

    /// The same as text for a script, which can append it to a reply.
    pub(super) fn challenge_text(
        &self,
        context: &mut Context,
        kind: Kind,
        realm: &[u8],
        ask: Ask,
    ) -> Value {
        Value::Str(self.challenge(context, kind, realm, ask).into())
    }

    /// A fresh nonce for the message in hand.
    pub(super) fn new_nonce(&self, context: &mut Context, realm: &[u8]) -> nonce::Text {
        let id = match &self.state {
            Some(state) => state.next_id(),
            None => context.rng.u32(..),
        };
        let nonce = nonce::Nonce {
            created_s: context.now.unix_s() as u32,
            id,
        };
        let parts = self.bound_parts(context);
        self.nonces.make(nonce, realm, parts.as_deref())
    }

    /// The text of the message that nonces are bound to (`auth_checks_*`), none without checks.
    pub(super) fn bound_parts(&self, context: &Context) -> Option<Vec<u8>> {
        let message = &context.message;
        let flags = self.checks_for(message);
        if flags == 0 {
            return None;
        }
        let mut text = Vec::with_capacity(128);
        let mut part = |flag: u32, bytes: &[u8]| {
            if flags & flag != 0 {
                text.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
                text.extend_from_slice(bytes);
            }
        };
        let from_tag = message.from().ok().and_then(|from| from.tag());
        part(checks::URI, message.request_uri());
        part(checks::CALL_ID, message.call_id().unwrap_or_default());
        part(checks::FROM_TAG, from_tag.unwrap_or_default());
        part(
            checks::SOURCE,
            context.flow.peer.ip().to_string().as_bytes(),
        );
        Some(text)
    }

    pub(super) fn checks_for(&self, message: &Message) -> u32 {
        if message.method() == Method::Register {
            self.params.checks_register
        } else if super::is_in_dialog(message) {
            self.params.checks_in_dialog
        } else {
            self.params.checks_no_dialog
        }
    }
}

fn write_line(out: &mut Vec<u8>, kind: Kind, realm: &[u8], nonce: &[u8], ask: Ask, offer: Offer) {
    out.extend_from_slice(kind.header().as_bytes());
    out.extend_from_slice(b": Digest realm=\"");
    out.extend_from_slice(realm);
    out.extend_from_slice(b"\", nonce=\"");
    out.extend_from_slice(nonce);
    out.push(b'"');
    if let Some(qop) = ask.qop {
        out.extend_from_slice(b", qop=\"");
        out.extend_from_slice(qop.as_bytes());
        out.push(b'"');
    }
    if ask.stale {
        out.extend_from_slice(b", stale=true");
    }
    if offer.named {
        out.extend_from_slice(b", algorithm=");
        out.extend_from_slice(match offer.hash {
            Hash::Md5 => b"MD5",
            Hash::Sha256 => b"SHA-256",
        });
    }
    out.extend_from_slice(b"\r\n");
}
