//! A byte stream becomes whole messages: RFC 3261 18.3, keep-alives of RFC 5626 3.5.1.
//!
//! Two readers that disagree about where a message ends are how requests are smuggled. So there is
//! one way to say it, and any doubt is a [`Fault`]: the connection is closed and no disputed byte
//! is ever read as a message.

mod fault;
mod head;
mod length;

use bytes::{Bytes, BytesMut};

pub use fault::{Fault, FaultKind};

use crate::{Instant, Limits};
use head::{HeadScan, Scanned};

/// What came out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One whole message, head and body.
    Message(Bytes),
    /// A double CRLF between messages: answer with a single one (RFC 5626 4.4.1).
    Ping,
    /// The stream cannot be read on. Answer if the fault has a status, then close.
    Fault(Fault),
}

/// The framing of one connection. Holds what has arrived of one message and nothing when idle.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    state: State,
    /// When the started message must be whole.
    deadline: Option<Instant>,
    max_head_bytes: usize,
    max_message_bytes: usize,
    max_message_ms: u64,
    /// `tcp_accept_no_cl`.
    accept_no_length: bool,
}

#[derive(Debug)]
enum State {
    /// Between messages; the flag tells that one CRLF of a ping has come.
    Between {
        crlf: bool,
    },
    Head(HeadScan),
    Body {
        message_bytes: usize,
    },
    Faulted,
}

impl Framer {
    /// A framer for a new connection. With `accept_no_length` (Kamailio's `tcp_accept_no_cl`) a
    /// message without Content-Length has no body; else it is a fault, as RFC 3261 20.14 wants.
    pub fn new(limits: &Limits, accept_no_length: bool) -> Self {
        Framer {
            buffer: BytesMut::new(),
            state: State::Between { crlf: false },
            deadline: None,
            max_head_bytes: limits.max_head_bytes,
            max_message_bytes: limits.max_message_bytes,
            max_message_ms: limits.max_message_ms,
            accept_no_length,
        }
    }

    /// Takes what was read from the connection. Call [`Framer::next_event`] until it has no more.
    pub fn feed(&mut self, chunk: &[u8]) {
        if !matches!(self.state, State::Faulted) {
            self.buffer.extend_from_slice(chunk);
        }
    }

    /// The next event of what has been fed, `None` when more bytes are needed.
    pub fn next_event(&mut self, now: Instant) -> Option<Event> {
        loop {
            let event = match self.state {
                State::Between { .. } => self.between(now)?,
                State::Head(_) => self.head()?,
                State::Body { message_bytes } => Some(self.body(message_bytes)?),
                State::Faulted => return None,
            };
            if event.is_some() {
                return event;
            }
        }
    }

    /// When a started message must be whole. Call [`Framer::expire`] then.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The fault of a peer that is too slow, if it is.
    pub fn expire(&mut self, now: Instant) -> Option<Event> {
        (self.deadline? <= now).then(|| self.fault(FaultKind::Slow))
    }

    /// Whether the connection is between messages, so that closing it breaks nothing.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Between { .. }) && self.buffer.is_empty()
    }

    /// Skips line ends before a message (RFC 3261 7.5) and sees pings in them.
    /// Outer `None`: more bytes needed. Inner `None`: the state has changed.
    fn between(&mut self, now: Instant) -> Option<Option<Event>> {
        let State::Between { crlf } = self.state else {
            return Some(None);
        };
        let event = match (self.buffer.first().copied(), self.buffer.get(1).copied()) {
            (None, _) => {
                self.buffer = BytesMut::new();
                return None;
            }
            (Some(b'\r'), None) => return None,
            (Some(b'\r'), Some(b'\n')) => {
                let _ = self.buffer.split_to(2);
                self.state = State::Between { crlf: !crlf };
                crlf.then_some(Event::Ping)
            }
            (Some(first), _) if is_token(first) => {
                self.state = State::Head(HeadScan::default());
                self.deadline = Some(now.after_ms(self.max_message_ms));
                None
            }
            _ => Some(self.fault(FaultKind::NotSip)),
        };
        Some(event)
    }

    fn head(&mut self) -> Option<Option<Event>> {
        let State::Head(scan) = &mut self.state else {
            return Some(None);
        };
        let event = match scan.advance(&self.buffer, self.max_head_bytes) {
            Scanned::More => return None,
            Scanned::Bad(kind, head_bytes) => Some(self.fault_after(kind, head_bytes)),
            Scanned::End(head_bytes) => self.body_length(head_bytes),
        };
        Some(event)
    }

    /// The head is whole: how long is the body?
    fn body_length(&mut self, head_bytes: usize) -> Option<Event> {
        let head = self.buffer.get(..head_bytes).unwrap_or_default();
        let body_bytes = match length::content_length(head) {
            Ok(Some(body_bytes)) => body_bytes,
            Ok(None) if self.accept_no_length => 0,
            Ok(None) => return Some(self.fault_after(FaultKind::NoLength, head_bytes)),
            Err(kind) => return Some(self.fault_after(kind, head_bytes)),
        };
        match head_bytes.checked_add(body_bytes) {
            Some(message_bytes) if message_bytes <= self.max_message_bytes => {
                self.state = State::Body { message_bytes };
                None
            }
            _ => Some(self.fault_after(FaultKind::MessageTooLarge, head_bytes)),
        }
    }

    fn body(&mut self, message_bytes: usize) -> Option<Event> {
        if self.buffer.len() < message_bytes {
            return None;
        }
        let message = self.buffer.split_to(message_bytes).freeze();
        self.state = State::Between { crlf: false };
        self.deadline = None;
        Some(Event::Message(message))
    }

    fn fault(&mut self, kind: FaultKind) -> Event {
        self.fault_after(kind, 0)
    }

    /// Ends the stream; a head of `head_bytes` goes with the fault, so that a reply can be built.
    fn fault_after(&mut self, kind: FaultKind, head_bytes: usize) -> Event {
        let head_bytes = head_bytes.min(self.buffer.len());
        let head = self.buffer.split_to(head_bytes).freeze();
        self.buffer = BytesMut::new();
        self.state = State::Faulted;
        self.deadline = None;
        Event::Fault(Fault { kind, head })
    }
}

/// Whether a byte may stand in a `token` (RFC 3261 25.1), as the first byte of every message does.
fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// A table, for every byte of every header name is looked up.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        byte += 1;
    }
    table
};
