//! Content-Length, read strictly: RFC 3261 20.14, and what other readers might see in its place.

use super::{FaultKind, is_token};

/// Digits of a length. More cannot be a length that any limit allows.
const MAX_DIGITS: usize = 10;

/// The length of the body that a whole head announces, `None` if it announces none.
pub(super) fn content_length(head: &[u8]) -> Result<Option<usize>, FaultKind> {
    let mut length = None;
    let mut lines = Lines { rest: head };
    lines.next();
    let mut previous = Line::Start;
    for line in lines {
        let this = classify(line, previous)?;
        if let Line::Length(value) = this
            && length.replace(value).is_some()
        {
            return Err(FaultKind::LengthTwice);
        }
        previous = this;
    }
    Ok(length)
}

/// What a line of the head is.
#[derive(Clone, Copy)]
enum Line {
    Start,
    Length(usize),
    Other,
}

fn classify(line: &[u8], previous: Line) -> Result<Line, FaultKind> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return continuation(trim_blanks(line), previous);
    }
    let (name, value) = split(line);
    if is_length(name) {
        return value
            .map_or(Err(FaultKind::LengthNameInDoubt), number)
            .map(Line::Length);
    }
    if is_in_doubt(name) {
        return Err(FaultKind::LengthNameInDoubt);
    }
    Ok(Line::Other)
}

/// A line that begins with a blank belongs to the one before; not so for a reader that knows no folds.
fn continuation(text: &[u8], previous: Line) -> Result<Line, FaultKind> {
    match previous {
        Line::Start => Err(FaultKind::FoldedStartLine),
        Line::Length(_) => Err(FaultKind::LengthNotANumber),
        Line::Other if text.is_empty() => Err(FaultKind::BlankLine),
        Line::Other => {
            let (name, value) = split(text);
            if value.is_some() && is_length(&squeezed(name)) {
                return Err(FaultKind::LengthNameInDoubt);
            }
            Ok(Line::Other)
        }
    }
}

/// Name and value around the first colon.
fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b':', line) {
        Some(at) => (
            line.get(..at).unwrap_or(line),
            Some(line.get(at + 1..).unwrap_or_default()),
        ),
        None => (line, None),
    }
}

/// Whether a name is Content-Length or its compact form.
fn is_length(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l")
}

/// Whether a name is Content-Length for a reader that skips blanks, control or foreign bytes, or
/// that takes the first word for the name. Costs a copy of what is no honest name.
fn is_in_doubt(name: &[u8]) -> bool {
    if name.iter().all(|b| is_token(*b)) {
        return false;
    }
    let mut words = name.split(|b| !is_token(*b));
    is_length(&squeezed(name)) || words.find(|word| !word.is_empty()).is_some_and(is_length)
}

/// A name without what no name may hold.
fn squeezed(name: &[u8]) -> Vec<u8> {
    name.iter().copied().filter(|b| is_token(*b)).collect()
}

/// Plain digits between blanks.
fn number(value: &[u8]) -> Result<usize, FaultKind> {
    let digits = trim_blanks(value);
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return Err(FaultKind::LengthNotANumber);
    }
    let value = digits
        .iter()
        .fold(0u64, |n, d| n * 10 + u64::from(d - b'0'));
    usize::try_from(value).map_err(|_| FaultKind::LengthNotANumber)
}

/// Only blank and tab are blanks; a vertical tab is not.
fn trim_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Lines of a head whose line ends are known to be CRLF, up to the empty one.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(b'\r', self.rest)?;
        let line = self.rest.get(..end)?;
        self.rest = self.rest.get(end + 2..).unwrap_or_default();
        (!line.is_empty()).then_some(line)
    }
}
