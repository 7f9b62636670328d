//! What other modules ask of the table of addresses.

use super::table::Table;
use parking_lot::RwLock;
use policy::{Source, TrustedAddresses};
use std::sync::Arc;

/// The table, as it is now.
pub(super) struct Trusted(pub(super) Arc<RwLock<Arc<Table>>>);

impl TrustedAddresses for Trusted {
    fn is_trusted(&self, group: i64, source: Source) -> bool {
        let table = self.0.read().clone();
        let is_single = match source.single() {
            Some(address) => table
                .addresses
                .get(&address)
                .is_some_and(|entries| entries.iter().any(|entry| entry.group == group)),
            None => table.addresses.iter().any(|(address, entries)| {
                source.contains(Source::address(*address))
                    && entries.iter().any(|entry| entry.group == group)
            }),
        };
        is_single
            || table.subnets.iter().any(|subnet| {
                let network = Source::network(subnet.address, subnet.mask);
                subnet.entry.group == group
                    && (network.contains(source) || source.contains(network))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Entry, Subnet};
    use super::*;

    #[test]
    fn whatever_overlaps_a_trusted_address_is_trusted() {
        let entry = |group| Entry {
            group,
            port: 5060,
            tag: None,
        };
        let address = |text: &str| text.parse().expect(text);
        let mut table = Table::default();
        table.addresses.insert(address("192.0.2.1"), vec![entry(1)]);
        table.addresses.insert(address("192.0.2.2"), vec![entry(2)]);
        table
            .addresses
            .insert(address("2001:db8::5"), vec![entry(1)]);
        table.subnets.push(Subnet {
            address: address("10.0.0.0"),
            mask: 8,
            entry: entry(1),
        });
        let trusted = Trusted(Arc::new(RwLock::new(Arc::new(table))));
        for (text, expected) in [
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("192.0.2.0/24", true),
            ("10.7.8.9", true),
            ("11.0.0.1", false),
            ("0.0.0.0/1", true),
            ("2001:db8::/64", true),
            ("2001:db8:0:1::/64", false),
        ] {
            let source = Source::parse(text).expect(text);
            assert_eq!(trusted.is_trusted(1, source), expected, "{text}");
        }
    }
}
