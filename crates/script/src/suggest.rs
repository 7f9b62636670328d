//! "Did you mean": the nearest known names.

/// At most this many names are offered.
const OFFERED: usize = 3;

/// The names nearest to `name`, best first: at most a third of its letters may differ (Damerau,
/// without regard to case). Cost: length of the name times the length of every candidate.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let bound = (name.len() / 3).clamp(1, 4);
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| Some((edit_distance(name, candidate, bound)?, candidate)))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .take(OFFERED)
        .map(|(_, candidate)| candidate.to_owned())
        .collect()
}

/// The number of letters to insert, remove, change or swap with their neighbour to make `a` of
/// `b`, without regard to case; `None` when it is above `bound`.
#[must_use]
pub fn edit_distance(a: &str, b: &str, bound: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > bound {
        return None;
    }
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = usize::from(!x.eq_ignore_ascii_case(y));
            let mut cost = (above[j] + change).min(above[j + 1] + 1).min(row[j] + 1);
            if swapped(a, b, i, j) {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        if row.iter().min().is_some_and(|least| *least > bound) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|distance| *distance <= bound)
}

fn swapped(a: &[u8], b: &[u8], i: usize, j: usize) -> bool {
    i > 0 && j > 0 && a[i].eq_ignore_ascii_case(&b[j - 1]) && a[i - 1].eq_ignore_ascii_case(&b[j])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_mistyped_name() {
        let known = ["sl_send_reply", "t_relay", "record_route", "t_reply"];
        assert_eq!(nearest("sl_send_relpy", known), ["sl_send_reply"]);
        assert_eq!(nearest("t_realy", known), ["t_relay", "t_reply"]);
        assert!(nearest("xyzzy", known).is_empty());
    }

    #[test]
    fn distance_is_bounded() {
        assert_eq!(edit_distance("abc", "acb", 1), Some(1));
        assert_eq!(edit_distance("abc", "ABC", 1), Some(0));
        assert_eq!(edit_distance("abc", "xyz", 2), None);
        assert_eq!(edit_distance("", "ab", 2), Some(2));
    }
}
