//! A message and its edits become octets.

use super::repair::repair;
use super::splice::{Change, Changes, splice};
use super::{Edits, Op};
use crate::message::{Kept, Run};
use crate::{HeaderId, Message, Params, Rewritten, Span, lex};
use bytes::Bytes;
use std::borrow::Cow;

/// Octets of a start line that are added at most as a rule: a longer one costs another allocation.
const START_LINE: usize = 64;

impl Edits {
    /// Appends the edited message to `out` in one pass.
    ///
    /// What is not edited goes byte for byte. Whatever the edits were, the headers written hold no
    /// bare CR, LF or NUL and no empty line: an inserted bare LF becomes CRLF, a bare CR or a NUL
    /// becomes `?`, and a line left empty is taken out.
    pub fn render(&self, message: &Message, out: &mut Vec<u8>) {
        self.render_noting(message, out, None);
    }

    /// The edited message, without room that is not used: what is sent is kept for retransmissions.
    pub fn to_bytes(&self, message: &Message) -> Bytes {
        let mut out = Vec::new();
        self.render(message, &mut out);
        out.into_boxed_slice().into()
    }

    /// The edited message, with what of it stands as it stood: it is read again at less cost.
    pub fn rewrite(&self, message: &Message) -> Rewritten {
        let mut out = Vec::new();
        let mut kept = Kept::new();
        self.render_noting(message, &mut out, Some(&mut kept));
        Rewritten::new(out.into_boxed_slice().into(), kept)
    }

    fn render_noting(&self, message: &Message, out: &mut Vec<u8>, mut kept: Option<&mut Kept>) {
        let source = &message.bytes()[..];
        let mut changes = self.changes(message);
        changes.sort_by_key(|change| change.start);
        out.reserve(self.room(source, &changes));
        let is_kept = self.push_start_line(message, out);
        let headers = out.len();
        if let Some(kept) = kept.as_deref_mut().filter(|_| is_kept) {
            kept.push(Run {
                old: Span::from(0..message.headers_start()),
                new_start: 0,
            });
        }
        let range = message.headers_start()..message.headers_end();
        splice(source, range, &changes, |piece| {
            if let Some(kept) = kept.as_deref_mut() {
                note_kept(source, piece, out.len(), kept);
            }
            out.extend_from_slice(piece)
        });
        if !self.keeps_lines(message)
            && repair(out, headers)
            && let Some(kept) = kept
        {
            kept.clear();
        }
        out.extend_from_slice(b"\r\n");
        if let Some(body) = &self.body {
            return out.extend_from_slice(body);
        }
        let body = message.body_offset()..source.len();
        splice(source, body, &changes, |piece| out.extend_from_slice(piece));
    }

