//! Where packets come from, as an address or a network.

use std::net::{IpAddr, Ipv6Addr};

/// An address or a network of addresses. IPv4 stands in its place within IPv6 (`::ffff:0:0/96`), so
/// that one order holds for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    first: [u8; 16],
    /// Bits that count, of 128.
    length: u8,
}

/// Bits before an IPv4 address.
const V4: u8 = 96;

impl Source {
    /// Bits of an IPv6 address that one subscriber has; whoever has one address has all of them
    /// (RFC 6177), so sources are told apart by these.
    pub const V6_UNIT: u8 = 64;

    /// Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1` or `[2001:db8::]/32`. Bits behind the mask are
    /// cleared.
    ///
    /// # Errors
    /// A sentence, where it is none of them.
    pub fn parse(text: &str) -> Result<Source, String> {
        let wrong = || format!("{text:?} is no address such as 192.0.2.1 or 192.0.2.0/24");
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let address = address.trim_matches(['[', ']']);
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let whole = Source::address(address);
        if bits.is_empty() {
            return Ok(whole);
        }
        let most = if whole.is_v4() { 32 } else { 128 };
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        if bits == 0 || bits > most {
            return Err(format!("{text:?}: the mask must be 1 to {most}"));
        }
        Ok(whole.first(bits + (128 - most)))
    }

    /// One address; an IPv4 address in IPv6 clothes is IPv4.
    pub fn address(address: IpAddr) -> Source {
        let bits = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        Source {
            first: bits.octets(),
            length: 128,
        }
    }

    /// A network: the first `bits` of an address, 32 or 128 for it alone.
    pub fn network(address: IpAddr, bits: u8) -> Source {
        let whole = Source::address(address);
        match address {
            IpAddr::V4(_) => whole.first(V4 + bits.min(32)),
            IpAddr::V6(_) => whole.first(bits.min(128)),
        }
    }

    /// The address, where it is a single one.
    pub fn single(self) -> Option<IpAddr> {
        let address = Ipv6Addr::from(self.first).to_canonical();
        (self.length == 128).then_some(address)
    }

    /// Its first address and how many of its bits count, 32 or 128 for a single address.
    pub fn parts(self) -> (IpAddr, u8) {
        let address = Ipv6Addr::from(self.first);
        match address.to_ipv4_mapped() {
            Some(v4) if self.length >= V4 => (IpAddr::V4(v4), self.length - V4),
            _ => (IpAddr::V6(address), self.length),
        }
    }

    /// Whoever has this address: it alone in IPv4, in IPv6 its first [`Source::V6_UNIT`] bits.
    pub fn unit(address: IpAddr) -> Source {
        let whole = Source::address(address);
        if whole.is_v4() {
            whole
        } else {
            whole.first(Source::V6_UNIT)
        }
    }

    /// True where `other` lies in it.
    pub fn contains(self, other: Source) -> bool {
        self.length <= other.length && other.first(self.length).first == self.first
    }

    /// True where it is looked up in the table of single sources.
    pub(super) fn is_single(self) -> bool {
        self.length == 128 || (!self.is_v4() && self.length == Source::V6_UNIT)
    }

    /// Its first and last address.
    pub(super) fn range(self) -> (u128, u128) {
        let first = u128::from_be_bytes(self.first);
        (first, first | !mask(self.length))
    }

    fn first(self, length: u8) -> Source {
        let bits = u128::from_be_bytes(self.first) & mask(length);
        Source {
            first: bits.to_be_bytes(),
            length,
        }
    }

    fn is_v4(self) -> bool {
        self.length >= V4 && Ipv6Addr::from(self.first).to_ipv4_mapped().is_some()
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (address, bits) = self.parts();
        let most = if address.is_ipv4() { 32 } else { 128 };
        if bits == most {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{bits}")
        }
    }
}

/// The first `length` bits.
fn mask(length: u8) -> u128 {
    let rest = 128_u32.saturating_sub(length.into());
    u128::MAX.checked_shl(rest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse(text).expect(text)
    }

    #[test]
    fn sources_are_read_and_shown() {
        for (written, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1/64", "2001:db8::/64"),
            ("::1", "::1"),
        ] {
            assert_eq!(source(written).to_string(), shown);
        }
        for wrong in ["", "x", "192.0.2.1/33", "192.0.2.1/0", "::1/129", "1.2.3"] {
            assert!(Source::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn networks_contain_their_addresses() {
        for (network, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("2001:db8::/32", "2001:db8:1::5", "2001:db9::"),
            ("10.0.0.0/8", "10.1.0.0/16", "8.0.0.0/5"),
            ("::/1", "2001:db8::", "8000::"),
        ] {
            assert!(source(network).contains(source(inside)), "{network}");
            assert!(!source(network).contains(source(outside)), "{network}");
        }
    }

    #[test]
    fn a_unit_is_what_one_subscriber_has() {
        let unit = |text: &str| Source::unit(text.parse().expect(text)).to_string();
        assert_eq!(unit("192.0.2.1"), "192.0.2.1");
        assert_eq!(unit("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
    }
}
