//! A reply to a request, RFC 3261 section 8.2.6.

use super::Content;
use crate::{Edits, Header, HeaderId, Injection, Message, Span, lex};
use bytes::Bytes;
use std::net::IpAddr;

/// A reply in the making. Via, From, To, Call-ID and CSeq are taken from the request as they stand
/// there, in the request's order as Kamailio sends them; then what was added, then Content-Length.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    request: &'a Message,
    status: u16,
    reason: Bytes,
    to_tag: Option<Bytes>,
    received: Option<IpAddr>,
    rport: Option<u16>,
    record_routes: bool,
    content: Content,
}

impl<'a> Reply<'a> {
    /// A reply with that status.
    ///
    /// # Errors
    /// [`Injection`]: the code is not 100 to 699, or the reason holds a CR, a LF or a NUL.
    pub fn new(
        request: &'a Message,
        status: u16,
        reason: impl Into<Bytes>,
    ) -> Result<Self, Injection> {
        if !(100..700).contains(&status) {
            return Err(Injection);
        }
        Ok(Self {
            request,
            status,
            reason: lex::one_line(reason.into())?,
            to_tag: None,
            received: None,
            rport: None,
            record_routes: false,
            content: Content::default(),
        })
    }

    /// The tag to put on To when the request has none there.
    ///
    /// # Errors
    /// [`Injection`]: it is no token.
    pub fn to_tag(mut self, tag: impl Into<Bytes>) -> Result<Self, Injection> {
        let tag = tag.into();
        if !lex::all_token(&tag) {
            return Err(Injection);
        }
        self.to_tag = Some(tag);
        Ok(self)
    }

    /// Notes in the top Via where the request came from, as [`Edits::note_source`].
    pub fn note_source(mut self, received: Option<IpAddr>, rport: Option<u16>) -> Self {
        (self.received, self.rport) = (received, rport);
        self
    }

    /// Copies Record-Route, as replies that form a dialog must.
    pub fn record_routes(mut self) -> Self {
        self.record_routes = true;
        self
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`Injection`]: the name is no token, or the value holds a CR, a LF or a NUL.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, Injection> {
        self.content.header(name, value.as_ref())?;
        Ok(self)
    }

    /// Adds whole header lines, each with its CRLF.
    ///
    /// # Errors
    /// [`Injection`]: a line is not `name: value CRLF`.
    pub fn lines(mut self, lines: impl AsRef<[u8]>) -> Result<Self, Injection> {
        self.content.lines(lines.as_ref())?;
        Ok(self)
    }

    /// The same, to stand below Content-Length.
    ///
    /// # Errors
    /// [`Injection`]: a line is not `name: value CRLF`.
    pub fn last_lines(mut self, lines: impl AsRef<[u8]>) -> Result<Self, Injection> {
        self.content.last_lines(lines.as_ref())?;
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

    /// Appends the reply to `out`.
    pub fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"SIP/2.0 ");
        lex::push_decimal(out, self.status);
        for part in [b" ", &self.reason[..], b"\r\n"] {
            out.extend_from_slice(part);
        }
        let mut first_via = true;
        for header in self.request.headers() {
            // Of what may stand once only, the first counts.
            let is_first = || {
                let first = self.request.header(header.id);
                first.is_some_and(|first| first.span == header.span)
            };
            match header.id {
                HeaderId::Via => self.push_via(out, header, std::mem::take(&mut first_via)),
                HeaderId::To if is_first() => self.push_to(out, header),
                HeaderId::From | HeaderId::CallId | HeaderId::CSeq if is_first() => {
                    self.copy(out, header.span);
                }
                HeaderId::RecordRoute if self.record_routes => self.copy(out, header.span),
                _ => {}
            }
        }
        self.content.finish(out);
    }

    /// The reply as octets of its own, without room that is not used: a transaction keeps them.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.request.headers_end() + 256);
        self.render(&mut out);
        out.into_boxed_slice().into()
    }

    fn copy(&self, out: &mut Vec<u8>, span: Span) {
        out.extend_from_slice(span.of(self.request.bytes()));
    }

    fn push_via(&self, out: &mut Vec<u8>, header: Header<'_>, is_top: bool) {
        if !is_top {
            return self.copy(out, header.span);
        }
        let mut edits = Edits::new();
        edits.note_source(self.received, self.rport);
        edits.render_via(self.request, header.span, out);
    }

    fn push_to(&self, out: &mut Vec<u8>, header: Header<'_>) {
        let has_tag = self.request.to().is_ok_and(|to| to.param(b"tag").is_some());
        match &self.to_tag {
            Some(tag) if !has_tag => {
                let end = header.value_span.end;
                self.copy(out, Span::new(header.span.start, end));
                out.extend_from_slice(b";tag=");
                out.extend_from_slice(tag);
                self.copy(out, Span::new(end, header.span.end));
            }
            _ => self.copy(out, header.span),
        }
    }
}
