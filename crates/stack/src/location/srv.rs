//! The order of SRV records: RFC 2782.

use bytes::Bytes;

/// One SRV record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvRecord {
    /// Lower is tried first.
    pub priority: u16,
    /// Share among equals.
    pub weight: u16,
    /// Port of the target.
    pub port: u16,
    /// Host name, a dot at its end or not; `.` alone says that the service is not offered.
    pub target: Bytes,
}

/// Sorts by priority, and among equals the heaviest first.
pub(super) fn order_by_weight(records: &mut [SrvRecord]) {
    records.sort_by_key(|record| (record.priority, std::cmp::Reverse(record.weight)));
}

/// Sorts by priority, and among equals draws by weight with numbers made from `random`.
pub(super) fn order(records: &mut [SrvRecord], mut random: u64) {
    // Records without weight come first so that they have a small chance (RFC 2782, "Weight").
    records.sort_by_key(|record| (record.priority, record.weight));
    for group in records.chunk_by_mut(|a, b| a.priority == b.priority) {
        draw(group, &mut random);
    }
}

/// Each place of a group is drawn from those not placed yet.
fn draw(group: &mut [SrvRecord], random: &mut u64) {
    let mut rest = group;
    while rest.len() > 1 {
        let sum: u64 = rest.iter().map(|record| u64::from(record.weight)).sum();
        let mut drawn = next(random) % (sum + 1);
        let chosen = rest
            .iter()
            .position(|record| match drawn.checked_sub(record.weight.into()) {
                Some(0) | None => true,
                Some(left) => {
                    drawn = left;
                    false
                }
            });
        // The others keep their order.
        if let Some(chosen) = rest.get_mut(..=chosen.unwrap_or(0)) {
            chosen.rotate_right(1);
        }
        let Some((_, others)) = rest.split_first_mut() else {
            return;
        };
        rest = others;
    }
}

/// SplitMix64: spreads one random number over as many as are needed.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
