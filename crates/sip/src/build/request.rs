//! A request of our own.

use super::Content;
use crate::{Injection, lex};
use bytes::Bytes;

/// A request in the making. Headers appear in the order they are added; Content-Length is last.
#[derive(Clone, Debug)]
pub struct Request {
    start: Vec<u8>,
    method: Bytes,
    content: Content,
}

impl Request {
    /// A request with that method and Request-URI.
    ///
    /// # Errors
    /// [`Injection`]: the method is no token, or the URI is empty or holds a blank, a CR, a LF or
    /// a NUL.
    pub fn new(method: impl Into<Bytes>, uri: impl AsRef<[u8]>) -> Result<Self, Injection> {
        let (method, uri) = (method.into(), lex::one_line(uri.as_ref())?);
        if !lex::all_token(&method) || uri.is_empty() || uri.iter().any(|&b| lex::is_lws(b)) {
            return Err(Injection);
        }
        let start = [&method[..], b" ", uri, b" SIP/2.0\r\n"].concat();
        Ok(Self {
            start,
            method,
            content: Content::default(),
        })
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`Injection`]: the name is no token, or the value holds a CR, a LF or a NUL.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, Injection> {
        self.content.header(name, value.as_ref())?;
        Ok(self)
    }

    /// Adds the CSeq of that number and the request's method.
    pub fn cseq(mut self, number: u32) -> Self {
        let value = [number.to_string().as_bytes(), b" ", &self.method[..]].concat();
        super::push_line(&mut self.content.lines, "CSeq", &value);
        self
    }

    /// Adds whole header lines, each with its CRLF.
    ///
    /// # Errors
    /// [`Injection`]: a line is not `name: value CRLF`.
    pub fn lines(mut self, lines: impl AsRef<[u8]>) -> Result<Self, Injection> {
        self.content.lines(lines.as_ref())?;
        Ok(self)
    }

    /// Adds a body.
    ///
    /// # Errors
    /// [`Injection`]: the type holds a CR, a LF or a NUL.
    pub fn body(
        mut self,
        content_type: impl Into<Bytes>,
        body: impl Into<Bytes>,
    ) -> Result<Self, Injection> {
        self.content.body(content_type.into(), body.into())?;
        Ok(self)
    }

    /// Appends the request to `out`.
    pub fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.start);
        self.content.finish(out);
    }

    /// The request as octets of its own.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.start.len() + self.content.lines.len() + 64);
        self.render(&mut out);
        out.into()
    }
}
