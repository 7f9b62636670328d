//! Bodies of several parts (RFC 2046 section 5.1).

use super::TextOps;
use super::body::MediaType;
use policy::{Context, Declaration, Level, Routes, Var};
use script::Value;
use sip::{Message, Span};
use std::ops::Range;

/// Parts beyond it are not looked at: a multipart body of a signalling message has a handful.
const MOST_PARTS: usize = 64;

pub(super) fn declare(d: &mut Declaration<TextOps>) {
    d.function(
        "filter_body(content_type)",
        "Of a multipart body, leaves only what the first part of this type holds; -1 where there is none.",
        Routes::ANY,
        filter_body,
    );
    d.function(
        "get_body_part(content_type, opv)",
        "Puts what the first part of this type holds into a variable; -1 where there is none.",
        Routes::ANY,
        get_body_part,
    );
    d.function(
        "get_body_part_raw(content_type, opv)",
        "The same with the part's own headers.",
        Routes::ANY,
        get_body_part_raw,
    );
    d.function(
        "remove_body_part(content_type)",
        "Takes the first part of this type out; -1 where there is none.",
        Routes::ANY,
        remove_body_part,
    );
    d.deviation(
        "get_body_part() and get_body_part_raw() give a part without the line ends and boundaries around it, \
         which Kamailio 5.6.3 leaves on some parts.",
    );
}

fn filter_body(_: &TextOps, context: &mut Context, media: &MediaType) -> bool {
    let message = context.message.clone();
    if boundary(&message).is_none() {
        context.log(Level::Warn, "textops", || "body not multipart".to_owned());
        return false;
    }
    let Some(part) = part_of(&message, media) else {
        return false;
    };
    let body = message.body_offset()..message.bytes().len();
    context
        .edits
        .remove(Span::from(body.start..part.content.start));
    context.edits.remove(Span::from(part.content.end..body.end));
    true
}

fn get_body_part(_: &TextOps, context: &mut Context, media: &MediaType, result: &Var) -> bool {
    let part = part_of(&context.message, media).map(|part| part.content);
    store(context, part, result)
}

fn get_body_part_raw(_: &TextOps, context: &mut Context, media: &MediaType, result: &Var) -> bool {
    let part = part_of(&context.message, media).map(|part| part.headers.start..part.content.end);
    store(context, part, result)
}

fn remove_body_part(_: &TextOps, context: &mut Context, media: &MediaType) -> bool {
    let Some(part) = part_of(&context.message, media) else {
        return false;
    };
    context.edits.remove(Span::from(part.whole));
    true
}

fn store(context: &mut Context, part: Option<Range<usize>>, result: &Var) -> bool {
    let Some(part) = part else {
        return false;
    };
    let text = context.message.bytes().slice(part);
    result.set(context, Value::Str(text))
}

/// One part, as places in the message.
struct Part {
    /// From its boundary line to the next one.
    whole: Range<usize>,
    /// Its headers with the empty line.
    headers: Range<usize>,
    /// What it holds, without the line end that belongs to the next boundary.
    content: Range<usize>,
}

fn part_of(message: &Message, media: &MediaType) -> Option<Part> {
    let bytes = message.bytes();
    let delimiter = [b"--", boundary(message)?].concat();
    let lines = delimiters(bytes, message.body_offset(), &delimiter);
    lines
        .windows(2)
        .filter_map(|pair| part(bytes, pair.first()?, pair.get(1)?))
        .find(|part| {
            let headers = bytes.get(part.headers.clone()).unwrap_or_default();
            content_type(headers).is_some_and(|value| media.is(value))
        })
}

/// The boundary of a multipart body.
fn boundary(message: &Message) -> Option<&[u8]> {
    let value = message.content_type()?;
    let (kind, params) = value.split_at(value.iter().position(|byte| *byte == b';')?);
    if !kind.get(..10)?.eq_ignore_ascii_case(b"multipart/") {
        return None;
    }
    let boundary = sip::Params::new(params).find_name(b"boundary")?.unquoted();
    (!boundary.is_empty()).then_some(boundary)
}

/// The lines that begin with the delimiter.
fn delimiters(bytes: &[u8], from: usize, delimiter: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(rest) = bytes
        .get(at..)
        .filter(|rest| !rest.is_empty() && found.len() <= MOST_PARTS)
    {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |line| at + line + 1);
        if rest.starts_with(delimiter) {
            found.push(at..end);
        }
        at = end;
    }
    found
}

fn part(bytes: &[u8], first: &Range<usize>, next: &Range<usize>) -> Option<Part> {
    let inside = bytes.get(first.end..next.start)?;
    let (headers, body) = match inside.windows(4).position(|four| four == b"\r\n\r\n") {
        _ if inside.starts_with(b"\r\n") => (first.end..first.end + 2, first.end + 2),
        Some(at) => (first.end..first.end + at + 4, first.end + at + 4),
        None => return None,
    };
    let text = bytes.get(body..next.start)?;
    let text = text.strip_suffix(b"\r\n").unwrap_or(text);
    Some(Part {
        whole: first.start..next.start,
        headers,
        content: body..body + text.len(),
    })
}

fn content_type(headers: &[u8]) -> Option<&[u8]> {
    headers.split(|byte| *byte == b'\n').find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii();
        let is = name.eq_ignore_ascii_case(b"Content-Type") || name.eq_ignore_ascii_case(b"c");
        is.then(|| value.get(1..).unwrap_or_default().trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const MESSAGE: &str = "INVITE sip:b@x SIP/2.0\nContent-Type: multipart/mixed;boundary=xyz\n\
        Content-Length: 107\n\n--xyz\nContent-Type: application/sdp\n\nv=0\ns=1\n--xyz\nContent-Type: text/plain\n\
        X: y\n\nhello\n--xyz--\n";

    fn ran(call: &str) -> (Vec<i32>, Vec<String>, String) {
        let script =
            format!("loadmodule \"textops\"\nrequest_route {{ {call}; rc(); note(\"$out(p)\"); }}");
        let ran = run(&script, MESSAGE);
        let body = ran
            .sent
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .unwrap_or_default();
        (ran.codes, ran.notes, body)
    }

    #[test]
    fn parts_are_found_by_type() {
        let (codes, notes, _) = ran("get_body_part(\"application/sdp\", \"$out(p)\")");
        assert_eq!((codes, notes), (vec![1], vec!["v=0\r\ns=1".to_owned()]));
        let (codes, notes, _) = ran("get_body_part_raw(\"text/plain\", \"$out(p)\")");
        assert_eq!(
            (codes, notes),
            (
                vec![1],
                vec!["Content-Type: text/plain\r\nX: y\r\n\r\nhello".to_owned()]
            )
        );
        assert_eq!(ran("get_body_part(\"text/xx\", \"$out(p)\")").0, [-1]);
    }

    #[test]
    fn a_body_is_filtered_to_one_part() {
        let (codes, _, body) = ran("filter_body(\"application/sdp\")");
        assert_eq!((codes, body), (vec![1], "v=0\r\ns=1".to_owned()));
        assert_eq!(ran("filter_body(\"text/html\")").0, [-1]);
    }

    #[test]
    fn a_part_is_taken_out_with_its_boundary() {
        let (codes, _, body) = ran("remove_body_part(\"text/plain\")");
        assert_eq!(codes, [1]);
        assert_eq!(
            body,
            "--xyz\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=1\r\n--xyz--\r\n"
        );
    }
}
