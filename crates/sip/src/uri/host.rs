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
    let text = lex::trim(text);
    let host = match text.first() {
        Some(b'[') => reference(text),
        _ => name(text),
    };
    let len = host.ok_or(UriError::Host)?;
    let (host, rest) = text.split_at_checked(len).ok_or(UriError::Host)?;
    Ok((host, port(lex::trim(rest))?))
}

/// The length of the IPv6 reference that `text` begins with.
fn reference(text: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b']', text)?;
    is_ipv6_text(text.get(1..end)?).then_some(end + 1)
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

/// The length of the name that `text` begins with, up to a colon or white space: labels of allowed octets, none
/// empty, and the last one no number.
fn name(text: &[u8]) -> Option<usize> {
    let (mut len, mut label) = (0, 0);
    while let Some(octet) = text.get(len).map(|&byte| NAME[usize::from(byte)]) {
        match octet {
            Octet::Letter => {}
            Octet::Dot if len > label => label = len + 1,
            Octet::End => break,
            _ => return None,
        }
        len += 1;
    }
    let name = text.get(..len)?;
    // DNS allows 253 octets and one final dot.
    let labels = name.strip_suffix(b".").unwrap_or(name);
    let last = match labels.len() < len {
        true => labels.rsplit(|&byte| byte == b'.').next()?,
        false => labels.get(label..)?,
    };
    let sound = labels.len() <= 253 && !last.is_empty();
    (sound && (!is_number(last) || host_addr(name).is_some())).then_some(len)
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
    End,
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
        if lex::is_lws(b) {
            table[byte] = Octet::End;
        }
        byte += 1;
    }
    table[b'.' as usize] = Octet::Dot;
    table[b':' as usize] = Octet::End;
    table
};
