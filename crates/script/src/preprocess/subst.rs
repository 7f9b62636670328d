//! `#!subst`, `#!substdef` and `#!substdefs`: text replaced within strings.

use bytes::Bytes;

use super::Scanner;
use super::define::Again;
use crate::diagnostic::Diagnostic;
use crate::regex::{Flags, Regex};
use crate::source::Span;

/// The most bytes a string may grow to.
const LONGEST: usize = 1 << 16;

/// One substitution.
#[derive(Debug, Clone)]
pub(super) struct Substitution {
    regex: Regex,
    with: Vec<Piece>,
    all: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Group(usize),
}

impl Scanner<'_> {
    /// The quoted form in a file: `"/expression/text/flags"`.
    pub(super) fn add_quoted_substitution(&mut self, directive: &str, line: &[u8], span: Span) {
        let inner = line.strip_prefix(b"\"").and_then(|rest| {
            let end = rest.iter().rposition(|byte| *byte == b'"')?;
            rest.get(..end)
        });
        match inner {
            Some(inner) => self.add_substitution(directive, inner, span),
            None => self.report(malformed(span, "a substitution stands in double quotes")),
        }
    }

    pub(super) fn add_substitution(&mut self, directive: &str, text: &[u8], span: Span) {
        let Some((pattern, with, flags)) = split(text) else {
            let what = "a substitution is `/expression/text/flags`, with any sign for `/`";
            return self.report(malformed(span, what));
        };
        let icase = flags.contains(&b'i');
        let flags_of = Flags {
            ignore_case: icase,
            newline: !flags.contains(&b's'),
        };
        let regex = match Regex::with_flags(pattern, flags_of) {
            Ok(regex) => regex,
            Err(error) => return self.report(malformed(span, &error.to_string())),
        };
        let all = flags.contains(&b'g');
        self.substitutions.push(Substitution {
            regex,
            with: pieces(with),
            all,
        });
        if directive != "subst" {
            let value = if directive == "substdefs" {
                [b"\"", with, b"\""].concat()
            } else {
                with.to_vec()
            };
            let value = (!value.is_empty()).then(|| Bytes::from(value));
            self.define(Bytes::copy_from_slice(pattern), value, span, Again::Replace);
        }
    }

    /// Runs the substitutions over the text of a string.
    pub(super) fn substitute(&self, mut value: Bytes) -> Bytes {
        for substitution in &self.substitutions {
            if let Some(changed) = substitution.apply(&value) {
                value = Bytes::from(changed);
            }
        }
        value
    }
}

impl Substitution {
    /// The changed text, if anything matched.
    fn apply(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut at = 0;
        while at <= text.len() && out.len() < LONGEST {
            let Ok(Some(groups)) = self.regex.captures(text, at) else {
                break;
            };
            let Some(whole) = groups.first().cloned().flatten() else {
                break;
            };
            out.extend_from_slice(text.get(at..whole.start)?);
            for piece in &self.with {
                match piece {
                    Piece::Text(with) => out.extend_from_slice(with),
                    Piece::Group(number) => {
                        let group = groups.get(*number).cloned().flatten();
                        out.extend_from_slice(group.and_then(|g| text.get(g)).unwrap_or_default());
                    }
                }
            }
            if whole.is_empty() {
                out.extend(text.get(whole.end));
            }
            at = whole.end.max(whole.start + 1);
            if !self.all {
                break;
            }
        }
        if at == 0 {
            return None;
        }
        out.extend_from_slice(text.get(at..).unwrap_or_default());
        Some(out)
    }
}

/// Expression, replacement and flags of `/a/b/g`; a backslash guards the separator.
fn split(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (separator, rest) = text.split_first()?;
    let first = separator_at(rest, *separator)?;
    let (pattern, rest) = (&rest[..first], &rest[first + 1..]);
    let second = separator_at(rest, *separator)?;
    (!pattern.is_empty()).then_some((pattern, &rest[..second], &rest[second + 1..]))
}

fn separator_at(text: &[u8], separator: u8) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let found = *byte == separator && !escaped;
        escaped = *byte == b'\\' && !escaped;
        found
    })
}

/// Text and `\1` to `\9`; `\n`, `\t` and a guarded sign are themselves.
fn pieces(with: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = Vec::new();
    let mut bytes = with.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, if byte == b'\\' { bytes.next() } else { None }) {
            (b'\\', Some(digit @ b'0'..=b'9')) => {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Group(usize::from(digit - b'0')));
            }
            (b'\\', Some(b'n')) => text.push(b'\n'),
            (b'\\', Some(b't')) => text.push(b'\t'),
            (b'\\', Some(other)) => text.push(other),
            _ => text.push(byte),
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

fn malformed(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new("E0107", span, format!("malformed substitution: {what}"))
}
