//! Hosts and ports, in URIs and in Via.

use super::UriError;
use crate::lex::{self, class};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Splits `host[:port]`, white space around the colon allowed as in Via, and checks both.
///
/// A host is a name of letters, digits, `-`, `_` and dots, a dotted IPv4 address without leading
/// zeros, or an IPv6 address in brackets. A name whose last label is a number is an address in
/// some resolver's eyes, so it must be a canonical one.
pub fn split_host_port(text: &[u8]) -> Result<(&[u8], Option<u16>), UriError> {
    match host_port_prefix(text) {
        Some(HostPort {
            host,
            port,
            rest: [],
            ..
        }) => Ok((host, port)),
        _ => split_any(text),
    }
}

/// A host and a port that some text begins with.
pub(crate) struct HostPort<'a> {
    pub(crate) host: &'a [u8],
    /// The host, where it is an IPv4 address.
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) port: Option<u16>,
    /// What follows: nothing, or text that begins with a semicolon or a closing bracket.
    pub(crate) rest: &'a [u8],
}

/// Splits `host[:port]` without white space off the start of `text`, and checks both. `None` for others, and for IPv6
/// references.
pub(crate) fn host_port_prefix(text: &[u8]) -> Option<HostPort<'_>> {
    let is_end = |at: usize| matches!(text.get(at), None | Some(b':' | b';' | b'>'));
    // Most hosts are addresses.
    let address = ipv4_prefix(text).filter(|(_, len)| is_end(*len));
    let len = match address {
        Some((_, len)) => len,
        None => name(text)?,
    };
    let (host, rest) = text.split_at_checked(len)?;
    let (port, rest) = match rest {
        [b':', rest @ ..] => {
            let (port, len) = port_prefix(rest)?;
            (Some(port), rest.get(len..)?)
        }
        _ => (None, rest),
    };
    matches!(rest, [] | [b';' | b'>', ..]).then_some(HostPort {
        host,
        address: address.map(|(address, _)| address.into()),
        port,
        rest,
    })
}

/// A port of up to five digits at the start of `text`, and how many they are.
fn port_prefix(text: &[u8]) -> Option<(u16, usize)> {
    let (mut port, mut len) = (0_u32, 0);
    while let Some(digit) = digit(text, len)
        && len < 5
    {
        port = port * 10 + digit;
        len += 1;
    }
    let port = u16::try_from(port).ok()?;
    (len > 0).then_some((port, len))
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
    if let Some(address) = ipv4(inner) {
        return Some(address.into());
    }
    if !inner.contains(&b':') {
        return None;
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
/// several of them, so they are read here and not by way of text.
fn ipv4_prefix(text: &[u8]) -> Option<(u32, usize)> {
    let (mut address, mut len) = octet_prefix(text)?;
    for _ in 0..3 {
        let rest = text.get(len..)?.strip_prefix(b".")?;
        let (octet, digits) = octet_prefix(rest)?;
        address = address << 8 | octet;
        len += 1 + digits;
    }
    let goes_on = matches!(text.get(len), Some(b'.' | b'0'..=b'9'));
    (!goes_on).then_some((address, len))
}

/// A number up to 255 without leading zeros, and how many digits it has.
#[inline]
fn octet_prefix(text: &[u8]) -> Option<(u32, usize)> {
    let (first, second, third) = match *text {
        [first, second, third, ..] => (first, second, third),
        [first, second] => (first, second, 0),
        [first] => (first, 0, 0),
        [] => return None,
    };
    let value = |digit: u8| u32::from(digit.wrapping_sub(b'0'));
    let (octet, digits) = match (value(first), value(second), value(third)) {
        (10.., ..) => return None,
        (first, 10.., _) => return Some((first, 1)),
        (first, second, 10..) => (first * 10 + second, 2),
        (first, second, third) => (first * 100 + second * 10 + third, 3),
    };
    (first > b'0' && octet <= 255).then_some((octet, digits))
}

fn digit(text: &[u8], at: usize) -> Option<u32> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit <= 9).then_some(u32::from(digit))
}

/// The length of the name that `text` begins with: labels of allowed octets, none empty, and the last one no
/// number.
fn name(text: &[u8]) -> Option<usize> {
    let (mut label, mut len) = (0, 0);
    loop {
        len += lex::run(text.get(len..)?, class::LABEL);
        if text.get(len) != Some(&b'.') {
            break;
        }
        if len == label {
            return None;
        }
        (label, len) = (len + 1, len + 1);
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
