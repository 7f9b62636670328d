//! Request line and status line, RFC 3261 section 7.

use super::scan::Fault;
use crate::span::Piece;
use crate::{Method, ParseError, lex};

/// The parts of the first line; by default those of none.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartLine {
    pub(super) method: Method,
    pub(super) method_span: Piece,
    pub(super) uri: Piece,
    pub(super) version: Piece,
    pub(super) status: Option<u16>,
    pub(super) reason: Piece,
    /// Where its line end is.
    pub(super) end: u16,
}

impl Default for StartLine {
    fn default() -> StartLine {
        let none = Piece::default();
        StartLine {
            method: Method::Other,
            method_span: none,
            uri: none,
            version: none,
            status: None,
            reason: none,
            end: 0,
        }
    }
}

impl StartLine {
    /// The method with its octets; none in a reply.
    pub(super) fn method_of<'a>(&self, bytes: &'a [u8]) -> (Method, &'a [u8]) {
        (self.method, self.method_span.of(bytes))
    }
}

/// Reads `line`, which has no line end. Blanks inside the Request-URI stay there, for the URI
/// parser to refuse; blanks around it ask for a rewrite.
pub(super) fn parse(line: &[u8]) -> Result<StartLine, Fault> {
    let end = u16::try_from(line.len()).map_err(|_| Fault::Refuse(ParseError::StartLineTooLong))?;
    let is_reply = line
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"SIP/"));
    match is_reply {
        true => status_line(line, end).map_err(Fault::Refuse),
        false => request_line(line, end),
    }
}

fn request_line(line: &[u8], end: u16) -> Result<StartLine, Fault> {
    let first = memchr::memchr(b' ', line).ok_or(ParseError::NotSip)?;
    let method = &line[..first];
    if !lex::all_token(method) {
        return Err(ParseError::NotSip.into());
    }
    let last = memchr::memrchr(b' ', line).unwrap_or(first);
    let version = &line[last + 1..];
    let uri = line.get(first + 1..last).unwrap_or_default();
    let blank_edge = |text: &[u8]| text.len() != lex::trim(text).len();
    if version.is_empty() || blank_edge(version) || blank_edge(uri) {
        return Err(Fault::Rewrite);
    }
    if uri.is_empty() || !is_version(version) {
        return Err(ParseError::NotSip.into());
    }
    Ok(StartLine {
        method: Method::parse(method),
        method_span: Piece::new(0, first),
        uri: Piece::new(first + 1, last),
        version: Piece::new(last + 1, line.len()),
        status: None,
        reason: Piece::default(),
        end,
    })
}

fn status_line(line: &[u8], end: u16) -> Result<StartLine, ParseError> {
    let space = memchr::memchr(b' ', line).ok_or(ParseError::NotSip)?;
    let rest = &line[space + 1..];
    let code_len = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let status = match &rest[..code_len] {
        digits @ [_, _, _] => lex::decimal(digits).filter(|code| (100..700).contains(code)),
        _ => None,
    };
    let status = status
        .and_then(|code| u16::try_from(code).ok())
        .ok_or(ParseError::StatusCode)?;
    if !is_version(&line[..space]) {
        return Err(ParseError::NotSip);
    }
    let reason = (space + 1 + code_len + 1).min(line.len());
    Ok(StartLine {
        version: Piece::new(0, space),
        status: Some(status),
        reason: Piece::new(reason, line.len()),
        end,
        ..StartLine::default()
    })
}

/// `SIP/` and digits and dots, of any version.
fn is_version(text: &[u8]) -> bool {
    if text == b"SIP/2.0" {
        return true;
    }
    let number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    match text.split_at_checked(4) {
        Some((name, rest)) => {
            name.eq_ignore_ascii_case(b"SIP/") && !rest.is_empty() && rest.iter().all(number)
        }
        None => false,
    }
}
