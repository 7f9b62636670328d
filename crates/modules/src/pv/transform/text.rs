//! `{s.*}` that cut, search and replace.

use super::super::Pv;
use super::super::part::int;
use super::super::strftime::strftime;
use super::{at_least, number, owned, part, simple, texts, with_arguments};
use bytes::Bytes;
use policy::{Context, Declaration, Transform};
use script::Value;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    let d = declaration;
    d.transformation("s.len", "The length in octets.", |_, _| {
        simple(|text| Some(int(text.len())))
    });
    d.transformation(
        "s.int",
        "The text as a number; null where it is none.",
        |_, _| simple(to_int),
    );
    d.transformation("s.numeric", "The digits alone.", |_, _| {
        simple(|text| keep(text, |byte| byte.is_ascii_digit()))
    });
    d.transformation("s.tolower", "In small letters.", |_, _| {
        simple(|text| owned(text.to_ascii_lowercase()))
    });
    d.transformation("s.toupper", "In capital letters.", |_, _| {
        simple(|text| owned(text.to_ascii_uppercase()))
    });
    d.transformation("s.trim", "Without white space at both ends.", |_, _| {
        simple(|text| part(text, Some(text.trim_ascii())))
    });
    d.transformation("s.ltrim", "Without white space at the front.", |_, _| {
        simple(|text| part(text, Some(text.trim_ascii_start())))
    });
    d.transformation("s.rtrim", "Without white space at the end.", |_, _| {
        simple(|text| part(text, Some(text.trim_ascii_end())))
    });
    d.transformation("s.rmws", "Without any white space.", |_, _| {
        simple(|text| keep(text, |byte| !byte.is_ascii_whitespace()))
    });
    d.transformation("s.unquote", "Without the quotes around it.", |_, _| {
        simple(unquote)
    });
    d.transformation("s.unbracket", "Without the brackets around it.", |_, _| {
        simple(unbracket)
    });
    d.transformation(
        "s.substr,offset,length",
        "A part; a negative offset counts from the end, length 0 is the rest.",
        |args, prepare| {
            at_least(args, 2)?;
            with_arguments(args, prepare, |text, args| {
                substr(text, number(args.first())?, number(args.get(1))?)
            })
        },
    );
    d.transformation(
        "s.select,index,separator",
        "The field at an index; a negative one counts from the end.",
        |args, prepare| {
            at_least(args, 2)?;
            // The separator may be the comma that separates arguments.
            let separator = args
                .get(1)
                .map(|arg| arg.source())
                .unwrap_or_default()
                .first()
                .copied()
                .unwrap_or(b',');
            let mut index = texts(args.get(..1).unwrap_or_default(), prepare)?;
            let index = index.pop().unwrap_or_else(|| policy::Text::literal("0"));
            Ok(Transform::new(move |context: &mut Context, value| {
                let wanted = script::parse_int(index.get(context).trim_ascii());
                super::with_text(value, |text| select(text, wanted?, separator))
            }))
        },
    );
    for (name, doc, from_end) in [
        (
            "s.strip,count",
            "Without so many octets at the front.",
            false,
        ),
        (
            "s.striptail,count",
            "Without so many octets at the end.",
            true,
        ),
    ] {
        match from_end {
            false => d.transformation(name, doc, |args, prepare| {
                with_arguments(args, prepare, |text, args| strip(text, args, false))
            }),
            true => d.transformation(name, doc, |args, prepare| {
                with_arguments(args, prepare, |text, args| strip(text, args, true))
            }),
        }
    }
    d.transformation(
        "s.prefixes,[longest]",
        "All beginnings, with commas between them.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                prefixes(text, number(args.first()), b"")
            })
        },
    );
    d.transformation(
        "s.prefixes.quoted,[longest]",
        "All beginnings in single quotes, with commas between them.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                prefixes(text, number(args.first()), b"'")
            })
        },
    );
    d.transformation(
        "s.ftime,format",
        "A number of Unix seconds printed as strftime does, local time.",
        |args, prepare| {
            at_least(args, 1)?;
            let mut format = texts(args, prepare)?;
            let format = format.swap_remove(0);
            Ok(Transform::new(move |context: &mut Context, value| {
                ftime(context, &value, &format)
            }))
        },
    );
}

