//! Bytes to tokens. Knows nothing of names that stand for other text; that is the preprocessor's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

mod literal;
mod punct;

pub(crate) use literal::wrap;
use literal::{double_quoted, number, single_quoted};
pub(crate) use punct::Punct;
use punct::{one_sign, two_signs};

/// A token and the bytes it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub(crate) kind: Lexed,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What the lexer can find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lexed {
    Ident,
    Number(i64),
    Text(Bytes),
    Address(IpAddr),
    /// `$name`, `$name(…)`, `$(…)`, as written.
    Variable,
    /// `@name[1].name`, as written.
    Select,
    Punct(Punct),
    /// `#!name` or `!!name`: the rest of the line is the preprocessor's.
    Directive,
    /// A byte that has no place here; Kamailio echoes it and goes on.
    Noise,
    End,
    Broken(Broken),
}

/// What can be wrong with the bytes themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Text,
    Comment,
    Number,
    Variable,
}

/// The words after `#!` that are directives.
pub(crate) const DIRECTIVES: [&str; 23] = [
    "define",
    "def",
    "trydefine",
    "trydef",
    "redefine",
    "redef",
    "ifdef",
    "ifndef",
    "ifexp",
    "else",
    "endif",
    "subst",
    "substdef",
    "substdefs",
    "defenv",
    "defenvs",
    "trydefenv",
    "trydefenvs",
    "defexp",
    "defexps",
    "include_file",
    "import_file",
    "undef",
];

/// The token at or after `at`.
pub(crate) fn lex(text: &[u8], at: usize) -> Lexeme {
    let start = match skip_blank(text, at) {
        Ok(start) => start,
        Err(open) => return lexeme(Lexed::Broken(Broken::Comment), open, text.len()),
    };
    let Some(first) = text.get(start).copied() else {
        return lexeme(Lexed::End, text.len(), text.len());
    };
    let rest = &text[start..];
    if let Some(length) = directive(rest) {
        return lexeme(Lexed::Directive, start, start + length);
    }
    let (kind, length) = match first {
        b'"' => double_quoted(rest),
        b'\'' => single_quoted(rest),
        b'$' => variable(rest),
        b'@' => select(rest),
        b'0'..=b'9' => address(rest).unwrap_or_else(|| number(rest)),
        b'a'..=b'f' | b'A'..=b'F' | b':' => address(rest).unwrap_or_else(|| word_or_punct(rest)),
        _ => word_or_punct(rest),
    };
    lexeme(kind, start, start + length)
}

/// Whether a byte may be in a name.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of a variable's name. A dot belongs to it where a letter follows (`$from.user`), so
/// that a sentence may end behind a variable.
pub(crate) fn variable_name_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let dotted =
            at > 0 && *byte == b'.' && text.get(at + 1).is_some_and(u8::is_ascii_alphabetic);
        if !dotted && !is_name_byte(*byte) {
            break;
        }
        at += 1;
    }
    at
}

fn lexeme(kind: Lexed, start: usize, end: usize) -> Lexeme {
    Lexeme { kind, start, end }
}

/// Skips blanks and comments; the error is where an open comment starts.
fn skip_blank(text: &[u8], mut at: usize) -> Result<usize, usize> {
    loop {
        let Some(rest) = text.get(at..) else {
            return Ok(text.len());
        };
        match rest {
            [b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c, ..] => at += 1,
            [b'\\', b'\n', ..] => at += 2,
            [b'\\', b'\r', b'\n', ..] => at += 3,
            [0xef, 0xbb, 0xbf, ..] => at += 3,
            [b'#', b'!', ..] if directive(rest).is_some() => return Ok(at),
            [b'#', ..] | [b'/', b'/', ..] => at += line_length(rest),
            [b'/', b'*', inner @ ..] => match find(inner, b"*/") {
                Some(length) => at += 4 + length,
                None => return Err(at),
            },
            _ => return Ok(at),
        }
    }
}

