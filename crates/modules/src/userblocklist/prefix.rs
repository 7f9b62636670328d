//! Prefixes of numbers: the longest one that fits decides.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Which characters numbers are made of (`match_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Digits. What stands before the first digit is skipped, what follows the last one of a row
    /// of digits is not looked at.
    #[default]
    Digits,
    /// All of ASCII.
    Ascii,
}

/// Prefixes, each with whether it allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefixes {
    by_text: BTreeMap<Vec<u8>, bool>,
    alphabet: Alphabet,
}

impl Prefixes {
    pub(super) fn new(alphabet: Alphabet) -> Prefixes {
        Prefixes {
            by_text: BTreeMap::new(),
            alphabet,
        }
    }

    /// Adds a prefix; false where it has characters that no number has.
    pub(super) fn add(&mut self, prefix: &[u8], allows: bool) -> bool {
        let fits = match self.alphabet {
            Alphabet::Digits => prefix.iter().all(u8::is_ascii_digit),
            Alphabet::Ascii => prefix.is_ascii(),
        };
        if fits {
            self.by_text.insert(prefix.to_vec(), allows);
        }
        fits
    }

    /// Whether the longest prefix of the number allows; none where it has no prefix here.
    ///
    /// Costs one search in the tree for each length that a prefix of the number has there.
    pub(super) fn longest(&self, number: &[u8]) -> Option<bool> {
        let mut rest = self.significant(number);
        loop {
            let below = (Bound::Unbounded, Bound::Included(rest));
            let (found, allows) = self.by_text.range::<[u8], _>(below).next_back()?;
            if rest.starts_with(found) {
                return Some(*allows);
            }
            // Every prefix that is still possible is also one of what both begin with.
            let common = rest.iter().zip(found).take_while(|(a, b)| a == b).count();
            rest = rest.get(..common)?;
        }
    }

    /// All prefixes in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], bool)> {
        self.by_text
            .iter()
            .map(|(prefix, allows)| (prefix.as_slice(), *allows))
    }

    fn significant<'a>(&self, number: &'a [u8]) -> &'a [u8] {
        if self.alphabet == Alphabet::Ascii {
            return number;
        }
        let start = number.iter().position(u8::is_ascii_digit);
        let digits = number
            .get(start.unwrap_or(number.len())..)
            .unwrap_or_default();
        let end = digits.iter().position(|byte| !byte.is_ascii_digit());
        digits
            .get(..end.unwrap_or(digits.len()))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(alphabet: Alphabet, rows: &[(&str, bool)]) -> Prefixes {
        let mut prefixes = Prefixes::new(alphabet);
        for (prefix, allows) in rows {
            prefixes.add(prefix.as_bytes(), *allows);
        }
        prefixes
    }

    /// The table of Kamailio's README, and what 5.6.3 said of each number.
    #[test]
    fn the_longest_prefix_decides() {
        let rows = [
            ("", false),
            ("1", true),
            ("123456", false),
            ("123455787", false),
        ];
        let digits = prefixes(Alphabet::Digits, &rows);
        for (number, allows) in [
            ("12345", true),
            ("1234567", false),
            ("123457", true),
            ("1234557879", false),
            ("12345578", true),
            ("4911", false),
            ("+1", true),
            ("a1234", true),
            ("12a34567", true),
            ("abc", false),
            ("", false),
        ] {
            assert_eq!(digits.longest(number.as_bytes()), Some(allows), "{number}");
        }
        let ascii = prefixes(Alphabet::Ascii, &rows);
        assert_eq!(ascii.longest(b"+1"), Some(false));
        assert_eq!(ascii.longest(b"12a"), Some(true));
    }

    #[test]
    fn without_a_prefix_nothing_is_said() {
        let digits = prefixes(Alphabet::Digits, &[("12", true), ("1299", false)]);
        assert_eq!(digits.longest(b"13"), None);
        assert_eq!(digits.longest(b"1298"), Some(true));
        assert_eq!(digits.longest(b"11"), None);
        assert!(!Prefixes::new(Alphabet::Digits).add(b"+49", true));
        assert!(Prefixes::new(Alphabet::Ascii).add(b"+49", true));
    }
}
