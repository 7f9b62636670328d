//! What is on its way, in the order of arrival.

use crate::Arrival;
use bytes::Bytes;
use edge::{Ticket, Transmit};
use policy::{Answer, ConnectionId, Flow};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Something that arrives.
pub(super) enum Event {
    Datagram {
        flow: Flow,
        bytes: Bytes,
    },
    Opened {
        flow: Flow,
    },
    Received {
        connection: ConnectionId,
        bytes: Bytes,
    },
    Closed {
        connection: ConnectionId,
    },
    Answer {
        ticket: Ticket,
        answer: Answer,
    },
    SendFailed {
        worker: usize,
        transmit: Transmit,
    },
    ToAgent(Arrival),
    ToAgentStream {
        connection: ConnectionId,
        bytes: Bytes,
    },
}

/// Events by time; those of one moment in the order they were put in.
#[derive(Default)]
pub(super) struct Queue {
    events: BTreeMap<(u64, u64), Event>,
    put: u64,
    /// When the last thing that took a way arrives.
    last_ms: BTreeMap<(SocketAddr, SocketAddr), u64>,
}

impl Queue {
    pub(super) fn put(&mut self, at_ms: u64, event: Event) {
        self.put += 1;
        self.events.insert((at_ms, self.put), event);
    }

    /// Forgets ways on which nothing is under way any more.
    pub(super) fn forget_ways(&mut self, now_ms: u64) {
        self.last_ms.retain(|_, last_ms| *last_ms > now_ms);
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.events.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<Event> {
        self.events.pop_first().map(|(_, event)| event)
    }

    /// Takes out what is under way to a phone on a connection, in order.
    pub(super) fn take_stream(&mut self, wanted: ConnectionId) -> Vec<Bytes> {
        let mut taken = Vec::new();
        self.events.retain(|_, event| match event {
            Event::ToAgentStream { connection, bytes } if *connection == wanted => {
                taken.push(std::mem::take(bytes));
                false
            }
            _ => true,
        });
        taken
    }

    /// The arrival of something on a way: at the wanted time, but not before what went earlier.
    pub(super) fn in_order(&mut self, from: SocketAddr, to: SocketAddr, at_ms: u64) -> u64 {
        let last = self.last_ms.entry((from, to)).or_default();
        *last = at_ms.max(*last);
        *last
    }
}
