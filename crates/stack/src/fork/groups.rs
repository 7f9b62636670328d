//! Serial forking by q: RFC 3261 16.6, tm's `t_load_contacts` and `t_next_contacts`.

/// Orders branches by q, highest first, and cuts them into groups of equal q: each group is tried
/// in parallel, one group after the other. A branch without q counts as the lowest (tm README
/// section 2).
///
/// `qs` are in thousandths, 0 to 1000. Among equals the order stays.
pub fn serial_groups(qs: &[Option<u16>]) -> Vec<Vec<u16>> {
    let mut order: Vec<(Option<u16>, u16)> = qs.iter().copied().zip(0..).collect();
    order.sort_by_key(|(q, _)| std::cmp::Reverse(*q));
    order
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| group.iter().map(|(_, n)| *n).collect())
        .collect()
}