    /// Octets that the edited message takes, as a rule. It is kept for retransmissions, so that room which is not used is
    /// memory held.
    fn room(&self, source: &[u8], changes: &[Change<'_>]) -> usize {
        let body = self.body.as_ref().map_or(0, Bytes::len);
        let added: usize = changes.iter().map(|change| change.text.len()).sum();
        let removed: usize = changes.iter().map(|change| change.end - change.start).sum();
        let is_begun_anew = self.request_uri.is_some() || self.status.is_some();
        let begin = if is_begun_anew { START_LINE } else { 0 };
        (source.len() + added + body + begin).saturating_sub(removed)
    }

    /// Appends one Via line of the message with the source noted in it, for a reply of ours.
    pub(crate) fn render_via(&self, message: &Message, span: Span, out: &mut Vec<u8>) {
        self.render_source(message, span, true, out);
    }

    /// Appends the top Via value of the message, which lies there, with the source noted in it.
    pub fn render_noted(&self, message: &Message, top_via: Span, out: &mut Vec<u8>) {
        self.render_source(message, top_via, false, out);
    }

    fn render_source(&self, message: &Message, span: Span, at_end: bool, out: &mut Vec<u8>) {
        let mut changes = Changes::new();
        self.push_source(message, at_end, &mut changes);
        changes.sort_by_key(|change| change.start);
        splice(message.bytes(), span.range(), &changes, |piece| {
            out.extend_from_slice(piece)
        });
    }

    /// True where it stays as it was.
    fn push_start_line(&self, message: &Message, out: &mut Vec<u8>) -> bool {
        let mut stays = false;
        match (&self.request_uri, &self.status) {
            (Some(uri), _) if message.is_request() && uri != message.request_uri() => {
                push_all(
                    out,
                    &[message.method_bytes(), b" ", uri, b" ", message.version()],
                );
            }
            (_, Some((code, reason))) if !message.is_request() => {
                let code = code.to_string();
                push_all(
                    out,
                    &[message.version(), b" ", code.as_bytes(), b" ", reason],
                );
            }
            _ => {
                out.extend_from_slice(message.start_line());
                stays = true;
            }
        }
        out.extend_from_slice(b"\r\n");
        stays
    }

    /// Every change, those that follow from others included, in the order they apply at one
    /// offset: the script's own and Record-Route as they were made, then Via.
    fn changes<'a>(&'a self, message: &'a Message) -> Changes<'a> {
        let mut changes = Changes::new();
        let mark = self
            .record_route_mark
            .unwrap_or(self.ops.len())
            .min(self.ops.len());
        let (before, behind) = self.ops.split_at(mark);
        changes.extend(before.iter().map(Op::change));
        for value in &self.record_routes {
            add_line(&mut changes, message.headers_start(), "Record-Route", value);
        }
        changes.extend(behind.iter().map(Op::change));
        self.push_hop(message, &mut changes);
        self.push_content_type(message, &mut changes);
        self.push_content_length(message, &mut changes);
        changes
    }

    /// What a proxy adds and takes per hop.
    fn push_hop<'a>(&'a self, message: &'a Message, changes: &mut Changes<'a>) {
        if self.drop_top_via {
            remove(changes, top_via_span(message));
        } else {
            self.push_source(message, false, changes);
        }
        if let Some(value) = &self.via {
            let first = message
                .header(HeaderId::Via)
                .map(|header| header.span.start as usize);
            add_line(
                changes,
                first.unwrap_or(message.headers_start()),
                "Via",
                value,
            );
        }
        if let Some(value) = &self.route_set {
            let first = message
                .header(HeaderId::Route)
                .map(|header| header.span.start as usize);
            add_line(
                changes,
                first.unwrap_or(message.headers_end()),
                "Route",
                value,
            );
        }
    }

    /// Notes the source as Kamailio does: `rport` where the peer asked for it, `received` behind
    /// the sent-by (in a reply of ours at the end of the value); either goes there too when the
    /// peer did not ask.
    fn push_source(&self, message: &Message, at_end: bool, changes: &mut Changes<'_>) {
        if self.received.is_none() && self.rport.is_none() {
            return;
        }
        let Ok(via) = message.top_via() else { return };
        let Some(sent_by) = Span::find(message.bytes(), via.sent_by) else {
            return;
        };
        let mut rport = self.rport;
        let params = match (via.received, via.rport) {
            (None, None) => Params::default(),
            _ => via.params,
        };
        for param in params {
            let Some(span) = Span::find(message.bytes(), param.raw) else {
                continue;
            };
            if param.is(b"received") && self.received.is_some() {
                remove(changes, with_semicolon(message.bytes(), span));
            } else if param.is(b"rport")
                && let Some(port) = rport.take()
            {
                remove(changes, span);
                add(changes, span.start as usize, rport_note(port));
            }
        }
        let mut note = Vec::new();
        if let Some(address) = self.received {
            note.extend_from_slice(b";received=");
            lex::push_address(&mut note, address);
        }
        if let Some(port) = rport {
            note.push(b';');
            note.extend_from_slice(&rport_note(port));
        }
        if !note.is_empty() {
            let at = if at_end { via.span.end } else { sent_by.end };
            add(changes, at as usize, note);
        }
    }

