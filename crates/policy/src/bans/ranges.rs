//! Networks as ranges that do not overlap: one binary search finds what holds for an address.

use super::Source;

/// What holds for ranges of addresses.
#[derive(Debug, Default)]
pub(super) struct Ranges(Vec<Range>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u128,
    last: u128,
    until_ms: u64,
}

impl Ranges {
    /// Of networks, each with the time until which it holds. Where some overlap, the longest time holds.
    pub(super) fn new(networks: impl Iterator<Item = (Source, u64)>) -> Ranges {
        let networks: Vec<(u128, u128, u64)> = networks
            .map(|(network, until_ms)| {
                let (first, last) = network.range();
                (first, last, until_ms)
            })
            .collect();
        let mut ranges: Vec<Range> = Vec::with_capacity(networks.len());
        for (first, last) in pieces(&networks) {
            let holds = networks
                .iter()
                .filter(|(a, b, _)| *a <= first && last <= *b);
            let Some(until_ms) = holds.map(|(_, _, until_ms)| *until_ms).max() else {
                continue;
            };
            ranges.push(Range {
                first,
                last,
                until_ms,
            });
        }
        Ranges(ranges)
    }

    /// Until when something holds for an address.
    pub(super) fn until_ms(&self, address: Source) -> Option<u64> {
        let (address, _) = address.range();
        let after = self.0.partition_point(|range| range.first <= address);
        let range = self.0.get(after.checked_sub(1)?)?;
        (address <= range.last).then_some(range.until_ms)
    }
}

/// The pieces into which the borders of all networks cut the addresses.
fn pieces(networks: &[(u128, u128, u64)]) -> Vec<(u128, u128)> {
    let mut starts: Vec<u128> = networks
        .iter()
        .flat_map(|(first, last, _)| [Some(*first), last.checked_add(1)])
        .flatten()
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|next| next - 1);
    let ends = ends.chain([u128::MAX]);
    starts.iter().copied().zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_of_nested_networks_holds() {
        let source = |text: &str| Source::parse(text).expect(text);
        let ranges = Ranges::new(
            [
                ("10.0.0.0/8", 5),
                ("10.1.0.0/16", 9),
                ("10.1.2.0/24", 7),
                ("2001:db8::/32", 3),
                ("ffff::/16", 4),
            ]
            .map(|(network, until_ms)| (source(network), until_ms))
            .into_iter(),
        );
        for (address, expected) in [
            ("9.255.255.255", None),
            ("10.0.0.0", Some(5)),
            ("10.1.2.3", Some(9)),
            ("10.255.255.255", Some(5)),
            ("11.0.0.0", None),
            ("2001:db8:ffff::1", Some(3)),
            ("2001:db9::", None),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(4)),
        ] {
            assert_eq!(ranges.until_ms(source(address)), expected, "{address}");
        }
        assert_eq!(Ranges::default().until_ms(source("10.0.0.1")), None);
    }
}
