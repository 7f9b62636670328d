//! Checks of credentials: everything but where the password comes from.

use super::nonce::{Nonce, Refused, checks};
use super::proof::{Digits, expected, session_key, stored_ha1};
use super::used::{Known, Use};
use super::{Digest, codes, is_in_dialog};
use bytes::Bytes;
use policy::{
    Answer, Authenticated, Claim, Context, DigestAuth, Effect, Level, Outcome, Proto, Secret,
    TransactionAction, WithClaim, WithCode,
};
use sip::digest::{Algorithm, Credentials, Hash, KeptCredentials, Qop, same};
use sip::{HeaderId, Method, Span};
use std::net::SocketAddr;
use std::sync::Arc;

/// The largest nonce count that is accepted, as in Kamailio.
const MOST_COUNT: u32 = 255;

impl DigestAuth for Digest {
    fn claim(
        self: Arc<Self>,
        context: &mut Context,
        header: HeaderId,
        realm: &[u8],
        method: Option<Bytes>,
        then: WithClaim,
    ) -> Outcome {
        let claim = self.find_claim(context, header, realm, method);
        // What was used before may have been used by this very request, when it came first.
        let may_be_again = matches!(claim, Err(codes::STALE | codes::NONCE_REUSED));
        let is_ack = context.message.method() == Method::Ack;
        if self.state.is_none() || !(may_be_again || is_ack) {
            return then(context, claim);
        }
        let check = Effect::Transaction(TransactionAction::Check);
        Outcome::ask_then(check, move |context, answer| match answer {
            Answer::Code(0) => Outcome::Exit,
            _ => then(context, claim),
        })
    }

    fn verify(
        self: Arc<Self>,
        context: &mut Context,
        claim: &Claim,
        secret: Secret<'_>,
        then: WithCode,
    ) -> Outcome {
        let (code, key) = self.judge_response(context, claim, secret);
        if code != codes::OK {
            return then(context, code);
        }
        let claim = claim.clone();
        if self.state.is_none() {
            let code = self.note_use(context, claim, &key);
            return then(context, code);
        }
        let hold = Effect::Transaction(TransactionAction::Hold);
        Outcome::ask_then(hold, move |context, answer| {
            if matches!(answer, Answer::Code(0)) {
                return Outcome::Exit;
            }
            let code = self.note_use(context, claim, &key);
            then(context, code)
        })
    }
}

