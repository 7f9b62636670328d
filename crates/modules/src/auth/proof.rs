//! The arithmetic of a check: what the response should be, and what proves that we know it too.

use super::Digest;
use policy::{Claim, Context, Secret};
use sip::digest::{Algorithm, Credentials, Ha, Hash, Qop, ha1, ha1_session, ha2, response};
use smallvec::SmallVec;

/// Hexadecimal digits of a hash.
pub(super) type Digits = SmallVec<[u8; 64]>;

impl Digest {
    /// `Authentication-Info` (RFC 7616 section 3.5): proves that we know the password too.
    pub(super) fn authentication_info(
        &self,
        context: &mut Context,
        claim: &Claim,
        credentials: &Credentials<'_>,
        key: &[u8],
    ) -> Vec<u8> {
        let ha2 = ha2(
            claim.hash,
            b"",
            credentials.uri,
            credentials.qop,
            context.message.body(),
        );
        let protection = protection(credentials);
        let proof = response(
            claim.hash,
            key,
            credentials.nonce,
            protection,
            ha2.as_bytes(),
        );
        let next = match self.params.one_time_nonce {
            true => Some(self.new_nonce(context, credentials.realm)),
            false => None,
        };
        let next = next
            .as_ref()
            .map_or(credentials.nonce, |next| next.as_bytes());
        let mut line = b"Authentication-Info: nextnonce=\"".to_vec();
        line.extend_from_slice(next);
        line.extend_from_slice(b"\"");
        if let Some((_, _, qop)) = protection {
            line.extend_from_slice(b", qop=");
            line.extend_from_slice(qop.name());
        }
        line.extend_from_slice(b", rspauth=\"");
        line.extend_from_slice(proof.as_bytes());
        line.extend_from_slice(b"\"");
        if let Some((nc, cnonce, _)) = protection {
            line.extend_from_slice(b", cnonce=\"");
            line.extend_from_slice(cnonce);
            line.extend_from_slice(b"\", nc=");
            line.extend_from_slice(nc);
        }
        line
    }
}

/// HA1 as it is stored or follows from the password, and whether there is such a user. An absent
/// one gets an HA1 nobody has, made in the same way, so that it takes as long.
pub(super) fn stored_ha1(claim: &Claim, secret: Secret<'_>) -> (Digits, bool) {
    let of = |password: &[u8]| {
        let credentials = claim.credentials.view();
        let (username, realm) = (credentials.username, credentials.realm);
        Digits::from_slice(ha1(claim.hash, username, realm, password).as_bytes())
    };
    match secret {
        Secret::Password(password) => (of(password), true),
        Secret::Ha1(digits) => (Digits::from_slice(digits), true),
        Secret::Absent { stored_ha1: false } => (of(b""), false),
        Secret::Absent { stored_ha1: true } => {
            (Digits::from_elem(b'-', claim.hash.hex_len()), false)
        }
    }
}

/// HA1, or for a `-sess` algorithm what takes its place.
pub(super) fn session_key(hash: Hash, plain: &[u8], credentials: &Credentials<'_>) -> Digits {
    // Stored digits may be upper case; the session hash is over lower-case ones.
    let mut plain = Digits::from_slice(plain);
    plain.make_ascii_lowercase();
    match credentials.algorithm {
        Algorithm::Known { session: true, .. } => {
            let cnonce = credentials.cnonce.unwrap_or_default();
            let key = ha1_session(hash, &plain, credentials.nonce, cnonce);
            Digits::from_slice(key.as_bytes())
        }
        _ => plain,
    }
}

pub(super) fn expected(
    context: &Context,
    claim: &Claim,
    credentials: &Credentials<'_>,
    key: &[u8],
) -> Ha {
    let message = &context.message;
    let method = claim.method.as_deref().unwrap_or(message.method_bytes());
    let ha2 = ha2(
        claim.hash,
        method,
        credentials.uri,
        credentials.qop,
        message.body(),
    );
    let protection = protection(credentials);
    response(
        claim.hash,
        key,
        credentials.nonce,
        protection,
        ha2.as_bytes(),
    )
}

fn protection<'a>(credentials: &Credentials<'a>) -> Option<(&'a [u8], &'a [u8], Qop<'a>)> {
    Some((credentials.nc?, credentials.cnonce?, credentials.qop?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::digest::KeptCredentials;
    use sip::{HeaderId, Span};

    /// Behind this every check is the same arithmetic over as many octets.
    #[test]
    fn an_absent_user_has_a_key_of_the_same_length() {
        for hash in [Hash::Md5, Hash::Sha256] {
            let value = r#"Digest username="alice", realm="r.test", nonce="n", uri="sip:r.test", response="r""#;
            let credentials = KeptCredentials::parse(value.into());
            let claim = Claim {
                header: HeaderId::Authorization,
                line: Span::default(),
                credentials: credentials.unwrap().unwrap(),
                hash,
                method: None,
            };
            let digits = vec![b'0'; hash.hex_len()];
            for (present, absent) in [
                (Secret::Ha1(&digits), Secret::Absent { stored_ha1: true }),
                (Secret::Password(b"x"), Secret::Absent { stored_ha1: false }),
            ] {
                let (key, is_there) = stored_ha1(&claim, present);
                let (made_up, is_not_there) = stored_ha1(&claim, absent);
                assert!(is_there && !is_not_there);
                assert_eq!((key.len(), made_up.len()), (hash.hex_len(), hash.hex_len()));
            }
        }
    }
}
