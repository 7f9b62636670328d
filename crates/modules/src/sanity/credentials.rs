//! Digest credentials (checks 2048 and 8192).

use super::checks::{Failure, fail};
use sip::{HeaderId, Message};

/// What another scheme than Digest means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// The check fails, without a reply (2048).
    Fail,
    /// It is none of our business (8192).
    Pass,
}

/// What credentials must have to be usable (RFC 3261 section 22.4).
const REQUIRED: [&[u8]; 5] = [b"username", b"realm", b"nonce", b"uri", b"response"];

pub(super) fn check(message: &Message, others: Others) -> Result<(), Failure> {
    for id in [HeaderId::Authorization, HeaderId::ProxyAuthorization] {
        for header in message.all(id) {
            credentials(header.value, others)?;
        }
    }
    Ok(())
}

fn credentials(value: &[u8], others: Others) -> Result<(), Failure> {
    let blank = value
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(value.len());
    let (scheme, fields) = value.split_at(blank);
    match (scheme.eq_ignore_ascii_case(b"Digest"), others) {
        (true, _) => digest(fields),
        (false, Others::Pass) => Ok(()),
        (false, Others::Fail) => fail(400, "", None),
    }
}

fn digest(fields: &[u8]) -> Result<(), Failure> {
    let mut found = 0_u8;
    let mut any = false;
    for field in sip::split_values(fields) {
        let Some(equals) = field.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        any = true;
        let name = field.get(..equals).unwrap_or_default().trim_ascii();
        if let Some(index) = REQUIRED
            .iter()
            .position(|required| required.eq_ignore_ascii_case(name))
        {
            found |= 1 << index;
        }
    }
    match (any, found == (1 << REQUIRED.len()) - 1) {
        (true, true) => Ok(()),
        (true, false) => fail(400, "Bad Auth Credentials", None),
        (false, _) => fail(400, "Bad Auth Header", None),
    }
}
