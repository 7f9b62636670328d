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
    let end = match text.first() {
        Some(b'[') => memchr::memchr(b']', text).ok_or(UriError::Host)? + 1,
        _ => memchr::memchr(b':', text).unwrap_or(text.len()),
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
    let text = std::str::from_utf8(inner).ok()?;
    if !text.contains(':') {
        return text.parse().ok().map(Ipv4Addr::into);
    }
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

fn is_name(name: &[u8]) -> bool {
    // DNS allows 253 octets and one final dot.
    let labels = name.strip_suffix(b".").unwrap_or(name);
    let valid_label = |label: &[u8]| {
        !label.is_empty()
            && label
                .iter()
                .all(|&b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if labels.len() > 253 || !labels.split(|&b| b == b'.').all(valid_label) {
        return false;
    }
    let last = labels.rsplit(|&b| b == b'.').next().unwrap_or_default();
    !is_number(last) || host_addr(name).is_some()
}

fn is_number(label: &[u8]) -> bool {
    match label {
        [b'0', b'x' | b'X', hex @ ..] => hex.iter().all(u8::is_ascii_hexdigit),
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}
