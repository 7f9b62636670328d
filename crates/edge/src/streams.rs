//! Stream connections: bytes to messages, in order, by the worker a connection belongs to.

use crate::worker::Hint;
use crate::{Output, Transmit, Worker};
use bytes::Bytes;
use policy::{ConnectionId, Flow, Level};
use sip::{Message, Violation};
use stack::framing::{Event, Fault, Framer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The connections of one worker.
#[derive(Default)]
pub(crate) struct Streams(BTreeMap<ConnectionId, Stream>);

struct Stream {
    flow: Flow,
    framer: Framer,
}

impl Worker {
    pub(crate) fn stream_opened(&mut self, flow: Flow) {
        let Some(connection) = flow.connection else {
            return;
        };
        if self.is_hung_up_on(flow) {
            return self.put(Output::Close(connection));
        }
        let framer = self.framer();
        self.streams.0.insert(connection, Stream { flow, framer });
    }

    /// Messages are as large as `tcp_rd_buf_size` allows, within our own bound.
    fn framer(&self) -> Framer {
        let tcp = &self.config.core.tcp;
        let mut limits = self.edge.limits.stack.clone();
        limits.max_message_bytes = limits.max_message_bytes.min(tcp.rd_buf_size);
        limits.max_head_bytes = limits.max_head_bytes.min(tcp.rd_buf_size);
        Framer::new(&limits, tcp.accept_no_cl)
    }

    pub(crate) fn stream_received(&mut self, connection: ConnectionId, bytes: Bytes) {
        let Some(stream) = self.streams.0.get_mut(&connection) else {
            return;
        };
        let before = stream.framer.next_deadline();
        stream.framer.feed(&bytes);
        while let Some((flow, event)) = self.next_event(connection) {
            self.stream_event(connection, flow, event);
        }
        let after = self
            .streams
            .0
            .get(&connection)
            .and_then(|stream| stream.framer.next_deadline());
        if let Some(at) = after.filter(|_| after != before) {
            self.remind(at, Hint::Stream(connection));
        }
    }

    pub(crate) fn stream_closed(&mut self, connection: ConnectionId) {
        self.streams.0.remove(&connection);
        let config = self.config.clone();
        for closed in &config.installed.connection_closed {
            closed(connection, self.now.unix_ms);
        }
    }

    /// A started message may have taken too long.
    pub(crate) fn stream_due(&mut self, connection: ConnectionId) {
        let now = self.now.mono;
        let Some(stream) = self.streams.0.get_mut(&connection) else {
            return;
        };
        let flow = stream.flow;
        match stream.framer.expire(now) {
            Some(event) => self.stream_event(connection, flow, event),
            None => {
                if let Some(at) = stream.framer.next_deadline() {
                    self.remind(at, Hint::Stream(connection));
                }
            }
        }
    }

    fn next_event(&mut self, connection: ConnectionId) -> Option<(Flow, Event)> {
        let now = self.now.mono;
        let stream = self.streams.0.get_mut(&connection)?;
        let event = stream.framer.next_event(now)?;
        Some((stream.flow, event))
    }

    fn stream_event(&mut self, connection: ConnectionId, flow: Flow, event: Event) {
        match event {
            Event::Message(_) if self.is_hung_up_on(flow) => self.hang_up(connection),
            Event::Message(bytes) => self.message(flow, bytes),
            Event::Ping => self.pong(flow),
            Event::Fault(fault) => self.stream_fault(connection, flow, &fault),
        }
    }

    /// RFC 5626 section 4.4.1; `tcp_crlf_ping` turns it off.
    fn pong(&mut self, flow: Flow) {
        if self.config.core.tcp.crlf_ping {
            let bytes = Bytes::from_static(b"\r\n");
            self.put(Output::Transmit(Transmit {
                flow,
                bytes,
                no_connect: true,
                close: false,
                tls: None,
            }));
        }
    }

    /// The stream cannot be read on: answer where that is possible, then close.
    fn stream_fault(&mut self, connection: ConnectionId, flow: Flow, fault: &Fault) {
        let config = self.config.clone();
        config.logger.log(Level::Info, "core", || {
            format!("closed the connection from {}: {}", flow.peer, fault.kind)
        });
        self.edge.counts.bad_headers.inc();
        if let Some((status, reason)) = fault.status() {
            self.refuse_head(flow, fault.head.clone(), &Violation { status, reason });
        }
        self.hang_up(connection);
    }

    /// True where the other end is banned.
    fn is_hung_up_on(&self, flow: Flow) -> bool {
        let bans = self.edge.bans.get();
        bans.is_some_and(|bans| bans.hangs_up(flow.peer, self.now.unix_ms))
    }

    /// Reads nothing more of a connection, and closes it.
    fn hang_up(&mut self, connection: ConnectionId) {
        self.streams.0.remove(&connection);
        self.put(Output::Close(connection));
    }

    fn refuse_head(&mut self, flow: Flow, head: Bytes, violation: &Violation) {
        let limits = &self.edge.limits.sip;
        let message = match Message::parse(head.clone(), limits) {
            Ok(message) => Some(message).filter(Message::is_request),
            Err(_) => Message::salvage(&head, limits),
        };
        if let Some(request) = message {
            self.refuse(flow, Arc::new(request), violation);
        }
    }
}
