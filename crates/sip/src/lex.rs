//! The few lexical rules that every header shares, RFC 3261 section 25.1.

use crate::Injection;
use std::io::Write;
use std::net::IpAddr;

/// Linear white space, folds included: the octets that may pad a value.
pub(crate) const fn is_lws(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether all of `text` is one non-empty token.
pub(crate) fn all_token(text: &[u8]) -> bool {
    !text.is_empty() && run(text, class::TOKEN) == text.len()
}

/// Classes of octets, a bit each.
pub(crate) mod class {
    /// As in a `token`: alphanumeric or one of ``-.!%*_+`'~``.
    pub(crate) const TOKEN: u8 = 1;
    /// As in the name of a host, between its dots.
    pub(crate) const LABEL: u8 = 1 << 1;
    /// Neither white space nor one of `;"=`: the name of a parameter.
    pub(crate) const PARAM: u8 = 1 << 2;
    /// Neither white space nor one of `;"`: the value of a parameter.
    pub(crate) const VALUE: u8 = 1 << 3;
    /// What means nothing in a URI.
    pub(crate) const URI: u8 = 1 << 4;
    /// The same, and what stands between the parameters of a URI.
    pub(crate) const URI_PARAMS: u8 = 1 << 5;
    /// Neither white space nor an angle bracket: a URI in brackets.
    pub(crate) const BRACKETED: u8 = 1 << 6;
    /// What neither ends a display name nor tells that there is none.
    pub(crate) const DISPLAY: u8 = 1 << 7;
}

/// How many octets at the start of `text` are of that class.
#[inline]
pub(crate) fn run(text: &[u8], class: u8) -> usize {
    let mut len = 0;
    while let Some(&byte) = text.get(len)
        && CLASSES[byte as usize] & class != 0
    {
        len += 1;
    }
    len
}

/// The same for what mostly is longer than eight octets, which are a step here.
#[inline]
pub(crate) fn long_run(text: &[u8], class: u8) -> usize {
    let classes = |eight: &[u8; 8]| {
        let each = eight.iter().map(|&byte| CLASSES[byte as usize]);
        each.fold(class, |common, classes| common & classes)
    };
    let eights = text.as_chunks().0.iter();
    let len = 8 * eights.take_while(|eight| classes(eight) != 0).count();
    len + run(text.get(len..).unwrap_or_default(), class)
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
    let mut text = trim_start(text);
    while let [rest @ .., last] = text
        && is_lws(*last)
    {
        text = rest;
    }
    text
}

/// `text` without white space and folds before it.
#[inline]
pub(crate) fn trim_start(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let [first, rest @ ..] = text
        && is_lws(*first)
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
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
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

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = classes_of(byte as u8);
        byte += 1;
    }
    table
};

const fn classes_of(byte: u8) -> u8 {
    let is_word = byte.is_ascii_alphanumeric();
    let mut classes = 0;
    if is_word
        || matches!(
            byte,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        )
    {
        classes |= class::TOKEN;
    }
    if is_word || matches!(byte, b'-' | b'_') {
        classes |= class::LABEL;
    }
    if !is_lws(byte) && !matches!(byte, b';' | b'"') {
        classes |= class::VALUE;
        if byte != b'=' {
            classes |= class::PARAM;
        }
    }
    if byte > b' ' && !matches!(byte, 0x7f | b'<' | b'>' | b'"' | b'%' | b'?' | b'@') {
        classes |= class::URI_PARAMS;
        if !matches!(byte, b':' | b';') {
            classes |= class::URI;
        }
    }
    if !is_lws(byte) && !matches!(byte, b'<' | b'>') {
        classes |= class::BRACKETED;
    }
    if !matches!(byte, b'<' | b'"' | b';' | b',' | b'?') {
        classes |= class::DISPLAY;
    }
    classes
}
