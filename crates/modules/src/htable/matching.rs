//! What items are looked for: by name or by value.

use super::held::Held;
use bytes::Bytes;
use script::Regex;

/// A condition on a text.
pub(super) enum Match {
    Equal(Bytes),
    Differs(Bytes),
    Starts(Bytes),
    Ends(Bytes),
    Regex(Regex),
    /// A value that is this number.
    Number(i64),
}

/// Whether an item fits a condition: [`Match::fits_key`] or [`Match::fits_item`].
pub(super) type Fits = fn(&Match, &[u8], &Held) -> bool;

/// Why there is no condition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Operator,
    Regex,
}

impl Match {
    /// What `sht_match_name()` and its kin are given: `eq`, `ne`, `re`, `sw`.
    pub(super) fn by_operator(operator: &[u8], operand: Bytes) -> Result<Match, Refused> {
        match operator {
            b"eq" => Ok(Match::Equal(operand)),
            b"ne" => Ok(Match::Differs(operand)),
            b"sw" => Ok(Match::Starts(operand)),
            b"re" => Match::regex(&operand),
            _ => Err(Refused::Operator),
        }
    }

    /// What `$shtcn()` and `$shtcv()` are given: a regular expression, or a text behind `==`, `~~`,
    /// `%~`, `~%` or a number behind `eq`.
    pub(super) fn by_prefix(text: &Bytes) -> Result<Match, Refused> {
        let (prefix, rest) = (
            text.get(..2).unwrap_or_default(),
            text.slice(text.len().min(2)..),
        );
        match prefix {
            b"==" => Ok(Match::Equal(rest)),
            b"%~" => Ok(Match::Starts(rest)),
            b"~%" => Ok(Match::Ends(rest)),
            b"~~" => Match::regex(&rest),
            b"eq" => match script::parse_int(&rest) {
                Some(number) => Ok(Match::Number(number)),
                None => Match::regex(text),
            },
            _ => Match::regex(text),
        }
    }

    /// A regular expression.
    pub(super) fn regex(source: &[u8]) -> Result<Match, Refused> {
        let regex = Regex::compile(source);
        regex.map(Match::Regex).map_err(|_| Refused::Regex)
    }

    /// Whether a key fits. An expression that takes too long does not.
    pub(super) fn fits(&self, text: &[u8]) -> bool {
        match self {
            Match::Equal(wanted) => text == wanted,
            Match::Differs(other) => text != other,
            Match::Starts(front) => text.starts_with(front),
            Match::Ends(end) => text.ends_with(end),
            Match::Regex(regex) => regex.matches(text).unwrap_or(false),
            Match::Number(_) => false,
        }
    }

    /// Whether an item fits by its key.
    pub(super) fn fits_key(&self, key: &[u8], _: &Held) -> bool {
        self.fits(key)
    }

    /// Whether an item fits by its value.
    pub(super) fn fits_item(&self, _: &[u8], value: &Held) -> bool {
        self.fits_value(value)
    }

    /// Whether a value fits: numbers fit a number only, texts everything else.
    pub(super) fn fits_value(&self, value: &Held) -> bool {
        match (self, value) {
            (Match::Number(wanted), Held::Int(number)) => wanted == number,
            (_, value) => value.text().is_some_and(|text| self.fits(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(expression: &'static str) -> (usize, usize) {
        let wanted = Match::by_prefix(&Bytes::from_static(expression.as_bytes())).expect("fine");
        let text = |text: &str| Held::Text(text.as_bytes().into());
        let items = [
            ("aa1", text("v1")),
            ("aa2", text("v2")),
            ("bb1", Held::Int(7)),
        ];
        let names = items.iter().filter(|(key, _)| wanted.fits(key.as_bytes()));
        let values = items.iter().filter(|(_, value)| wanted.fits_value(value));
        (names.count(), values.count())
    }

    /// As Kamailio 5.6.3 counted names and values.
    #[test]
    fn prefixes_say_how_to_compare() {
        for (expression, names, values) in [
            ("aa.*", 2, 0),
            ("~~aa", 2, 0),
            ("%~aa", 2, 0),
            ("==aa1", 1, 0),
            ("~%1", 2, 1),
            ("1", 2, 1),
            ("v.*", 0, 2),
            ("==v1", 0, 1),
            ("eq7", 0, 1),
            ("7", 0, 0),
            ("==7", 0, 0),
            ("re:aa", 0, 0),
        ] {
            assert_eq!(counted(expression), (names, values), "{expression}");
        }
        assert_eq!(
            Match::by_prefix(&Bytes::from_static(b"+")).err(),
            Some(Refused::Regex)
        );
    }

    #[test]
    fn operators_have_names() {
        let fits = |operator: &[u8], text: &[u8]| {
            Match::by_operator(operator, Bytes::from_static(b"a")).map(|wanted| wanted.fits(text))
        };
        assert_eq!(fits(b"eq", b"a"), Ok(true));
        assert_eq!(fits(b"ne", b"a"), Ok(false));
        assert_eq!(fits(b"sw", b"ab"), Ok(true));
        assert_eq!(fits(b"re", b"bab"), Ok(true));
        assert_eq!(fits(b"xx", b"a"), Err(Refused::Operator));
    }
}
