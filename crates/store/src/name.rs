//! Names of tables and columns.

use std::fmt;
use std::sync::Arc;

use crate::StoreError;

/// A table's or column's name: an ASCII letter or `_`, then letters, digits and `_`, at most
/// [`Name::MAX_BYTES`] bytes. Cheap to clone.
///
/// Names in the source are written `name!("location")`, which is checked when it is compiled; names
/// from a configuration go through [`Name::parse`]. Engines still quote them, because `partition`
/// is a name and a keyword.
#[derive(Clone)]
pub struct Name(Text);

#[derive(Clone)]
enum Text {
    Fixed(&'static str),
    Given(Arc<str>),
}

/// A [`Name`] from a literal, checked at compile time.
#[macro_export]
macro_rules! name {
    ($text:literal) => {
        const { $crate::Name::fixed($text) }
    };
}

impl Name {
    /// The longest name, in bytes: what PostgreSQL, the strictest, keeps without cutting.
    pub const MAX_BYTES: usize = 63;

    /// A name from a configuration; the error names the text and the rule.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if valid(text.as_bytes()) {
            Ok(Self(Text::Given(text.into())))
        } else {
            Err(StoreError::BadName {
                name: text.chars().take(80).collect(),
            })
        }
    }

    /// A name that stands in the source. Use [`name!`], which evaluates this while compiling.
    ///
    /// # Panics
    /// If the literal is not a name, which `name!` turns into a compile error.
    pub const fn fixed(text: &'static str) -> Self {
        assert!(valid(text.as_bytes()), "not the name of a table or column");
        Self(Text::Fixed(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Fixed(text) => text,
            Text::Given(text) => text,
        }
    }
}

const fn valid(text: &[u8]) -> bool {
    if text.is_empty() || text.len() > Name::MAX_BYTES || text[0].is_ascii_digit() {
        return false;
    }
    let mut at = 0;
    while at < text.len() {
        if !(text[at].is_ascii_alphanumeric() || text[at] == b'_') {
            return false;
        }
        at += 1;
    }
    true
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_only_letters_digits_and_underscores() {
        for good in ["location", "_x", "A1", "topos_d", &"n".repeat(63)] {
            assert_eq!(
                Name::parse(good).map(|name| name.to_string()),
                Ok(good.to_owned())
            );
        }
        for bad in [
            "",
            "1a",
            "a b",
            "a;b",
            "a`b",
            "a\"b",
            "a.b",
            "a-b",
            "ä",
            "a\0",
            &"n".repeat(64),
        ] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_from_source_and_configuration_are_equal() {
        assert_eq!(name!("acc"), Name::parse("acc").expect("a name"));
    }
}
