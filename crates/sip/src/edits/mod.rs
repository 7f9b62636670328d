//! Changes to a message, as Kamailio's lumps: collected first, rendered once per branch.

mod reach;
mod render;
mod repair;
mod splice;

use crate::{HeaderId, Injection, Message, Span, lex};
use bytes::Bytes;
use std::net::IpAddr;

/// What is to be different in the message that goes out.
///
/// Offsets are those of the received message and stay valid whatever else is edited. Insertions at
/// one offset appear in the order they were made; removals may overlap; an insertion strictly
/// inside a removed range vanishes with it. A clone is one allocation and shares all text.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    ops: Vec<Op>,
    request_uri: Option<Bytes>,
    status: Option<(u16, Bytes)>,
    body: Option<Bytes>,
    content_type: Option<Bytes>,
    via: Option<Bytes>,
    record_routes: Vec<Bytes>,
    /// How many of `ops` come before the Record-Route.
    record_route_mark: Option<usize>,
    route_set: Option<Bytes>,
    received: Option<IpAddr>,
    rport: Option<u16>,
    drop_top_via: bool,
    content_length: bool,
}

/// What stood in some [`Edits`] before a hop added its own to them: see [`Edits::before_hop`].
#[derive(Debug)]
pub struct BeforeHop {
    ops: usize,
    request_uri: Option<Bytes>,
    via: Option<Bytes>,
    record_routes: usize,
    route_set: Option<Bytes>,
    received: Option<IpAddr>,
    rport: Option<u16>,
    content_length: bool,
}

/// Removes `start..end` and puts `text` where it began.
#[derive(Clone, Debug)]
struct Op {
    start: u32,
    end: u32,
    text: Bytes,
}

