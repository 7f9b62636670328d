//! Checks of credentials: everything but where the password comes from.

use super::nonce::{Nonce, Refused};
use super::proof::{expected, session_key, stored_ha1};
use super::used::{Known, Use};
use super::{Digest, codes, is_in_dialog};
use bytes::Bytes;
use policy::{Claim, Context, DigestAuth, Level, Secret, Verified};
use sip::digest::{Algorithm, Credentials, Hash, same};
use sip::{HeaderId, Method, Span};

/// The largest nonce count that is accepted, as in Kamailio.
const MOST_COUNT: u32 = 255;

/// The credentials in hand, which `consume_credentials()` takes out.
#[derive(Default)]
pub(super) struct Found(pub(super) Option<Span>);

impl DigestAuth for Digest {
    fn claim(
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
        let message = context.message.clone();
        let (line, value, credentials) = match find(&message, header, realm) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(codes::NO_CREDENTIALS),
            Err(_) => {
                context.log(Level::Err, "auth", || {
                    "Error while looking for credentials".to_owned()
                });
                return Err(codes::ERROR);
            }
        };
        let hash = self.acceptable(context, &credentials)?;
        self.judge_nonce(context, &credentials)?;
        context.extension_mut::<Found>().0 = Some(line);
        Ok(Claim {
            header,
            line,
            credentials: message.slice_of(value),
            username: message.slice_of(credentials.username),
            user: message.slice_of(credentials.user()),
            domain: message.slice_of(credentials.domain()),
            realm: message.slice_of(credentials.realm),
            hash,
            method,
        })
    }

    fn verify(&self, context: &mut Context, claim: &Claim, secret: Secret<'_>) -> i32 {
        let Ok(Some(credentials)) = Credentials::parse(&claim.credentials) else {
            return codes::ERROR;
        };
        let (plain, is_there) = stored_ha1(claim, secret);
        let key = session_key(claim.hash, &plain, &credentials);
        let expected = expected(context, claim, &credentials, &key);
        let matches = same(expected.as_bytes(), credentials.response);
        if !is_there {
            return codes::NO_USER;
        }
        // A stored HA1 that is empty or cut short verifies nobody.
        if !matches || plain.len() != claim.hash.hex_len() {
            return codes::WRONG_PASSWORD;
        }
        let code = self.note_use(context, claim, &credentials, &key);
        if code == codes::OK {
            context.extension_mut::<Verified>().0 = Some(claim.clone());
        }
        code
    }
}

impl Digest {
    /// The hash of the credentials, where they can be checked at all.
    fn acceptable(
        &self,
        context: &mut Context,
        credentials: &Credentials<'_>,
    ) -> Result<Hash, i32> {
        let protected = credentials.qop.is_some();
        let whole = !protected || (credentials.nc.is_some() && credentials.cnonce.is_some());
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
        let parts = match count {
            Some(_) => None,
            None => self.bound_parts(context),
        };
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

    fn a_use(&self, context: &Context, nonce: Nonce, count: u32) -> Use {
        let request = self.state.as_ref().map_or(0, |state| {
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

    /// The password was right: note the use, where nobody was faster.
    fn note_use(
        &self,
        context: &mut Context,
        claim: &Claim,
        credentials: &Credentials<'_>,
        key: &[u8],
    ) -> i32 {
        let noted = self
            .use_of(context, credentials)
            .and_then(|new| match (&self.state, new) {
                (Some(state), Some(Tracked::Counted(new))) => counted(state.counts.note(new)),
                (Some(state), Some(Tracked::OneTime(new))) => one_time(state.one_time.note(new)),
                _ => Ok(()),
            });
        if let Err(code) = noted {
            return code;
        }
        if self.params.add_authinfo {
            let line = self.authentication_info(context, claim, credentials, key);
            context.append_to_reply(&line);
        }
        codes::OK
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
fn find<'a>(
    message: &'a sip::Message,
    header: HeaderId,
    realm: &[u8],
) -> Result<Option<FoundCredentials<'a>>, sip::HeaderError> {
    for line in message.all(header) {
        match Credentials::parse(line.value)? {
            Some(credentials) if credentials.realm == realm => {
                return Ok(Some((line.span, line.value, credentials)));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// A header line, its value, and what it says.
type FoundCredentials<'a> = (Span, &'a [u8], Credentials<'a>);
