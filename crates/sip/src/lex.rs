//! The few lexical rules that every header shares, RFC 3261 section 25.1.

use crate::Injection;
use std::io::Write;
use std::net::IpAddr;

/// Linear white space, folds included: the octets that may pad a value.
pub(crate) const fn is_lws(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// `token`: alphanumeric or one of ``-.!%*_+`'~``.
pub(crate) const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Whether all of `text` is one non-empty token.
pub(crate) fn all_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token(byte))
}

/// Whether `is` holds for any octet. Chunks are folded whole, which the compiler makes vector code of, and the last
/// one overlaps the one before it; values are long enough that this costs a fraction of a search octet by octet.
#[inline]
pub(crate) fn any(text: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let folded = |chunk: &[u8; 16]| chunk.iter().fold(false, |any, &byte| any | is(byte));
    match text.last_chunk::<16>() {
        Some(last) => text.as_chunks::<16>().0.iter().any(folded) || folded(last),
        None => text.iter().any(|&byte| is(byte)),
    }
}

/// Whether there is white space in it.
#[inline]
pub(crate) fn has_lws(text: &[u8]) -> bool {
    any(text, |byte| byte <= b' ') && text.iter().any(|&byte| is_lws(byte))
}

/// `text` without white space and folds around it.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let [first, rest @ ..] = text
        && is_lws(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_lws(*last)
    {
        text = rest;
    }
    text
}

/// The length of the quoted string that `text` starts with, both quotes included; `None` when it
/// is never closed. A backslash takes the next octet with it.
pub(crate) fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// A decimal number of digits only, without sign or blanks; `None` when empty or above `u32`.
pub(crate) fn decimal(text: &[u8]) -> Option<u32> {
    // Leading zeros add nothing; eighteen digits fit.
    let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
    let digits = text.get(zeros..).filter(|digits| digits.len() <= 18)?;
    let mut sum = 0_u64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum * 10 + u64::from(digit);
    }
    u32::try_from(sum).ok().filter(|_| !text.is_empty())
}

/// Appends a number in decimal digits.
pub(crate) fn push_decimal(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends an address as text, IPv6 without brackets.
pub(crate) fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (index, octet) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                push_decimal(out, octet);
            }
        }
        IpAddr::V6(address) => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{address}");
        }
    }
}

/// `text` itself when it stays inside one line.
///
/// # Errors
/// It holds a CR, a LF or a NUL.
pub(crate) fn one_line<T: AsRef<[u8]>>(text: T) -> Result<T, Injection> {
    match memchr::memchr3(b'\r', b'\n', 0, text.as_ref()) {
        Some(_) => Err(Injection),
        None => Ok(text),
    }
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        byte += 1;
    }
    table
};
