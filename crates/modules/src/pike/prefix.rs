//! The first octets of an address: what a node of the tree stands for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One to four octets of an IPv4 address, or one to sixteen of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Prefix {
    octets: [u8; 16],
    /// With [`V4`] for IPv4, so that the families never share a node.
    length: u8,
}

const V4: u8 = 0x80;

impl Prefix {
    /// The whole address; an IPv4 address in IPv6 clothes counts as IPv4.
    pub(super) fn whole(address: IpAddr) -> Prefix {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                let mut octets = [0; 16];
                octets[..4].copy_from_slice(&[a, b, c, d]);
                Prefix {
                    octets,
                    length: V4 | 4,
                }
            }
            IpAddr::V6(address) => Prefix {
                octets: address.octets(),
                length: 16,
            },
        }
    }

    /// How many octets there are.
    pub(super) fn length(self) -> u8 {
        self.length & !V4
    }

    /// Its first `length` octets; itself where it has no more.
    pub(super) fn first(self, length: u8) -> Prefix {
        if length >= self.length() {
            return self;
        }
        let mut octets = self.octets;
        octets.iter_mut().skip(length.into()).for_each(|o| *o = 0);
        Prefix {
            octets,
            length: self.length & V4 | length,
        }
    }

    /// The address, where this is a whole one.
    pub(super) fn address(self) -> Option<IpAddr> {
        let [a, b, c, d, ..] = self.octets;
        match self.length {
            16 => Some(Ipv6Addr::from(self.octets).into()),
            length if length == V4 | 4 => Some(Ipv4Addr::new(a, b, c, d).into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_shared_within_a_family_only() {
        let whole = |text: &str| Prefix::whole(text.parse().expect("an address"));
        assert_eq!(whole("10.1.2.3").first(3), whole("10.1.2.9").first(3));
        assert_ne!(whole("10.1.2.3").first(4), whole("10.1.2.9").first(4));
        assert_ne!(whole("32.1.13.184").first(2), whole("2001:db8::").first(2));
        assert_ne!(whole("10.0.0.0").first(1), whole("10.0.0.0").first(2));
        assert_eq!(whole("::ffff:10.1.2.3"), whole("10.1.2.3"));
        assert_eq!(whole("2001:db8::1").first(99), whole("2001:db8::1"));
    }

    #[test]
    fn a_whole_prefix_is_an_address() {
        for text in ["10.1.2.3", "2001:db8::1"] {
            let address = text.parse().expect("an address");
            assert_eq!(Prefix::whole(address).address(), Some(address));
            assert_eq!(Prefix::whole(address).first(3).address(), None);
        }
    }
}