impl Digest {
    fn find_claim(
        &self,
        context: &mut Context,
        header: HeaderId,
        realm: &[u8],
        method: Option<Bytes>,
    ) -> Result<Claim, i32> {
        if needs_none(context) {
            return Err(codes::OK);
        }
        let realm = self.bare_realm(realm);
        let (line, kept) = match find(&context.message, header, realm) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(codes::NO_CREDENTIALS),
            Err(_) => {
                context.log(Level::Err, "auth", || {
                    "Error while looking for credentials".to_owned()
                });
                return Err(codes::ERROR);
            }
        };
        let credentials = kept.view();
        let hash = self.acceptable(context, &credentials)?;
        self.judge_nonce(context, &credentials)?;
        let is_from_source = self.is_from_source(context, &credentials);
        let known = context.extension_mut::<Authenticated>();
        known.is_from_source = is_from_source;
        known.line = Some(line);
        Ok(Claim {
            header,
            line,
            credentials: kept,
            hash,
            method,
        })
    }

    /// Whether the password is right, and the key that the response was made with.
    fn judge_response(
        &self,
        context: &Context,
        claim: &Claim,
        secret: Secret<'_>,
    ) -> (i32, Digits) {
        let credentials = claim.credentials.view();
        let (plain, is_there) = stored_ha1(claim, secret);
        let key = session_key(claim.hash, &plain, &credentials);
        let expected = expected(context, claim, &credentials, &key);
        let matches = same(expected.as_bytes(), credentials.response);
        // A stored HA1 that is empty or cut short verifies nobody.
        let is_whole = plain.len() == claim.hash.hex_len();
        let code = match is_there {
            false => codes::NO_USER,
            true if matches && is_whole => codes::OK,
            true => codes::WRONG_PASSWORD,
        };
        (code, key)
    }

    /// The hash of the credentials, where they can be checked at all.
    fn acceptable(
        &self,
        context: &mut Context,
        credentials: &Credentials<'_>,
    ) -> Result<Hash, i32> {
        let whole = match credentials.qop {
            Some(Qop::Other(_)) if self.params.require_qop => false,
            Some(_) => credentials.nc.is_some() && credentials.cnonce.is_some(),
            None => !self.params.require_qop,
        };
        if !whole || credentials.response.is_empty() {
            context.log(Level::Err, "auth", || {
                "Credentials are not filled properly".to_owned()
            });
            return Err(codes::ERROR);
        }
        let hash = match credentials.algorithm {
            // Without a name it is what a challenge without a name, or our only one, asked for.
            _ if !credentials.has_algorithm => self.default_hash(),
            Algorithm::Known { hash, .. } => Some(hash),
            Algorithm::Other(_) => None,
        };
        let offered = |hash: &Hash| {
            self.params
                .algorithms
                .iter()
                .any(|offer| offer.hash == *hash)
        };
        let hash = hash.filter(offered).ok_or(codes::ERROR)?;
        match credentials.response.len() == hash.hex_len() {
            true => Ok(hash),
            false => Err(codes::ERROR),
        }
    }

    /// RFC 7616 says MD5; with one algorithm only, clients that leave the name out mean that.
    fn default_hash(&self) -> Option<Hash> {
        match self.params.algorithms.as_slice() {
            [only] => Some(only.hash),
            _ => Some(Hash::Md5),
        }
    }

    /// Everything about the nonce that needs no password.
    fn judge_nonce(&self, context: &mut Context, credentials: &Credentials<'_>) -> Result<(), i32> {
        let new = self.use_of(context, credentials)?;
        let (Some(state), Some(new)) = (&self.state, new) else {
            return Ok(());
        };
        match new {
            Tracked::Counted(new) => counted(state.counts.look(new)),
            Tracked::OneTime(new) => one_time(state.one_time.look(new)),
        }
    }

    /// Opens the nonce; answers which table it belongs to, if any.
    fn use_of(
        &self,
        context: &mut Context,
        credentials: &Credentials<'_>,
    ) -> Result<Option<Tracked>, i32> {
        let count = match credentials.nc {
            Some(_) if self.params.nonce_count && credentials.qop.is_some() => {
                Some(credentials.nonce_count().ok_or(codes::ERROR)?)
            }
            _ => None,
        };
        // A count protects by itself: then the nonce may go with another message.
        let is_bound = count.is_none() || self.params.checks_with_count;
        let parts = is_bound.then(|| self.bound_parts(context)).flatten();
        let opened = self
            .nonces
            .open(credentials.nonce, credentials.realm, parts.as_deref());
        let nonce = opened.map_err(|refused| match refused {
            Refused::Forged => codes::ERROR,
            Refused::Elsewhere => codes::STALE,
        })?;
        let (expire_s, drift_s) = (self.params.nonce_expire_s, self.params.drift_s);
        if nonce.is_stale(context.now.unix_s(), expire_s, drift_s) {
            return Err(codes::STALE);
        }
        match count {
            Some(count) if !(1..=MOST_COUNT).contains(&count) => Err(codes::STALE),
            Some(count) => Ok(Some(Tracked::Counted(self.a_use(context, nonce, count)))),
            None if self.params.one_time_nonce => {
                Ok(Some(Tracked::OneTime(self.a_use(context, nonce, 1))))
            }
            None => Ok(None),
        }
    }

    /// True where the nonce was made for the source of this request (bit 8 of `auth_checks_*`).
    fn is_from_source(&self, context: &Context, credentials: &Credentials<'_>) -> bool {
        if self.checks_for(&context.message) & checks::SOURCE == 0 {
            return false;
        }
        let parts = self.bound_parts(context);
        let (nonce, realm) = (credentials.nonce, credentials.realm);
        self.nonces.open(nonce, realm, parts.as_deref()).is_ok()
    }

    /// Whoever answers a challenge rightly is no stranger to module `ban` while that challenge lives.
    fn note_known(&self, context: &Context) {
        let is_proved = context.flow.proto != Proto::Udp
            || context
                .extension::<Authenticated>()
                .is_some_and(|known| known.is_from_source);
        if let (true, Some(bans)) = (is_proved, self.bans.get()) {
            let now_ms = context.now.unix_ms;
            let until_ms = now_ms.saturating_add(u64::from(self.params.nonce_expire_s) * 1000);
            // Whether he gets in is for the script to say: his port proves nothing yet.
            let source = SocketAddr::new(context.flow.peer.ip(), 0);
            bans.note_known(source, None, until_ms, now_ms);
        }
    }

    fn a_use(&self, context: &Context, nonce: Nonce, count: u32) -> Use {
        // A transaction absorbs retransmissions for a while (tm `wt_timer`), a phone repeats its request
        // for longer. Doing it again changes nothing for a REGISTER (RFC 3261 section 10.3), and
        // only for that.
        let again = context.message.method() == Method::Register;
        let state = self.state.as_ref().filter(|_| again);
        let request = state.map_or(0, |state| {
            let bytes: &[u8] = context.message.bytes();
            state.hasher.hash_one((bytes, context.flow.peer))
        });
        Use {
            id: nonce.id,
            count,
            now_s: context.now.unix_s() as u32,
            request,
        }
    }

    /// The password was right: note the use, where uses are counted and nobody was faster.
    fn note_use(&self, context: &mut Context, claim: Claim, key: &[u8]) -> i32 {
        if self.state.is_some() || self.params.add_authinfo {
            let credentials = claim.credentials.view();
            if let Err(code) = self.count_use(context, &credentials) {
                return code;
            }
            if self.params.add_authinfo {
                let line = self.authentication_info(context, &claim, &credentials, key);
                context.append_to_reply(line);
            }
        }
        context.extension_mut::<Authenticated>().verified = Some(claim);
        self.note_known(context);
        codes::OK
    }

    fn count_use(&self, context: &mut Context, credentials: &Credentials<'_>) -> Result<(), i32> {
        let Some(state) = &self.state else {
            return Ok(());
        };
        match self.use_of(context, credentials)? {
            Some(Tracked::Counted(new)) => counted(state.counts.note(new)),
            Some(Tracked::OneTime(new)) => one_time(state.one_time.note(new)),
            None => Ok(()),
        }
    }
}

