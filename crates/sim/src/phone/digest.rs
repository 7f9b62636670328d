//! Answers to challenges.

use crate::Heard;
use crate::scenario::Digest;
use sip::digest::{Algorithm, Challenge, Hash, Qop, ha1, ha1_session, ha2, response};

/// What is answered for.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    /// How often the nonce has been used, this time included.
    pub(super) count: u32,
    pub(super) cnonce: &'a str,
}

/// The header that answers a 401 or 407: its name and its value. The first challenge that can be
/// answered is, as most phones do.
pub(super) fn answer(
    reply: &Heard,
    login: &Digest,
    asked: &Asked<'_>,
) -> Result<(&'static str, String), String> {
    let (ask, header) = match reply.status() {
        Some(407) => ("Proxy-Authenticate", "Proxy-Authorization"),
        _ => ("WWW-Authenticate", "Authorization"),
    };
    for value in reply.lines(ask) {
        let Ok(Some(challenge)) = Challenge::parse(value.as_bytes()) else {
            continue;
        };
        if let Algorithm::Known { hash, session } = challenge.algorithm {
            return Ok((
                header,
                credentials(&challenge, (hash, session), login, asked),
            ));
        }
    }
    Err(format!(
        "there is no challenge in {ask} that can be answered"
    ))
}

fn credentials(
    challenge: &Challenge<'_>,
    (hash, session): (Hash, bool),
    login: &Digest,
    asked: &Asked<'_>,
) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let cnonce = asked.cnonce.as_bytes();
    let mut a1 = ha1(
        hash,
        login.user.as_bytes(),
        challenge.realm,
        login.password.as_bytes(),
    );
    if session {
        a1 = ha1_session(hash, a1.as_bytes(), challenge.nonce, cnonce);
    }
    let a2 = ha2(
        hash,
        asked.method.as_bytes(),
        asked.uri.as_bytes(),
        None,
        b"",
    );
    let count = format!("{:08x}", asked.count);
    let auth = challenge.qops().any(|qop| qop == Qop::Auth);
    let protection = auth.then_some((count.as_bytes(), cnonce, Qop::Auth));
    let result = response(
        hash,
        a1.as_bytes(),
        challenge.nonce,
        protection,
        a2.as_bytes(),
    );
    let mut value = format!(
        "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\", algorithm={}",
        login.user,
        text(challenge.realm),
        text(challenge.nonce),
        asked.uri,
        result.as_str(),
        text(challenge.algorithm.name()),
    );
    if auth {
        value += &format!(", qop=auth, nc={count}, cnonce=\"{}\"", asked.cnonce);
    }
    if let Some(opaque) = challenge.opaque {
        value += &format!(", opaque=\"{}\"", text(opaque));
    }
    value
}
