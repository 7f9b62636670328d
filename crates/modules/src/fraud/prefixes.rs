//! High-risk destinations: numbers by how they begin.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The table: the longest prefix of a number decides.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    /// By digits as dialled, `+` in front of international ones.
    by_prefix: BTreeMap<Vec<u8>, Entry>,
    /// The longest of them.
    longest: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    is_risky: bool,
    description: Arc<str>,
}

/// The rows that a new table begins with: prefix, risk, description.
pub(super) const EXAMPLE: &str = include_str!("prefixes.txt");

/// Digits of a number that are looked at: a full one has 15 (ITU-T E.164), with a plus sign.
const LONGEST: usize = 32;

impl Prefixes {
    /// The table of the example.
    pub(super) fn example() -> Prefixes {
        let mut prefixes = Prefixes::default();
        for (prefix, is_risky, description) in example_rows() {
            prefixes.add(prefix, is_risky, description);
        }
        prefixes
    }

    /// Adds a row; false where the prefix has no digit, or more than any number has.
    pub(super) fn add(&mut self, prefix: &str, is_risky: bool, description: &str) -> bool {
        let key = number(prefix.as_bytes(), &[]);
        let digits = key.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || prefix.len() > LONGEST {
            return false;
        }
        self.longest = self.longest.max(key.len());
        let description = description.into();
        self.by_prefix.insert(
            key,
            Entry {
                is_risky,
                description,
            },
        );
        true
    }

    /// Rows there are.
    pub(super) fn len(&self) -> usize {
        self.by_prefix.len()
    }

    /// What a number leads to, where that is a high risk. The number is as [`number`] makes it.
    pub(super) fn risk(&self, number: &[u8]) -> Option<Arc<str>> {
        let longest = self.longest.min(number.len());
        let prefixes = (1..=longest)
            .rev()
            .filter_map(|length| number.get(..length));
        let found = prefixes
            .into_iter()
            .find_map(|prefix| self.by_prefix.get(prefix))?;
        found.is_risky.then(|| found.description.clone())
    }
}

/// The rows of the example.
pub(super) fn example_rows() -> impl Iterator<Item = (&'static str, bool, &'static str)> {
    let lines = EXAMPLE.lines().map(str::trim);
    let rows = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.filter_map(|line| {
        let (prefix, rest) = line.split_once(' ')?;
        let (risk, description) = rest.trim_start().split_once(' ')?;
        Some((prefix, risk != "0", description.trim()))
    })
}

/// A number as it is compared: with its escapes resolved, as the next server reads it, without marks between
/// the digits, and with a plus sign instead of one of the `international` prefixes. At most 32 octets of it.
pub(super) fn number(written: &[u8], international: &[String]) -> Vec<u8> {
    let is_mark = |byte: &&u8| !b"-.() ".contains(byte);
    let bare: Vec<u8> = sip::uri::unescape(written)
        .iter()
        .filter(is_mark)
        .copied()
        .take(LONGEST)
        .collect();
    let stripped = international
        .iter()
        .find_map(|prefix| bare.strip_prefix(prefix.as_bytes()));
    match stripped {
        Some(rest) => [b"+".as_slice(), rest].concat(),
        None => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_example_is_a_row() {
        let lines = EXAMPLE
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let prefixes = Prefixes::example();
        assert_eq!(prefixes.len(), lines.count());
        assert!(prefixes.len() > 10);
    }

    #[test]
    fn the_longest_prefix_decides() {
        let mut prefixes = Prefixes::default();
        assert!(prefixes.add("+882", true, "networks"));
        assert!(prefixes.add("+88213", false, "ours"));
        assert!(prefixes.add("0900", true, "premium"));
        assert!(!prefixes.add("+", true, "nothing") && !prefixes.add("", true, ""));
        let international = ["00".to_owned(), "011".to_owned()];
        let risk = |text: &str| prefixes.risk(&number(text.as_bytes(), &international));
        for (text, expected) in [
            ("+8829912345", Some("networks")),
            ("00 882-99(1)2.345", Some("networks")),
            ("0118829912345", Some("networks")),
            ("+88213555", None),
            ("0900123", Some("premium")),
            ("%2B8829912345", Some("networks")),
            ("%30%30%38%38%32%2d9", Some("networks")),
            ("09%300", Some("premium")),
            ("+0900123", None),
            ("8829912345", None),
            ("alice", None),
            ("", None),
        ] {
            assert_eq!(risk(text).as_deref(), expected, "{text}");
        }
    }
}
