//! `{param.*}`: lists of `name=value`, separated by semicolons or another character.

use super::super::Pv;
use super::super::part::int;
use super::{at_least, number, part, with_arguments};
use bytes::Bytes;
use policy::Declaration;
use script::Value;

pub(super) fn declare(d: &mut Declaration<Pv>) {
    d.transformation(
        "param.value,name,[separator]",
        "The value of the pair with that name.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                let name = args.first()?.trim_ascii();
                let found =
                    pairs(text, separator(args, 1))?.find(|pair| pair.0.eq_ignore_ascii_case(name));
                part(text, found.map(|pair| pair.1))
            })
        },
    );
    d.transformation(
        "param.in,name,[separator]",
        "1 where there is a pair with that name, else 0.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                let name = args.first()?.trim_ascii();
                let found =
                    pairs(text, separator(args, 1))?.any(|pair| pair.0.eq_ignore_ascii_case(name));
                Some(Value::Int(found.into()))
            })
        },
    );
    d.transformation(
        "param.valueat,index,[separator]",
        "The value of the pair at an index.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                part(
                    text,
                    at(text, number(args.first())?, separator(args, 1))?.map(|pair| pair.1),
                )
            })
        },
    );
    d.transformation(
        "param.name,index,[separator]",
        "The name of the pair at an index.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                part(
                    text,
                    at(text, number(args.first())?, separator(args, 1))?.map(|pair| pair.0),
                )
            })
        },
    );
    d.transformation(
        "param.count,[separator]",
        "How many pairs there are.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                Some(int(pairs(text, separator(args, 0))?.count()))
            })
        },
    );
}

type Pair<'a> = (&'a [u8], &'a [u8]);

/// The separator given at `index`, or the semicolon.
fn separator(args: &[Bytes], index: usize) -> u8 {
    args.get(index)
        .and_then(|arg| arg.trim_ascii().first().copied())
        .unwrap_or(b';')
}

/// The pairs, in order; values without their quotes. None for an empty text.
fn pairs(text: &Bytes, separator: u8) -> Option<impl DoubleEndedIterator<Item = Pair<'_>>> {
    let mut found = Vec::new();
    let mut rest: &[u8] = text;
    while !rest.is_empty() {
        let end = end_of_pair(rest, separator);
        let raw = rest.get(..end).unwrap_or_default().trim_ascii();
        rest = rest.get(end + 1..).unwrap_or_default();
        if !raw.is_empty() {
            found.push(split(raw));
        }
    }
    (!text.is_empty()).then(|| found.into_iter())
}

/// Where the next separator outside of quotes is, or the end.
fn end_of_pair(text: &[u8], separator: u8) -> usize {
    let (mut quote, mut escaped) = (None, false);
    for (at, byte) in text.iter().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if *byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, byte) if *byte == separator => return at,
            _ => {}
        }
    }
    text.len()
}

fn split(raw: &[u8]) -> Pair<'_> {
    let Some(equals) = raw.iter().position(|byte| *byte == b'=') else {
        return (raw, b"");
    };
    let (name, value) = raw.split_at(equals);
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    let value = match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        plain => plain,
    };
    (name.trim_ascii(), value)
}

fn at(text: &Bytes, index: i64, separator: u8) -> Option<Option<Pair<'_>>> {
    let mut all = pairs(text, separator)?;
    Some(match usize::try_from(index) {
        Ok(index) => all.nth(index),
        Err(_) => all.nth_back(usize::try_from(index.unsigned_abs()).ok()?.checked_sub(1)?),
    })
}
