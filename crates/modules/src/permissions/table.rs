//! Addresses, networks and host names, ready to be looked up.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What is trusted.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) addresses: BTreeMap<IpAddr, Vec<Entry>>,
    pub(super) subnets: Vec<Subnet>,
    /// By name, as it is written: Kamailio compares octet by octet.
    pub(super) domains: BTreeMap<Vec<u8>, Vec<Entry>>,
}

/// What a row says besides its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) group: i64,
    /// 0 for any.
    pub(super) port: u16,
    pub(super) tag: Option<Bytes>,
}

/// A network.
#[derive(Clone, Debug)]
pub(super) struct Subnet {
    pub(super) address: IpAddr,
    pub(super) mask: u8,
    pub(super) entry: Entry,
}

impl Table {
    /// The first row of the group (none: of any) that has the address and the port: single
    /// addresses before networks.
    pub(super) fn address(&self, group: Option<i64>, ip: IpAddr, port: u16) -> Option<&Entry> {
        let ip = ip.to_canonical();
        let single = self.addresses.get(&ip).into_iter().flatten();
        let networks = self
            .subnets
            .iter()
            .filter(|subnet| subnet.contains(ip))
            .map(|subnet| &subnet.entry);
        single.chain(networks).find(|entry| entry.fits(group, port))
    }

    /// Adds a host name.
    pub(super) fn add_domain(&mut self, name: &[u8], entry: Entry) {
        self.domains.entry(name.to_vec()).or_default().push(entry);
    }

    /// The same for a host name; nothing is looked up in the DNS.
    pub(super) fn domain(&self, group: Option<i64>, name: &[u8], port: u16) -> Option<&Entry> {
        let rows = self.domains.get(name);
        rows?.iter().find(|entry| entry.fits(group, port))
    }
}

impl Entry {
    fn fits(&self, group: Option<i64>, port: u16) -> bool {
        group.is_none_or(|group| group == self.group) && (self.port == 0 || self.port == port)
    }
}

impl Subnet {
    fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same_front(
                u128::from(own.to_bits()),
                u128::from(other.to_bits()),
                32,
                self.mask,
            ),
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                same_front(own.to_bits(), other.to_bits(), 128, self.mask)
            }
            _ => false,
        }
    }
}

fn same_front(one: u128, other: u128, bits: u8, mask: u8) -> bool {
    let rest = u32::from(bits.saturating_sub(mask));
    (one ^ other).checked_shr(rest).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(group: i64, port: u16) -> Entry {
        Entry {
            group,
            port,
            tag: None,
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn table() -> Table {
        let mut table = Table::default();
        table
            .addresses
            .insert(ip("10.0.0.1"), vec![entry(2, 0), entry(1, 5060)]);
        for (address, mask, group) in [
            ("192.168.0.0", 16, 1),
            ("2001:db8::", 32, 3),
            ("0.0.0.0", 0, 9),
        ] {
            table.subnets.push(Subnet {
                address: ip(address),
                mask,
                entry: entry(group, 0),
            });
        }
        table
            .domains
            .insert(b"trunk.example.test".to_vec(), vec![entry(4, 0)]);
        table
    }

    #[test]
    fn group_and_port_decide() {
        let table = table();
        let found =
            |group, address: &str, port| table.address(group, ip(address), port).map(|e| e.group);
        assert_eq!(found(Some(1), "10.0.0.1", 5060), Some(1));
        assert_eq!(found(Some(1), "10.0.0.1", 5061), None);
        assert_eq!(found(Some(2), "10.0.0.1", 5061), Some(2));
        assert_eq!(found(None, "10.0.0.1", 5060), Some(2));
        assert_eq!(found(Some(1), "192.168.7.8", 1), Some(1));
        assert_eq!(found(Some(1), "192.169.7.8", 1), None);
        assert_eq!(found(Some(3), "2001:db8:1::5", 1), Some(3));
        assert_eq!(found(Some(3), "2001:db9::5", 1), None);
        assert_eq!(found(None, "203.0.113.1", 1), Some(9));
        assert_eq!(found(Some(1), "::ffff:192.168.7.8", 1), Some(1));
    }

    #[test]
    fn names_match_as_they_are_written() {
        let table = table();
        assert!(table.domain(Some(4), b"trunk.example.test", 5060).is_some());
        assert!(table.domain(Some(4), b"TRUNK.example.test", 5060).is_none());
    }
}
