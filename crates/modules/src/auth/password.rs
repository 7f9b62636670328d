//! `pv_www_authenticate()` and its kin: a check against a password that the script knows.

use super::challenge::{Ask, Kind};
use super::functions::{credentials_of, is_realm};
use super::{Digest, codes};
use bytes::Bytes;
use policy::{AvpName, Claim, Context, DigestAuth, Outcome, Secret};
use sip::{Message, NameAddr};
use std::sync::Arc;

/// The AVP that gets the challenge.
const CHALLENGE_AVP: &[u8] = b"digest_challenge";
/// Of the flags: the password is HA1.
const PASSWORD_IS_HA1: i64 = 1;

/// A check on its way.
pub(super) struct PasswordCheck {
    pub(super) digest: Arc<Digest>,
    pub(super) kind: Kind,
    pub(super) realm: Bytes,
    pub(super) passwd: Bytes,
    pub(super) flags: i64,
    /// Not 0: the user must be that of From (for a REGISTER: and To).
    pub(super) checks: i64,
}

impl PasswordCheck {
    pub(super) fn start(self, context: &mut Context, method: Option<Bytes>) -> Outcome {
        let (digest, realm) = (self.digest.clone(), self.realm.clone());
        let header = credentials_of(self.kind);
        let then = Box::new(move |context: &mut Context, claim| match claim {
            Ok(claim) => self.verify(context, &claim),
            Err(code) => self.end(context, code),
        });
        digest.claim(context, header, &realm, method, then)
    }

    fn verify(self, context: &mut Context, claim: &Claim) -> Outcome {
        let fits = self.checks == 0 || self.is_own_identity(&context.message, claim);
        let (digest, passwd) = (self.digest.clone(), self.passwd.clone());
        let secret = match self.flags & PASSWORD_IS_HA1 {
            0 => Secret::Password(&passwd),
            _ => Secret::Ha1(&passwd),
        };
        let then = Box::new(move |context: &mut Context, code| match code {
            codes::OK if !fits => Outcome::Code(codes::USER_MISMATCH),
            code => self.end(context, code),
        });
        digest.verify(context, claim, secret, then)
    }

    fn end(self, context: &mut Context, code: i32) -> Outcome {
        if code < 0 {
            self.keep_challenge(context);
        }
        Outcome::Code(code)
    }

    fn keep_challenge(&self, context: &mut Context) {
        let ask = Ask::from_authenticate_flags(self.flags);
        let Some(ask) = ask.filter(|_| is_realm(&self.realm)) else {
            return;
        };
        let text = self
            .digest
            .challenge_text(context, self.kind, &self.realm, ask);
        let avps = context
            .home
            .as_mut()
            .map_or(&mut context.vars.avps, |home| &mut home.vars.avps);
        avps.add(AvpName::Text(Bytes::from_static(CHALLENGE_AVP)), text);
    }

    /// True where the credentials' user is who From (for a REGISTER: and To) says.
    fn is_own_identity(&self, message: &Message, claim: &Claim) -> bool {
        let realm = self.digest.bare_realm(&self.realm);
        let user = claim.credentials.view().user();
        let fits = |address: Result<NameAddr<'_>, _>| {
            let uri = address.ok().and_then(|address| address.parse_uri().ok());
            uri.is_some_and(|uri| {
                let same_domain = uri.host.eq_ignore_ascii_case(realm);
                uri.user.unwrap_or_default() == user
                    && (same_domain || !self.digest.params.use_domain)
            })
        };
        fits(message.from()) && (self.kind == Kind::Proxy || fits(message.to()))
    }
}
