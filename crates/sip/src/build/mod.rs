//! Messages of our own: replies, ACK, CANCEL, requests.

mod follow_up;
mod reply;
mod request;

pub use follow_up::{ack, cancel};
pub use reply::Reply;
pub use request::Request;

use crate::{Injection, lex};
use bytes::Bytes;
use std::borrow::Cow;

/// Header lines and a body, collected with care: no text breaks out of its line.
#[derive(Clone, Debug, Default)]
struct Content {
    lines: Vec<u8>,
    /// Lines below Content-Length.
    last_lines: Vec<u8>,
    content_type: Option<Bytes>,
    body: Bytes,
}

impl Content {
    fn header(&mut self, name: &str, value: &[u8]) -> Result<(), Injection> {
        if !lex::all_token(name.as_bytes()) {
            return Err(Injection);
        }
        push_line(&mut self.lines, name, lex::one_line(value)?);
        Ok(())
    }

    /// Takes whole lines, each `name: value CRLF`.
    fn lines(&mut self, lines: &[u8]) -> Result<(), Injection> {
        check_lines(lines)?;
        self.lines.extend_from_slice(lines);
        Ok(())
    }

    /// The same, to stand below Content-Length.
    fn last_lines(&mut self, lines: &[u8]) -> Result<(), Injection> {
        check_lines(lines)?;
        self.last_lines.extend_from_slice(lines);
        Ok(())
    }

    fn body(&mut self, content_type: Bytes, body: Bytes) -> Result<(), Injection> {
        self.content_type = Some(lex::one_line(content_type)?);
        self.body = body;
        Ok(())
    }

    /// Writes the lines, Content-Type where there is a body, Content-Length, and the body.
    fn finish(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.lines);
        if let Some(content_type) = self.content_type.as_ref().filter(|_| !self.body.is_empty()) {
            push_line(out, "Content-Type", content_type);
        }
        push_line(
            out,
            "Content-Length",
            self.body.len().to_string().as_bytes(),
        );
        out.extend_from_slice(&self.last_lines);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
    }
}

/// Header lines as they may stand in a message: each `name: value CRLF`. A bare LF becomes CRLF, and the
/// last line may lack its end.
///
/// # Errors
/// [`Injection`]: a line is no `name: value`, or there is none.
pub fn header_lines(text: &[u8]) -> Result<Cow<'_, [u8]>, Injection> {
    if !text.is_empty() && check_lines(text).is_ok() {
        return Ok(Cow::Borrowed(text));
    }
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut lines = Vec::with_capacity(text.len() + 2);
    for line in text.split(|&byte| byte == b'\n') {
        lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        lines.extend_from_slice(b"\r\n");
    }
    check_lines(&lines)?;
    Ok(Cow::Owned(lines))
}

/// That every line is `name: value CRLF`.
fn check_lines(lines: &[u8]) -> Result<(), Injection> {
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\r\n").ok_or(Injection)?;
        let colon = memchr::memchr(b':', text).ok_or(Injection)?;
        if !lex::all_token(&text[..colon]) {
            return Err(Injection);
        }
        lex::one_line(text)?;
    }
    Ok(())
}

fn push_line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