impl Edits {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
            && self.request_uri.is_none()
            && self.status.is_none()
            && self.body.is_none()
            && self.content_type.is_none()
            && self.via.is_none()
            && self.record_routes.is_empty()
            && self.route_set.is_none()
            && self.received.is_none()
            && self.rport.is_none()
            && !self.drop_top_via
            && !self.content_length
    }

    /// Takes out a range.
    pub fn remove(&mut self, span: Span) {
        self.replace(span, Bytes::new());
    }

    /// Puts `text` at an offset. In headers, bare line ends and empty lines that come of it are
    /// repaired when rendered.
    pub fn insert(&mut self, at: usize, text: impl Into<Bytes>) {
        self.replace(Span::from(at..at), text);
    }

    /// Puts `text` directly before a range, also when the range itself is removed.
    pub fn insert_before(&mut self, anchor: Span, text: impl Into<Bytes>) {
        self.insert(anchor.start as usize, text);
    }

    /// Puts `text` directly behind a range, also when the range itself is removed.
    pub fn insert_after(&mut self, anchor: Span, text: impl Into<Bytes>) {
        self.insert(anchor.end as usize, text);
    }

    /// Puts `text` in place of a range.
    pub fn replace(&mut self, span: Span, text: impl Into<Bytes>) {
        self.ops.push(Op {
            start: span.start,
            end: span.end.max(span.start),
            text: text.into(),
        });
    }

    /// Puts `text` in place of a range, and of what was put there before.
    pub fn amend(&mut self, span: Span, text: impl Into<Bytes>) {
        let same = |op: &&mut Op| op.start == span.start && op.end == span.end;
        match self.ops.iter_mut().rev().find(same) {
            Some(op) => op.text = text.into(),
            None => self.replace(span, text),
        }
    }

    /// What is put in place of exactly that range so far, in the order it was made; for an empty
    /// range, what is inserted there.
    pub fn texts_at(&self, span: Span) -> impl Iterator<Item = &Bytes> {
        let same = move |op: &&Op| op.start == span.start && op.end == span.end;
        self.ops.iter().filter(same).map(|op| &op.text)
    }

    /// Puts `text` in place of a range, also in place of what an earlier call put there.
    pub fn replace_again(&mut self, span: Span, text: impl Into<Bytes>) {
        let text = text.into();
        let same = |op: &&mut Op| (op.start, op.end) == (span.start, span.end);
        match self.ops.iter_mut().rev().find(same) {
            Some(op) => op.text = text,
            None => self.replace(span, text),
        }
    }

    /// Adds header lines behind the last header, as `append_hf` does. A line end is added to text
    /// without one.
    pub fn append_header(&mut self, message: &Message, lines: impl AsRef<[u8]>) {
        self.insert(message.headers_end(), whole_lines(lines.as_ref()));
    }

    /// Adds header lines before the first header, as `insert_hf` does. A line end is added to text
    /// without one.
    pub fn insert_header(&mut self, message: &Message, lines: impl AsRef<[u8]>) {
        self.insert(message.headers_start(), whole_lines(lines.as_ref()));
    }

    /// Removes every header of that name, in any case, compact and long forms alike; answers how
    /// many.
    pub fn remove_headers(&mut self, message: &Message, name: &[u8]) -> usize {
        let before = self.ops.len();
        message
            .named(name)
            .for_each(|header| self.remove(header.span));
        self.ops.len() - before
    }

    /// Sends another Request-URI.
    ///
    /// # Errors
    /// [`Injection`]: it is empty or holds a blank, a CR, a LF or a NUL.
    pub fn set_request_uri(&mut self, uri: impl Into<Bytes>) -> Result<(), Injection> {
        let uri = lex::one_line(uri.into())?;
        if uri.is_empty() || uri.iter().any(|&byte| lex::is_lws(byte)) {
            return Err(Injection);
        }
        self.request_uri = Some(uri);
        Ok(())
    }

    /// The Request-URI to be sent, where it was set.
    pub fn request_uri(&self) -> Option<&Bytes> {
        self.request_uri.as_ref()
    }

    /// Sends another status line.
    ///
    /// # Errors
    /// [`Injection`]: the code is not 100 to 699, or the reason holds a CR, a LF or a NUL.
    pub fn set_status(&mut self, code: u16, reason: impl Into<Bytes>) -> Result<(), Injection> {
        if !(100..700).contains(&code) {
            return Err(Injection);
        }
        self.status = Some((code, lex::one_line(reason.into())?));
        Ok(())
    }

    /// Sends another body; Content-Length follows. With a type, Content-Type is replaced or
    /// added; an empty body takes Content-Type away.
    ///
    /// # Errors
    /// [`Injection`]: the type holds a CR, a LF or a NUL.
    pub fn set_body(
        &mut self,
        body: impl Into<Bytes>,
        content_type: Option<Bytes>,
    ) -> Result<(), Injection> {
        if let Some(content_type) = content_type {
            self.content_type = Some(lex::one_line(content_type)?);
        }
        self.body = Some(body.into());
        Ok(())
    }

    /// The body to be sent, where it was set as a whole.
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Makes sure of a Content-Length, as every stream transport needs it.
    pub fn ensure_content_length(&mut self) {
        self.content_length = true;
    }

    /// The Via to put on top, its value without name and line end.
    ///
    /// # Errors
    /// [`Injection`]: it holds a CR, a LF or a NUL.
    pub fn set_via(&mut self, value: impl Into<Bytes>) -> Result<(), Injection> {
        self.via = Some(lex::one_line(value.into())?);
        Ok(())
    }

    /// Gives the Record-Route its place among the headers inserted before the first one: behind
    /// those inserted so far. Without a call it stands behind all of them.
    pub fn reserve_record_route(&mut self) {
        self.record_route_mark.get_or_insert(self.ops.len());
    }

    /// A Record-Route to put before the first header, its value without name and line end.
    /// Several keep their order; all stand before the Via of [`Edits::set_via`].
    ///
    /// # Errors
    /// [`Injection`]: it holds a CR, a LF or a NUL.
    pub fn add_record_route(&mut self, value: impl Into<Bytes>) -> Result<(), Injection> {
        let value = lex::one_line(value.into())?;
        // Nearly always it is the only one.
        self.record_routes.reserve_exact(1);
        self.record_routes.push(value);
        Ok(())
    }

    /// Whether a Record-Route of ours is to be added.
    pub fn has_record_route(&self) -> bool {
        !self.record_routes.is_empty()
    }

    /// The Record-Routes to be added, the first one on top.
    pub fn record_routes(&self) -> &[Bytes] {
        &self.record_routes
    }

    /// Adds another Record-Route in place of number `at` of [`Edits::record_routes`].
    ///
    /// # Errors
    /// [`Injection`]: it holds a CR, a LF or a NUL.
    pub fn replace_record_route(
        &mut self,
        at: usize,
        value: impl Into<Bytes>,
    ) -> Result<(), Injection> {
        let value = lex::one_line(value.into())?;
        if let Some(slot) = self.record_routes.get_mut(at) {
            *slot = value;
        }
        Ok(())
    }

    /// Whether a Via of ours is to be put on top.
    pub fn has_via(&self) -> bool {
        self.via.is_some()
    }

    /// A Route to put before the first Route, or behind the last header without one: the value,
    /// possibly a list, without name and line end.
    ///
    /// # Errors
    /// [`Injection`]: it holds a CR, a LF or a NUL.
    pub fn set_route_set(&mut self, value: impl Into<Bytes>) -> Result<(), Injection> {
        self.route_set = Some(lex::one_line(value.into())?);
        Ok(())
    }

    /// Notes in the top Via where the request came from: `received` always when given, the port
    /// as `rport` when given. What a peer wrote there itself is taken out.
    pub fn note_source(&mut self, received: Option<IpAddr>, rport: Option<u16>) {
        (self.received, self.rport) = (received, rport);
    }

    /// Remembers Request-URI, Via, source, Record-Routes, Route and Content-Length as they are, so that they can
    /// be set for one hop and then for another, and what is replaced from here on: cheaper than a clone for each.
    pub fn before_hop(&self) -> BeforeHop {
        BeforeHop {
            ops: self.ops.len(),
            request_uri: self.request_uri.clone(),
            via: self.via.clone(),
            record_routes: self.record_routes.len(),
            route_set: self.route_set.clone(),
            received: self.received,
            rport: self.rport,
            content_length: self.content_length,
        }
    }

    /// Takes back what was set since [`Edits::before_hop`].
    pub fn back_to(&mut self, before: BeforeHop) {
        self.ops.truncate(before.ops);
        self.request_uri = before.request_uri;
        self.via = before.via;
        self.record_routes.truncate(before.record_routes);
        self.route_set = before.route_set;
        (self.received, self.rport) = (before.received, before.rport);
        self.content_length = before.content_length;
    }

    /// Takes the top Via off, as a proxy does with a reply.
    pub fn drop_top_via(&mut self) {
        self.drop_top_via = true;
    }

    /// Whether a range of headers is to be removed whole.
    pub fn is_removed(&self, span: Span) -> bool {
        self.ops
            .iter()
            .any(|op| op.start <= span.start && op.end >= span.end && op.end > op.start)
    }

    /// Whether a header of that name is to be removed, every line of it.
    pub fn removes_all(&self, message: &Message, id: HeaderId) -> bool {
        message.all(id).all(|header| self.is_removed(header.span))
    }
}

fn whole_lines(lines: &[u8]) -> Bytes {
    let mut text = Vec::with_capacity(lines.len() + 2);
    text.extend_from_slice(lines);
    if !lines.ends_with(b"\n") {
        text.extend_from_slice(b"\r\n");
    }
    text.into()
}

#[cfg(test)]
mod tests;