fn to_int(text: &Bytes) -> Option<Value> {
    // The text stays as it was written, so that `+12` prints as `+12`.
    let digits = text
        .strip_prefix(b"-")
        .or_else(|| text.strip_prefix(b"+"))
        .unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    script::parse_int(text).map(Value::Int)
}

fn keep(text: &Bytes, wanted: fn(&u8) -> bool) -> Option<Value> {
    match text.iter().all(wanted) {
        true => Some(Value::Str(text.clone())),
        false => owned(text.iter().copied().filter(wanted).collect::<Vec<u8>>()),
    }
}

fn unquote(text: &Bytes) -> Option<Value> {
    match text.as_ref() {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => part(text, Some(inner)),
        whole => part(text, Some(whole)),
    }
}

fn unbracket(text: &Bytes) -> Option<Value> {
    match text.as_ref() {
        [b'(', inner @ .., b')']
        | [b'[', inner @ .., b']']
        | [b'{', inner @ .., b'}']
        | [b'<', inner @ .., b'>'] => part(text, Some(inner)),
        whole => part(text, Some(whole)),
    }
}

fn substr(text: &Bytes, offset: i64, length: i64) -> Option<Value> {
    let start = match usize::try_from(offset) {
        Ok(offset) => offset,
        Err(_) => text
            .len()
            .checked_sub(usize::try_from(offset.unsigned_abs()).ok()?)?,
    };
    if start >= text.len() {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    let end = if length == 0 {
        text.len()
    } else {
        start.saturating_add(length).min(text.len())
    };
    Some(Value::Str(text.slice(start..end)))
}

fn select(text: &Bytes, index: i64, separator: u8) -> Option<Value> {
    let mut fields = text.split(|byte| *byte == separator);
    let field = match usize::try_from(index) {
        Ok(index) => fields.nth(index),
        Err(_) => fields
            .rev()
            .nth(usize::try_from(index.unsigned_abs()).ok()?.checked_sub(1)?),
    };
    part(text, field)
}

fn strip(text: &Bytes, args: &[Bytes], from_end: bool) -> Option<Value> {
    let count = usize::try_from(number(args.first())?).ok()?.min(text.len());
    Some(Value::Str(if from_end {
        text.slice(..text.len() - count)
    } else {
        text.slice(count..)
    }))
}

/// The longest text that is taken apart into all its beginnings, whose sum grows with its square.
const LONGEST_PREFIXES: usize = 256;

fn prefixes(text: &Bytes, longest: Option<i64>, quote: &[u8]) -> Option<Value> {
    let longest = longest
        .and_then(|longest| usize::try_from(longest).ok())
        .filter(|longest| *longest > 0);
    let longest = longest
        .unwrap_or(text.len())
        .min(text.len())
        .min(LONGEST_PREFIXES);
    let mut out = Vec::new();
    for end in 1..=longest {
        if end > 1 {
            out.push(b',');
        }
        out.extend_from_slice(quote);
        out.extend_from_slice(text.get(..end)?);
        out.extend_from_slice(quote);
    }
    owned(out)
}

fn ftime(context: &mut Context, value: &Value, format: &policy::Text) -> Value {
    let unix_s = match value {
        Value::Int(number) => *number,
        Value::Str(text) => match std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.trim().parse().ok())
        {
            Some(number) => number,
            None => return Value::Null,
        },
        Value::Null => return Value::Null,
    };
    let format = format.get(context);
    let surroundings = &context.config.installed.surroundings;
    let since_1970_s = u64::try_from(unix_s).unwrap_or(0);
    let offset_s = surroundings.offset_s(since_1970_s);
    let zone = || surroundings.zone(since_1970_s).0;
    let at = super::super::strftime::moment(unix_s, offset_s);
    let format = String::from_utf8_lossy(&format);
    Value::Str(strftime(&format, at, &zone).into())
}
