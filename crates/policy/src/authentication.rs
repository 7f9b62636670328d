//! Digest authentication as a service: module `auth` checks, others know the passwords.

use crate::{Context, Outcome};
use bytes::Bytes;
use sip::digest::{Hash, KeptCredentials};
use sip::{HeaderId, Span};
use std::sync::Arc;

/// Checks digest credentials (RFC 3261 section 22, RFC 7616). The passwords come from elsewhere:
/// a database, a variable of the script.
pub trait DigestAuth: Send + Sync {
    /// Finds the credentials for `realm` in the headers `header` and checks everything about them
    /// that needs no password, then what `then` answers. `method` is what the response covers, where
    /// it is not the method of the request.
    ///
    /// Where uses of nonces are counted, a retransmission of a request that was verified ends here: its
    /// transaction answers it.
    fn claim(
        self: Arc<Self>,
        context: &mut Context,
        header: HeaderId,
        realm: &[u8],
        method: Option<Bytes>,
        then: WithClaim,
    ) -> Outcome;

    /// Checks the response of a claim, and notes that its nonce was used, then what `then` answers to 1
    /// verified, -2 wrong password, -3 no such user, -4 and -6 as with [`WithClaim`]. An absent user
    /// costs the same work as a wrong password.
    ///
    /// Where uses of nonces are counted, the request has the place of its transaction before its use is
    /// noted, and replies of ours go through that.
    fn verify(
        self: Arc<Self>,
        context: &mut Context,
        claim: &Claim,
        secret: Secret<'_>,
        then: WithCode,
    ) -> Outcome;
}

/// Gets the credentials, or the return code for the script: 1 where the request needs none (ACK, CANCEL),
/// -1 malformed or forged, -4 stale, -5 none for the realm, -6 a one-time nonce was used before.
pub type WithClaim = Box<dyn FnOnce(&mut Context, Result<Claim, i32>) -> Outcome + Send>;

/// Gets a return code.
pub type WithCode = Box<dyn FnOnce(&mut Context, i32) -> Outcome + Send>;

/// Credentials that still need a password.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which header they stand in.
    pub header: HeaderId,
    /// Its line in the request.
    pub line: Span,
    /// What it says.
    pub credentials: KeptCredentials,
    /// The hash that a stored HA1 must be of.
    pub hash: Hash,
    /// The method that the response covers, where it is not that of the request.
    pub method: Option<Bytes>,
}

impl Claim {
    /// The user part of the username.
    pub fn user(&self) -> Bytes {
        self.credentials.share(|credentials| credentials.user())
    }

    /// The domain part of the username, without one the realm.
    pub fn domain(&self) -> Bytes {
        self.credentials.share(|credentials| {
            let domain = credentials.domain();
            if domain.is_empty() {
                credentials.realm
            } else {
                domain
            }
        })
    }

    /// True where the username has a domain part.
    pub fn has_domain(&self) -> bool {
        !self.credentials.view().domain().is_empty()
    }

    /// The realm.
    pub fn realm(&self) -> Bytes {
        self.credentials.share(|credentials| credentials.realm)
    }
}

/// What is known of whoever sent the request in hand: an extension of the context, set by module `auth`.
#[derive(Clone, Debug, Default)]
pub struct Authenticated {
    /// The credentials whose password was checked and right.
    pub verified: Option<Claim>,
    /// The line of the credentials that were found last, right or wrong.
    pub line: Option<Span>,
    /// They answer a challenge that was made for the source address, whatever their password: then
    /// the source received that challenge, and nobody else speaks in its name. Known where
    /// `auth_checks_*` bind nonces to the source.
    pub is_from_source: bool,
}

/// What is known about a user.
#[derive(Clone, Copy, Debug)]
pub enum Secret<'a> {
    /// The password.
    Password(&'a [u8]),
    /// HA1 in hexadecimal digits, of the hash the claim asks for.
    Ha1(&'a [u8]),
    /// There is no such user.
    Absent {
        /// Whether it would have an HA1 stored, not a password: the work done is the same.
        stored_ha1: bool,
    },
}