/// Which table a use is noted in.
enum Tracked {
    Counted(Use),
    OneTime(Use),
}

fn counted(known: Known) -> Result<(), i32> {
    match known {
        Known::Fresh => Ok(()),
        Known::Reused | Known::Forgotten => Err(codes::STALE),
    }
}

fn one_time(known: Known) -> Result<(), i32> {
    match known {
        Known::Fresh => Ok(()),
        Known::Reused => Err(codes::NONCE_REUSED),
        Known::Forgotten => Err(codes::STALE),
    }
}

/// ACK and CANCEL cannot be challenged (RFC 3261 section 22.1); a PRACK belongs to an INVITE that
/// was, where it has a To tag.
fn needs_none(context: &Context) -> bool {
    match context.message.method() {
        Method::Ack | Method::Cancel => true,
        Method::Prack => is_in_dialog(&context.message),
        _ => false,
    }
}

/// The first credentials for the realm, with their line. What cannot be read before them is an
/// error: two readers could disagree about it.
fn find(
    message: &sip::Message,
    header: HeaderId,
    realm: &[u8],
) -> Result<Option<(Span, KeptCredentials)>, sip::HeaderError> {
    for line in message.all(header) {
        match KeptCredentials::parse(message.slice_of(line.value))? {
            Some(credentials) if credentials.view().realm == realm => {
                return Ok(Some((line.span, credentials)));
            }
            _ => {}
        }
    }
    Ok(None)
}
