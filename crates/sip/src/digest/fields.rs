//! The comma-separated `name=value` list of credentials and challenges.

use crate::{HeaderError, lex};

/// How many parameters a list may hold. A full one costs as many comparisons with each known
/// name; one more makes the header malformed.
pub const MAX_FIELDS: usize = 32;

/// Splits `Digest name=value, …`; `None` for another scheme.
pub(super) fn after_scheme(value: &[u8]) -> Result<Option<&[u8]>, HeaderError> {
    let value = lex::trim(value);
    let end = value
        .iter()
        .position(|&byte| lex::is_lws(byte))
        .unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    if !lex::all_token(scheme) {
        return Err(HeaderError::Malformed);
    }
    Ok(scheme.eq_ignore_ascii_case(b"Digest").then_some(rest))
}

/// Hands each parameter to `take`, its value without quotes (escapes stay). A parameter without
/// `=`, a blank inside a bare value, an open quote, or more than [`MAX_FIELDS`] is malformed.
pub(super) fn each<'a>(
    list: &'a [u8],
    mut take: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), HeaderError>,
) -> Result<(), HeaderError> {
    let mut rest = lex::trim(list);
    for _ in 0..MAX_FIELDS {
        while let [b',', tail @ ..] = rest {
            rest = lex::trim(tail);
        }
        if rest.is_empty() {
            return Ok(());
        }
        let (name, value, tail) = field(rest).ok_or(HeaderError::Malformed)?;
        take(name, value)?;
        rest = lex::trim(tail);
    }
    match rest.is_empty() {
        true => Ok(()),
        false => Err(HeaderError::Malformed),
    }
}

/// Puts a value in its slot; a second one is an error, since two readers could disagree.
pub(super) fn once<'a>(slot: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), HeaderError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(HeaderError::Duplicate),
    }
}

fn field(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let equals = memchr::memchr(b'=', text)?;
    let name = lex::trim(&text[..equals]);
    let rest = lex::trim(&text[equals + 1..]);
    let (value, tail) = if rest.first() == Some(&b'"') {
        let len = lex::quoted_len(rest)?;
        (&rest[1..len - 1], &rest[len..])
    } else {
        let len = memchr::memchr(b',', rest).unwrap_or(rest.len());
        (lex::trim(&rest[..len]), &rest[len..])
    };
    let separated = matches!(lex::trim(tail), [] | [b',', ..]);
    let clean = !value.contains(&0)
        && (rest.first() == Some(&b'"') || !value.iter().any(|&b| lex::is_lws(b)));
    (lex::all_token(name) && separated && clean).then_some((name, value, tail))
}
