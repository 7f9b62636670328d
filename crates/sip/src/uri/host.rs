//! Hosts and ports, in URIs and in Via.

use super::UriError;
use crate::lex;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Splits `host[:port]`, white space around the colon allowed as in Via, and checks both.
///
/// A host is a name of letters, digits, `-`, `_` and dots, a dotted IPv4 address without leading
/// zeros, or an IPv6 address in brackets. A name whose last label is a number is an address in
/// some resolver's eyes, so it must be a canonical one.
pub fn split_host_port(text: &[u8]) -> Result<(&[u8], Option<u16>), UriError> {
    // Most hosts are addresses, and those are read in one pass.
    match plain(text) {
        Some(read) => Ok(read),
        None => split_any(text),
    }
}

/// `192.0.2.1` or `192.0.2.1:5060`, nothing around it.
fn plain(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let (_, len) = ipv4_prefix(text)?;
    let (host, rest) = text.split_at(len);
    let [colon, digits @ ..] = rest else {
        return Some((host, None));
    };
    let is_short = *colon == b':' && matches!(digits.len(), 1..=5);
    let mut port = 0_u32;
    for byte in digits.iter().filter(|_| is_short) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        port = port * 10 + u32::from(digit);
    }
    let port = u16::try_from(port).ok().filter(|_| is_short)?;
    Some((host, Some(port)))
}

fn split_any(text: &[u8]) -> Result<(&[u8], Option<u16>), UriError> {
    let end = match text.first() {
        Some(b'[') => memchr::memchr(b']', text).ok_or(UriError::Host)? + 1,
        // Texts are short here: a plain loop costs less than a vectorised search.
        _ => text
            .iter()
            .position(|&byte| byte == b':')
            .unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(end);
    let host = lex::trim(host);
    let valid = match host {
        [b'[', inner @ .., b']'] => is_ipv6_text(inner),
        name => is_name(name),
    };
    if !valid {
        return Err(UriError::Host);
    }
    Ok((host, port(lex::trim(rest))?))
}

/// `host` as an address: IPv4, or IPv6 with or without brackets. Three colons in a row count as
/// two (RFC 5118 section 4.10).
pub fn host_addr(host: &[u8]) -> Option<IpAddr> {
    let inner = match host {
        [b'[', inner @ .., b']'] => inner,
        _ => host,
    };
    if !inner.contains(&b':') {
        return ipv4(inner).map(Ipv4Addr::into);
    }
    let text = std::str::from_utf8(inner).ok()?;
    let parsed: Option<Ipv6Addr> = text.parse().ok();
    parsed
        .or_else(|| text.replacen(":::", "::", 1).parse().ok())
        .map(IpAddr::V6)
}

fn port(text: &[u8]) -> Result<Option<u16>, UriError> {
    match text {
        [] => Ok(None),
        [b':', digits @ ..] => lex::decimal(lex::trim(digits))
            .and_then(|port| u16::try_from(port).ok())
            .map(Some)
            .ok_or(UriError::Port),
        _ => Err(UriError::Host),
    }
}

fn is_ipv6_text(inner: &[u8]) -> bool {
    host_addr(inner).is_some_and(|addr| addr.is_ipv6())
}

/// Four decimal numbers without leading zeros.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let (address, len) = ipv4_prefix(text)?;
    (len == text.len()).then(|| address.into())
}

/// The address that `text` begins with, and its length; what follows is no digit and no dot. Every message has
/// several of them, so they are read here in one pass and not by way of text (a fifth of the cost).
fn ipv4_prefix(text: &[u8]) -> Option<(u32, usize)> {
    let (mut address, mut value, mut digits, mut dots) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut len = 0;
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                let leading_zero = digits > 0 && value == 0;
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if leading_zero || value > 255 {
                    return None;
                }
            }
            b'.' if digits > 0 => {
                address = address << 8 | value;
                (value, digits, dots) = (0, 0, dots + 1);
            }
            _ => break,
        }
        len += 1;
    }
    (dots == 3 && digits > 0).then_some((address << 8 | value, len))
}

/// One pass: labels of allowed octets, none empty, and whether the last one is a number.
fn is_name(name: &[u8]) -> bool {
    // DNS allows 253 octets and one final dot.
    let labels = name.strip_suffix(b".").unwrap_or(name);
    if labels.len() > 253 {
        return false;
    }
    let mut length = 0_usize;
    for &byte in labels {
        match NAME[usize::from(byte)] {
            Octet::Letter => length += 1,
            Octet::Dot if length > 0 => length = 0,
            _ => return false,
        }
    }
    let last = labels.get(labels.len() - length..).unwrap_or_default();
    length > 0 && (!is_number(last) || host_addr(name).is_some())
}

fn is_number(label: &[u8]) -> bool {
    match label {
        [b'0', b'x' | b'X', hex @ ..] => hex.iter().all(u8::is_ascii_hexdigit),
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

/// What an octet is in a name.
#[derive(Clone, Copy)]
enum Octet {
    Letter,
    Dot,
    Refused,
}

static NAME: [Octet; 256] = {
    let mut table = [Octet::Refused; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') {
            table[byte] = Octet::Letter;
        }
        byte += 1;
    }
    table[b'.' as usize] = Octet::Dot;
    table
};