    fn push_content_type(&self, message: &Message, changes: &mut Changes<'_>) {
        let emptied = self.body.as_ref().is_some_and(|body| body.is_empty());
        if !emptied && self.content_type.is_none() {
            return;
        }
        for header in message.all(HeaderId::ContentType) {
            remove(changes, header.span);
        }
        if let Some(value) = self.content_type.as_ref().filter(|_| !emptied) {
            add_line(changes, message.headers_end(), "Content-Type", value);
        }
    }

    /// Corrects Content-Length in place when the body changes, or adds one where it must be.
    fn push_content_length<'a>(&'a self, message: &'a Message, changes: &mut Changes<'a>) {
        let body = message.body_offset();
        let edited = self.body.is_some() || changes.iter().any(|change| change.start >= body);
        let mut kept = message
            .all(HeaderId::ContentLength)
            .filter(|header| !self.is_removed(header.span));
        let first = kept.next();
        let wanted = self.content_length && first.is_none();
        if !(edited || wanted) {
            return;
        }
        let digits = self.body_len(message, changes).to_string();
        match first {
            Some(first) => {
                remove(changes, first.value_span);
                add(
                    changes,
                    first.value_span.start as usize,
                    digits.into_bytes(),
                );
                kept.for_each(|again| remove(changes, again.span));
            }
            None => add_line(
                changes,
                message.headers_end(),
                "Content-Length",
                digits.as_bytes(),
            ),
        }
    }

    /// How long the body will be.
    fn body_len(&self, message: &Message, changes: &Changes<'_>) -> usize {
        if let Some(body) = &self.body {
            return body.len();
        }
        let mut sorted = changes.clone();
        sorted.sort_by_key(|change| change.start);
        let source = message.bytes();
        let mut length = 0;
        splice(
            source,
            message.body_offset()..source.len(),
            &sorted,
            |piece| length += piece.len(),
        );
        length
    }
}

/// Notes a piece that goes as it stands in the source.
fn note_kept(source: &[u8], piece: &[u8], written: usize, kept: &mut Kept) {
    if let Some(old) = Span::find(source, piece).filter(|old| !old.is_empty()) {
        let new_start = Span::from(written..written).start;
        kept.push(Run { old, new_start });
    }
}

impl Op {
    fn change(&self) -> Change<'_> {
        let text = Cow::Borrowed(&self.text[..]);
        Change {
            start: self.start as usize,
            end: self.end as usize,
            text,
        }
    }
}

fn add(changes: &mut Changes<'_>, at: usize, text: Vec<u8>) {
    changes.push(Change {
        start: at,
        end: at,
        text: Cow::Owned(text),
    });
}

fn add_line(changes: &mut Changes<'_>, at: usize, name: &str, value: &[u8]) {
    let mut line = Vec::with_capacity(name.len() + value.len() + 4);
    push_all(&mut line, &[name.as_bytes(), b": ", value, b"\r\n"]);
    add(changes, at, line);
}

fn remove(changes: &mut Changes<'_>, span: Span) {
    let Span { start, end } = span;
    changes.push(Change {
        start: start as usize,
        end: end as usize,
        text: Cow::Borrowed(b""),
    });
}

fn rport_note(port: u16) -> Vec<u8> {
    let mut note = b"rport=".to_vec();
    lex::push_decimal(&mut note, port);
    note
}

/// The top Via value with the comma behind it, or its whole line when it stands alone there.
fn top_via_span(message: &Message) -> Span {
    let Some(line) = message.header(HeaderId::Via) else {
        return Span::default();
    };
    if message.has_plain_via() {
        return line.span;
    }
    let next = crate::split_values(line.value).nth(1);
    match next.and_then(|next| Span::find(message.bytes(), next)) {
        Some(next) => Span::new(line.value_span.start, next.start),
        None => line.span,
    }
}

/// A parameter with the semicolon before it.
fn with_semicolon(bytes: &[u8], param: Span) -> Span {
    let before = bytes.get(..param.start as usize).unwrap_or_default();
    let start = memchr::memrchr(b';', before).unwrap_or(before.len());
    Span::from(start..param.end as usize)
}

fn push_all(out: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
}
