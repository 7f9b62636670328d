//! `{s.*}` that look for a text in a text.

use super::super::Pv;
use super::super::part::int;
use super::{at_least, owned, part, with_arguments};
use bytes::{Bytes, BytesMut};
use policy::Declaration;
use script::Value;

pub(super) fn declare(d: &mut Declaration<Pv>) {
    d.transformation(
        "s.rm,text",
        "Without any occurrence of a text.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                replace(text, args.first()?.trim_ascii(), b"")
            })
        },
    );
    d.transformation(
        "s.replace,from,to",
        "With one text in place of another.",
        |args, prepare| {
            at_least(args, 2)?;
            with_arguments(args, prepare, |text, args| {
                replace(text, args.first()?.trim_ascii(), args.get(1)?.trim_ascii())
            })
        },
    );
    d.transformation(
        "s.count,text",
        "How often a text occurs.",
        |args, prepare| {
            // `{s.count,,}` counts commas.
            with_arguments(args, prepare, |text, args| {
                Some(int(places(text, needle(args)).len()))
            })
        },
    );
    d.transformation(
        "s.before,text",
        "What stands before the first occurrence; all without one.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                part(
                    text,
                    text.get(
                        ..places(text, needle(args))
                            .first()
                            .copied()
                            .unwrap_or(text.len()),
                    ),
                )
            })
        },
    );
    d.transformation(
        "s.after,text",
        "What stands behind the first occurrence; nothing without one.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                let needle = needle(args);
                part(
                    text,
                    places(text, needle)
                        .first()
                        .and_then(|at| text.get(at + needle.len()..)),
                )
            })
        },
    );
    d.transformation(
        "s.rbefore,text",
        "What stands before the last occurrence; all without one.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                part(
                    text,
                    text.get(
                        ..places(text, needle(args))
                            .last()
                            .copied()
                            .unwrap_or(text.len()),
                    ),
                )
            })
        },
    );
    d.transformation(
        "s.rafter,text",
        "What stands behind the last occurrence; nothing without one.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                let needle = needle(args);
                part(
                    text,
                    places(text, needle)
                        .last()
                        .and_then(|at| text.get(at + needle.len()..)),
                )
            })
        },
    );
}

/// The text to look for: the argument, or the comma that stands in for an empty one.
fn needle(args: &[Bytes]) -> &[u8] {
    match args {
        [] => b",",
        [only] if !only.is_empty() => only,
        _ => b",",
    }
}

/// Where `needle` begins in `text`, without overlaps; in linear time, since both may be a peer's.
fn places(text: &[u8], needle: &[u8]) -> Vec<usize> {
    match needle.is_empty() {
        true => Vec::new(),
        false => memchr::memmem::find_iter(text, needle).collect(),
    }
}

fn replace(text: &Bytes, from: &[u8], to: &[u8]) -> Option<Value> {
    let found = places(text, from);
    if found.is_empty() {
        return Some(Value::Str(text.clone()));
    }
    let mut out = BytesMut::with_capacity(text.len() + found.len() * to.len());
    let mut at = 0;
    for place in found {
        out.extend_from_slice(text.get(at..place)?);
        out.extend_from_slice(to);
        at = place + from.len();
    }
    out.extend_from_slice(text.get(at..)?);
    owned(out.freeze())
}
