//! Addresses as text: their form, their kind, their networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The form of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    V4,
    V6,
    /// IPv6 in brackets.
    Reference,
}

impl Form {
    /// The number that `ip_type()` returns.
    pub(super) fn number(self) -> i32 {
        match self {
            Form::V4 => 1,
            Form::V6 => 2,
            Form::Reference => 3,
        }
    }
}

/// Reads an address and tells its form.
pub(super) fn parse(text: &[u8]) -> Option<(IpAddr, Form)> {
    let text = std::str::from_utf8(text).ok()?;
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(inner) = inner {
        return Some((IpAddr::V6(inner.parse().ok()?), Form::Reference));
    }
    let ip: IpAddr = text.parse().ok()?;
    let form = if ip.is_ipv4() { Form::V4 } else { Form::V6 };
    Some((ip, form))
}

/// The address without brackets.
pub(super) fn parse_pure(text: &[u8]) -> Option<IpAddr> {
    let (ip, form) = parse(text)?;
    (form != Form::Reference).then_some(ip)
}

/// True for the private networks of RFC 1918.
pub(super) fn is_private(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_private())
}

/// The kind of an address, as `detailed_ip_type()` names it.
pub(super) fn kind(ip: IpAddr) -> &'static str {
    let (table, otherwise) = match ip {
        IpAddr::V4(_) => (V4.as_slice(), "PUBLIC"),
        IpAddr::V6(_) => (V6.as_slice(), "RESERVED"),
    };
    let found = table.iter().find(|(network, length, _)| {
        network
            .parse()
            .is_ok_and(|network| same_network(ip, network, *length))
    });
    found.map_or(otherwise, |(.., kind)| kind)
}

/// A network and what its addresses are, the most special first.
type Special = (&'static str, u8, &'static str);

/// RFC 5735 and RFC 6598.
const V4: [Special; 16] = [
    ("255.255.255.255", 32, "BROADCAST"),
    ("192.0.0.0", 24, "RESERVED"),
    ("192.0.2.0", 24, "TEST-NET"),
    ("192.88.99.0", 24, "6TO4-RELAY"),
    ("198.51.100.0", 24, "TEST-NET"),
    ("203.0.113.0", 24, "TEST-NET"),
    ("169.254.0.0", 16, "LINK-LOCAL"),
    ("192.168.0.0", 16, "PRIVATE"),
    ("198.18.0.0", 15, "RESERVED"),
    ("172.16.0.0", 12, "PRIVATE"),
    ("100.64.0.0", 10, "SHARED"),
    ("0.0.0.0", 8, "PRIVATE"),
    ("10.0.0.0", 8, "PRIVATE"),
    ("127.0.0.0", 8, "LOOPBACK"),
    ("224.0.0.0", 4, "MULTICAST"),
    ("240.0.0.0", 4, "RESERVED"),
];

/// IANA's IPv6 address space and its registry of special addresses.
const V6: [Special; 13] = [
    ("::", 128, "UNSPECIFIED"),
    ("::1", 128, "LOOPBACK"),
    ("::ffff:0:0", 96, "IPV4MAP"),
    ("100::", 64, "DISCARD"),
    ("2001:2::", 48, "BMWG"),
    ("2001::", 32, "TEREDO"),
    ("2001:db8::", 32, "DOCUMENTATION"),
    ("2001:10::", 28, "ORCHID"),
    ("2002::", 16, "6TO4"),
    ("fe80::", 10, "LINK-LOCAL-UNICAST"),
    ("ff00::", 8, "MULTICAST"),
    ("fc00::", 7, "UNIQUE-LOCAL-UNICAST"),
    ("2000::", 3, "GLOBAL-UNICAST"),
];

/// True where the address is in one of the networks `10.0.0.0/8, 192.168.0.0/16`. What is no
/// network has no addresses.
pub(super) fn is_in(ip: IpAddr, networks: &[u8]) -> bool {
    networks
        .split(|byte| *byte == b',')
        .filter_map(network)
        .any(|(network, length)| same_network(ip, network, length))
}

/// Reads a network; without a length it is one address.
fn network(text: &[u8]) -> Option<(IpAddr, u8)> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let full = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(full), |length| length.parse().ok())?;
    (length <= full).then_some((address, length))
}

