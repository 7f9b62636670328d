//! The expression: parsed when the configuration loads, applied to a text.

use bytes::Bytes;
use policy::{Argument, Context, Prepare, Problem, Var, Written, problem};
use script::{Regex, RegexFlags, VarSpec};
use std::ops::Range;

/// What goes and what comes in its place, in order.
pub(super) type Changes = Vec<(Range<usize>, Bytes)>;

/// `/expression/replacement/flags`; any character may stand for the slash.
pub(in super::super) struct Subst {
    regex: Regex,
    replacement: Vec<Piece>,
    all: bool,
}

enum Piece {
    Literal(Vec<u8>),
    /// `\0` is the whole match, `\1` the first group.
    Group(usize),
    Var(Var),
}

impl Argument for Subst {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Subst, Problem> {
        Subst::prepared(&super::super::arguments::source(written)?, prepare)
    }
}

impl Subst {
    /// Parses with variables in the replacement.
    pub(super) fn prepared(source: &Bytes, prepare: &mut Prepare<'_>) -> Result<Subst, Problem> {
        let mut failed = None;
        let subst = Subst::parse(source, |text| {
            let (spec, length) = VarSpec::parse_prefix(text).ok()?;
            let var = prepare
                .variable(&spec)
                .map_err(|error| failed = Some(error))
                .ok()?;
            Some((var, length))
        });
        match failed {
            Some(error) => Err(error),
            None => subst.map_err(problem),
        }
    }

    /// Parses; `variable` reads a variable at the start of a text and says how long it is.
    pub(super) fn parse(
        source: &Bytes,
        variable: impl FnMut(&Bytes) -> Option<(Var, usize)>,
    ) -> Result<Subst, String> {
        let delimiter = *source.first().ok_or("empty expression")?;
        let middle =
            end_of(source, 1, delimiter).ok_or("expected /expression/replacement/flags")?;
        let end = end_of(source, middle + 1, delimiter).ok_or("the replacement has no end")?;
        let mut flags = RegexFlags {
            ignore_case: false,
            newline: true,
        };
        let mut all = false;
        for flag in source.get(end + 1..).unwrap_or_default() {
            match flag {
                b'i' => flags.ignore_case = true,
                b'g' => all = true,
                b's' => flags.newline = false,
                other => {
                    return Err(format!(
                        "unknown flag '{}', expected i, g or s",
                        char::from(*other)
                    ));
                }
            }
        }
        let regex = Regex::with_flags(source.get(1..middle).unwrap_or_default(), flags);
        let regex = regex.map_err(|error| format!("not a regular expression: {error}"))?;
        let replacement = pieces(&source.slice(middle + 1..end), variable);
        Ok(Subst {
            regex,
            replacement,
            all,
        })
    }

    /// The changes a text needs; none where an empty text matched, which could go on for ever.
    pub(super) fn changes(&self, context: &mut Context, text: &[u8]) -> Option<Changes> {
        let mut changes = Changes::new();
        let mut at = 0;
        while let Ok(Some(groups)) = self.regex.captures(text, at) {
            let Some(Some(whole)) = groups.first().cloned() else {
                break;
            };
            if whole.is_empty() {
                return None;
            }
            at = whole.end;
            changes.push((whole, self.filled(context, text, &groups)));
            if !self.all {
                break;
            }
        }
        Some(changes)
    }

    fn filled(&self, context: &mut Context, text: &[u8], groups: &[Option<Range<usize>>]) -> Bytes {
        let mut out = Vec::new();
        for piece in &self.replacement {
            match piece {
                Piece::Literal(literal) => out.extend_from_slice(literal),
                Piece::Group(group) => {
                    let range = groups.get(*group).cloned().flatten();
                    out.extend_from_slice(
                        range.and_then(|range| text.get(range)).unwrap_or_default(),
                    );
                }
                Piece::Var(var) => out.extend_from_slice(&var.read(context).to_text()),
            }
        }
        out.into()
    }
}

/// Where the part that starts at `from` ends: at the next delimiter without a backslash.
fn end_of(source: &[u8], from: usize, delimiter: u8) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in source.iter().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if *byte == delimiter => return Some(at),
            _ => {}
        }
    }
    None
}

fn pieces(text: &Bytes, mut variable: impl FnMut(&Bytes) -> Option<(Var, usize)>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let next = text.get(at + 1).copied();
        let (piece, length) = match (byte, next) {
            (b'\\', Some(digit)) if digit.is_ascii_digit() => {
                (Some(Piece::Group(usize::from(digit - b'0'))), 2)
            }
            (b'\\', Some(escaped)) => {
                literal.push(unescaped(escaped));
                (None, 2)
            }
            (b'$', Some(b'$')) => {
                literal.push(b'$');
                (None, 2)
            }
            (b'$', _) => match variable(&text.slice(at..)) {
                Some((var, length)) => (Some(Piece::Var(var)), length.max(1)),
                None => {
                    literal.push(b'$');
                    (None, 1)
                }
            },
            _ => {
                literal.push(byte);
                (None, 1)
            }
        };
        if let Some(piece) = piece {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
        }
        at += length;
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

fn unescaped(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    }
}
