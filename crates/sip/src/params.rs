//! Parameters: `;name=value`, in URIs and in headers alike.

use crate::lex::{self, class};

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name as received, without white space.
    pub name: &'a [u8],
    /// What follows the `=`, trimmed, with the quotes of a quoted string; `None` without `=`.
    pub value: Option<&'a [u8]>,
    /// All of it, from the name to the end of the value; the `;` stands just before, possibly
    /// with white space between.
    pub raw: &'a [u8],
}

impl<'a> Param<'a> {
    /// Whether it has that name, in any case.
    #[inline]
    pub fn is(&self, name: &[u8]) -> bool {
        // Nearly all come in lower case, and that comparison is the cheap one.
        self.name == name || self.name.eq_ignore_ascii_case(name)
    }

    /// The value without the quotes around a quoted string (escapes stay), empty without one.
    pub fn unquoted(&self) -> &'a [u8] {
        let value = self.value.unwrap_or_default();
        match value {
            [b'"', inner @ .., b'"'] => inner,
            _ => value,
        }
    }
}

/// The parameters of a URI or a header value, in order. A `;` inside quotes separates nothing;
/// empty parameters (`;;`) are passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    rest: &'a [u8],
}

impl<'a> Params<'a> {
    /// Over `text`, which starts with `;` or with the first name.
    pub const fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// The text not yet read; all of it, with its leading `;`, before the first step.
    pub const fn raw(&self) -> &'a [u8] {
        self.rest
    }

    /// The first parameter of that name, in any case.
    pub fn find_name(&self, name: &[u8]) -> Option<Param<'a>> {
        self.clone().find(|param| param.is(name))
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        while !self.rest.is_empty() {
            if let [b';', rest @ ..] = self.rest {
                self.rest = rest;
                continue;
            }
            if let Some((end, equals)) = plain(self.rest) {
                let (raw, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(cut(raw, equals));
            }
            let end = separator(self.rest);
            let raw = lex::trim(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !raw.is_empty() {
                return Some(split(raw));
            }
        }
        None
    }
}

/// Where a parameter without quotes and white space ends, as nearly all are, and where its first `=` is. `None` for
/// others.
fn plain(text: &[u8]) -> Option<(usize, Option<usize>)> {
    let name = lex::run(text, class::PARAM);
    let (end, equals) = match text.get(name..) {
        Some(rest @ [b'=', ..]) => (name + lex::long_run(rest, class::VALUE), Some(name)),
        _ => (name, None),
    };
    matches!(text.get(end), None | Some(b';')).then_some((end, equals))
}

/// A parameter without white space around anything.
fn cut(raw: &[u8], equals: Option<usize>) -> Param<'_> {
    let at = equals.unwrap_or(raw.len());
    Param {
        name: raw.get(..at).unwrap_or_default(),
        value: equals.and_then(|at| raw.get(at + 1..)),
        raw,
    }
}

/// Where the next `;` outside quotes is, or the end.
fn separator(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(next) = memchr::memchr2(b';', b'"', rest)
    {
        at += next;
        if text.get(at) == Some(&b';') {
            return at;
        }
        let Some(len) = lex::quoted_len(&rest[next..]) else {
            break;
        };
        at += len;
    }
    text.len()
}

fn split(raw: &[u8]) -> Param<'_> {
    match raw.iter().position(|&byte| byte == b'=') {
        Some(at) => Param {
            name: lex::trim(&raw[..at]),
            value: Some(lex::trim(&raw[at + 1..])),
            raw,
        },
        None => Param {
            name: raw,
            value: None,
            raw,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    fn list(text: &str) -> Vec<(String, Option<String>)> {
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Params::new(text.as_bytes())
            .map(|p| (text_of(p.name), p.value.map(text_of)))
            .collect()
    }

    #[test]
    fn names_values_quotes_and_blanks() {
        let read = list(";a=1 ; b; c = \"x;\\\"y\" ;;d=");
        let expect = [
            ("a", Some("1")),
            ("b", None),
            ("c", Some("\"x;\\\"y\"")),
            ("d", Some("")),
        ];
        let expect: Vec<_> = expect
            .iter()
            .map(|(n, v)| (n.to_string(), v.map(str::to_string)))
            .collect();
        assert_eq!(read, expect);
    }

    #[test]
    fn long_values_end_where_short_ones_do() {
        for length in [0, 1, 15, 16, 17, 31, 32, 33, 100] {
            let value = "v".repeat(length);
            let read = list(&format!(
                "a={value};b={value}=2; c = {value} ;d=\"{value};\""
            ));
            let texts: Vec<_> = read
                .iter()
                .map(|(_, v)| v.clone().unwrap_or_default())
                .collect();
            assert_eq!(
                texts,
                [
                    &value,
                    &format!("{value}=2"),
                    &value,
                    &format!("\"{value};\"")
                ]
                .map(String::as_str),
                "{length}"
            );
        }
    }

    #[test]
    fn an_open_quote_takes_the_rest() {
        assert_eq!(list("a=\"x;b").len(), 1);
        assert_eq!(list("").len(), 0);
        assert_eq!(list(";;; ;").len(), 0);
    }
}
