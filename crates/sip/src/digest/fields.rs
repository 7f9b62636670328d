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
            rest = lex::trim_start(tail);
        }
        if rest.is_empty() {
            return Ok(());
        }
        let (name, value, tail) = field(rest).ok_or(HeaderError::Malformed)?;
        take(name, value)?;
        rest = tail;
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

/// Which of the names this is, letters in any case.
pub(super) fn place(names: &[&[u8]], name: &[u8]) -> Option<usize> {
    // Lengths differ more often than letters do, and are compared at once.
    let is_it = |known: &&[u8]| known.len() == name.len() && known.eq_ignore_ascii_case(name);
    names.iter().position(is_it)
}

/// The first parameter: name, value, and what stands behind it, a comma or nothing.
fn field(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name, rest) = text.split_at_checked(lex::run(text, lex::class::TOKEN))?;
    let rest = lex::trim_start(lex::trim_start(rest).strip_prefix(b"=")?);
    let (value, tail) = match rest.first() {
        Some(b'"') => {
            let len = lex::quoted_len(rest)?;
            (rest.get(1..len - 1)?, rest.get(len..)?)
        }
        _ => {
            let (value, tail) = rest.split_at(memchr::memchr(b',', rest).unwrap_or(rest.len()));
            (lex::trim(value), tail)
        }
    };
    let tail = lex::trim_start(tail);
    let is_quoted = rest.first() == Some(&b'"');
    let is_clean = !value.contains(&0) && (is_quoted || !lex::has_lws(value));
    let is_separated = matches!(tail, [] | [b',', ..]);
    (!name.is_empty() && is_clean && is_separated).then_some((name, value, tail))
}