/// The length of `#!name` when `name` is a directive.
fn directive(rest: &[u8]) -> Option<usize> {
    let ([b'#', b'!', name @ ..] | [b'!', b'!', name @ ..]) = rest else {
        return None;
    };
    let length = name.iter().take_while(|byte| is_name_byte(**byte)).count();
    let word = std::str::from_utf8(&name[..length]).ok()?;
    DIRECTIVES.contains(&word).then_some(2 + length)
}

pub(crate) fn line_length(rest: &[u8]) -> usize {
    rest.iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn variable(rest: &[u8]) -> (Lexed, usize) {
    if rest.get(1) == Some(&b'(') {
        return parenthesised(rest, 1);
    }
    if rest.get(1) == Some(&b'?') {
        return (Lexed::Variable, 2);
    }
    let name = 1 + variable_name_len(&rest[1..]);
    match rest.get(name) {
        _ if name == 1 => (Lexed::Broken(Broken::Variable), 1),
        Some(b'(') => parenthesised(rest, name),
        _ => (Lexed::Variable, name),
    }
}

fn parenthesised(rest: &[u8], open: usize) -> (Lexed, usize) {
    match closing(&rest[open..]) {
        Some(length) => (Lexed::Variable, open + length),
        None => (Lexed::Broken(Broken::Variable), open),
    }
}

/// The length from an opening parenthesis to just after the one that closes it. Looks no further
/// than a variable can reasonably be long, so that a missing one is found at its line.
fn closing(rest: &[u8]) -> Option<usize> {
    const LONGEST: usize = 8192;
    let mut depth = 0_usize;
    for (at, byte) in rest.iter().enumerate().take(LONGEST) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at + 1),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn select(rest: &[u8]) -> (Lexed, usize) {
    let mut at = 1;
    loop {
        let length = rest[at..]
            .iter()
            .take_while(|byte| is_name_byte(**byte))
            .count();
        if length == 0 {
            return if at == 1 {
                (Lexed::Noise, 1)
            } else {
                (Lexed::Select, at - 1)
            };
        }
        at += length;
        if rest.get(at) == Some(&b'[') {
            let Some(close) = rest[at..].iter().take(256).position(|byte| *byte == b']') else {
                return (Lexed::Select, at);
            };
            at += close + 1;
        }
        if rest.get(at) != Some(&b'.') {
            return (Lexed::Select, at);
        }
        at += 1;
    }
}

fn address(rest: &[u8]) -> Option<(Lexed, usize)> {
    let length = rest
        .iter()
        .take(45)
        .take_while(|byte| byte.is_ascii_hexdigit() || matches!(**byte, b':' | b'.'))
        .count();
    let text = std::str::from_utf8(&rest[..length]).ok()?;
    if text.bytes().filter(|byte| *byte == b':').count() > 1 {
        let v6: Ipv6Addr = text.parse().ok()?;
        return (!rest.get(length).is_some_and(|byte| is_name_byte(*byte)))
            .then_some((Lexed::Address(IpAddr::V6(v6)), length));
    }
    let length = rest
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .count();
    let v4: Ipv4Addr = std::str::from_utf8(&rest[..length]).ok()?.parse().ok()?;
    (!rest.get(length).is_some_and(|byte| is_name_byte(*byte)))
        .then_some((Lexed::Address(IpAddr::V4(v4)), length))
}

fn word_or_punct(rest: &[u8]) -> (Lexed, usize) {
    let length = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
    if length > 0 {
        return (Lexed::Ident, length);
    }
    let long = rest
        .get(..2)
        .and_then(two_signs)
        .map(|punct| (Lexed::Punct(punct), 2));
    let short = || {
        rest.first()
            .copied()
            .and_then(one_sign)
            .map(|p| (Lexed::Punct(p), 1))
    };
    long.or_else(short)
        .unwrap_or((Lexed::Noise, noise_length(rest)))
}

/// A whole UTF-8 character is one piece of noise.
fn noise_length(rest: &[u8]) -> usize {
    1 + rest[1..]
        .iter()
        .take(3)
        .take_while(|byte| **byte & 0xc0 == 0x80)
        .count()
}
