//! `{line.*}`: lines of a text, such as a body.

use super::super::Pv;
use super::{at_least, number, owned, part, simple, with_arguments};
use bytes::Bytes;
use policy::Declaration;

pub(super) fn declare(d: &mut Declaration<Pv>) {
    d.transformation("line.count", "How many lines there are.", |_, _| {
        simple(|text| match text.is_empty() {
            true => None,
            false => owned(lines(text).count().to_string()),
        })
    });
    d.transformation(
        "line.at,index",
        "The line at an index; a negative one counts from the end.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                let found = match number(args.first())? {
                    index @ 0.. => lines(text).nth(usize::try_from(index).ok()?),
                    index => {
                        let back = usize::try_from(index.unsigned_abs()).ok()?;
                        lines(text)
                            .count()
                            .checked_sub(back)
                            .and_then(|at| lines(text).nth(at))
                    }
                };
                part(text, found)
            })
        },
    );
    d.transformation(
        "line.sw,text",
        "The first line that starts with a text.",
        |args, prepare| {
            at_least(args, 1)?;
            with_arguments(args, prepare, |text, args| {
                let front = args.first()?;
                part(text, lines(text).find(|line| line.starts_with(front)))
            })
        },
    );
}

/// The lines without their ends; a line end at the end begins no further line.
fn lines(text: &Bytes) -> impl Iterator<Item = &[u8]> {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    body.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}