fn same_network(one: IpAddr, other: IpAddr, length: u8) -> bool {
    let rest = |bits: u8| u32::from(bits.saturating_sub(length));
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let bits = |ip: Ipv4Addr| ip.to_bits().checked_shr(rest(32)).unwrap_or(0);
            bits(one) == bits(other)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let bits = |ip: Ipv6Addr| ip.to_bits().checked_shr(rest(128)).unwrap_or(0);
            bits(one) == bits(other)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Kamailio 5.6.3 said of each.
    #[test]
    fn kinds() {
        for (text, seen) in [
            ("8.8.8.8", "PUBLIC"),
            ("172.32.0.1", "PUBLIC"),
            ("10.0.0.1", "PRIVATE"),
            ("172.16.5.5", "PRIVATE"),
            ("192.168.1.1", "PRIVATE"),
            ("0.0.0.0", "PRIVATE"),
            ("127.0.0.1", "LOOPBACK"),
            ("100.64.0.1", "SHARED"),
            ("169.254.1.1", "LINK-LOCAL"),
            ("192.0.0.1", "RESERVED"),
            ("198.18.0.1", "RESERVED"),
            ("240.0.0.1", "RESERVED"),
            ("192.0.2.1", "TEST-NET"),
            ("198.51.100.1", "TEST-NET"),
            ("203.0.113.1", "TEST-NET"),
            ("192.88.99.1", "6TO4-RELAY"),
            ("224.0.0.1", "MULTICAST"),
            ("255.255.255.255", "BROADCAST"),
            ("::", "UNSPECIFIED"),
            ("::1", "LOOPBACK"),
            ("::1.2.3.4", "RESERVED"),
            ("::ffff:10.0.0.1", "IPV4MAP"),
            ("64:ff9b::1", "RESERVED"),
            ("100::1", "DISCARD"),
            ("2001::1", "TEREDO"),
            ("2001:2::1", "BMWG"),
            ("2001:10::1", "ORCHID"),
            ("2001:DB8::A", "DOCUMENTATION"),
            ("2001:5::1", "GLOBAL-UNICAST"),
            ("2002::1", "6TO4"),
            ("2a00::1", "GLOBAL-UNICAST"),
            ("3fff::1", "GLOBAL-UNICAST"),
            ("4000::1", "RESERVED"),
            ("e000::1", "RESERVED"),
            ("fc00::1", "UNIQUE-LOCAL-UNICAST"),
            ("fd00::1", "UNIQUE-LOCAL-UNICAST"),
            ("[fe80::1]", "LINK-LOCAL-UNICAST"),
            ("fec0::1", "RESERVED"),
            ("ff02::1", "MULTICAST"),
        ] {
            let (ip, _) = parse(text.as_bytes()).expect("an address");
            assert_eq!(kind(ip), seen, "{text}");
        }
    }

    #[test]
    fn forms() {
        let form = |text: &str| parse(text.as_bytes()).map(|(_, form)| form);
        assert_eq!(form("1.2.3.4"), Some(Form::V4));
        assert_eq!(form("::ffff:1.2.3.4"), Some(Form::V6));
        assert_eq!(form("[::1]"), Some(Form::Reference));
        for text in [
            "",
            "1.2.3",
            "01.2.3.4",
            "1.2.3.256",
            "[1.2.3.4]",
            "[::1",
            "1:2:3:4:5:6:7:8:9",
        ] {
            assert_eq!(form(text), None, "{text}");
        }
    }

    #[test]
    fn networks() {
        let within = |ip: &str, networks: &str| {
            parse_pure(ip.as_bytes()).is_some_and(|ip| is_in(ip, networks.as_bytes()))
        };
        for (ip, networks, seen) in [
            ("10.0.123.123", "10.0.123.1/24", true),
            ("10.0.123.123", "10.0.0.0/16,192.168.0.0/24", true),
            ("192.168.0.7", "10.0.0.0/16, 192.168.0.0/24", true),
            ("10.1.0.1", "10.0.0.0/16", false),
            ("2001:db8::5", "2001:db8::/32", true),
            ("[2001:db8::5]", "2001:db8::/32", false),
            ("2001:db8::5", "[2001:db8::]/32", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "10.0.0.0/33", false),
            ("10.0.0.1", "bad/8", false),
            ("bad", "10.0.0.0/8", false),
            ("10.0.0.1", "0.0.0.0/0", true),
            ("10.0.0.1", "bad,10.0.0.0/8", true),
            ("10.0.0.1", "2001:db8::/32,10.0.0.0/8", true),
            ("::ffff:10.0.0.1", "10.0.0.0/8", false),
            // Kamailio 5.6.3 takes a length that is no number for 0.
            ("10.0.0.1", "10.0.0.0/x", false),
        ] {
            assert_eq!(within(ip, networks), seen, "{ip} {networks}");
        }
    }
}
