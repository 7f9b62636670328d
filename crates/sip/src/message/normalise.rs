//! The slow path: a message in an odd spelling is copied into the canonical one.

use crate::{Limits, ParseError, lex};
use bytes::Bytes;

/// What was repaired in a message, beyond mere spelling. [`Message::check`](super::Message::check)
/// answers each with 400.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    /// A bare NUL or CR in start line or headers; each became a `?`.
    pub octets: bool,
    /// The data ended before the empty line; it was added.
    pub truncated: bool,
    /// Blanks around the parts of the start line; they were taken out.
    pub start_line: bool,
}

/// Copies `text` with CRLF line ends, names directly before their colons, no continuation lines of
/// white space only, and no bare NUL or CR before the body.
pub(super) fn normalise(text: &[u8], limits: &Limits) -> Result<(Bytes, Defects), ParseError> {
    let mut defects = Defects::default();
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut rest = text;
    let mut first = true;
    let mut quoted = false;
    loop {
        let line = take_line(&mut rest, limits)?;
        match line {
            Line::End => {
                defects.truncated = true;
                break;
            }
            Line::Text(b"") => break,
            Line::Text(line) if first => push_start_line(&mut out, line, &mut defects),
            Line::Text(line @ [b' ' | b'\t', ..]) => {
                push_fold(&mut out, line, &mut quoted, &mut defects)
            }
            Line::Text(line) => {
                quoted = false;
                push_header(&mut out, line, &mut quoted, &mut defects)?;
            }
        }
        first = false;
        if out.len() > usize::from(limits.header_bytes) {
            return Err(ParseError::HeadersTooLong);
        }
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(rest);
    Ok((out.into(), defects))
}

enum Line<'a> {
    Text(&'a [u8]),
    End,
}

/// Takes one physical line off `rest`. A CR belongs to the line end only directly before the LF.
fn take_line<'a>(rest: &mut &'a [u8], limits: &Limits) -> Result<Line<'a>, ParseError> {
    if rest.is_empty() {
        return Ok(Line::End);
    }
    let (line, tail) = match memchr::memchr(b'\n', rest) {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (*rest, &rest[rest.len()..]),
    };
    let ended = line.len() < rest.len();
    *rest = tail;
    match line.strip_suffix(b"\r") {
        Some(line) => Ok(Line::Text(line)),
        None if ended && !limits.bare_lf => Err(ParseError::BareLf),
        None => Ok(Line::Text(line)),
    }
}

/// Keeps one blank between method, Request-URI and version; blanks inside the Request-URI stay,
/// for the URI parser to refuse.
fn push_start_line(out: &mut Vec<u8>, line: &[u8], defects: &mut Defects) {
    let text = lex::trim(line);
    let is_reply = text
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"SIP/"));
    let blanks = (memchr::memchr(b' ', text), memchr::memrchr(b' ', text));
    let (Some(first), Some(last), false) = (blanks.0, blanks.1, is_reply) else {
        return push_text(out, line, &mut false, defects);
    };
    let uri = lex::trim(&text[first..last]);
    let repaired = [&text[..first], uri, &text[last + 1..]].join(&b' ');
    defects.start_line |= repaired != line;
    push_text(out, &repaired, &mut false, defects);
}

fn push_fold(out: &mut Vec<u8>, line: &[u8], quoted: &mut bool, defects: &mut Defects) {
    if !lex::trim(line).is_empty() {
        push_text(out, line, quoted, defects);
    }
}

fn push_header(
    out: &mut Vec<u8>,
    line: &[u8],
    quoted: &mut bool,
    defects: &mut Defects,
) -> Result<(), ParseError> {
    let colon = memchr::memchr(b':', line).ok_or(ParseError::HeaderName)?;
    let mut name = &line[..colon];
    while let [shorter @ .., b' ' | b'\t'] = name {
        name = shorter;
    }
    if !lex::all_token(name) {
        return Err(ParseError::HeaderName);
    }
    out.extend_from_slice(name);
    push_text(out, &line[colon..], quoted, defects);
    Ok(())
}

/// Adds `text` and a CRLF, with `?` for each octet that must not be sent on. A NUL behind a
/// backslash in a quoted string is no bare one (RFC 3261 section 25.1, `quoted-pair`) and stays.
/// `quoted` tells whether a quoted string is open, across folds.
fn push_text(out: &mut Vec<u8>, text: &[u8], quoted: &mut bool, defects: &mut Defects) {
    let mut escaped = false;
    for &byte in text {
        let bare = byte == b'\r' || byte == 0 && !escaped;
        defects.octets |= bare;
        out.push(if bare { b'?' } else { byte });
        *quoted ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && *quoted && !escaped;
    }
    out.extend_from_slice(b"\r\n");
}
