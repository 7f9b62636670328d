//! What workers are told about connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use bytes::Bytes;

use super::slot::Slot;
use super::state::Credit;

/// A connection's number, unique for the life of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(u64);

impl ConnId {
    /// The id with this number; ids of real connections come from [`Event::Opened`] and
    /// [`Streams::connect`](super::Streams::connect).
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, from 1 on.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Which of `workers` frames this connection's bytes.
    pub const fn worker(self, workers: usize) -> usize {
        match self.0.checked_rem(workers as u64) {
            Some(index) => index as usize,
            None => 0,
        }
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The transport of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Plain TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        })
    }
}

/// One thing that happened on one connection. For each connection: `Opened` once, any number of
/// `Received`, `SendFailed` for what stayed unsent, `Closed` once and last. A connection of ours
/// that could not be established has no `Opened`; an inbound one whose handshake failed has no
/// event at all.
#[derive(Debug)]
pub enum Event {
    /// The connection is established; with TLS, its handshake is done.
    Opened {
        /// Its id.
        id: ConnId,
        /// Its transport.
        kind: Kind,
        /// Our address.
        local: SocketAddr,
        /// The peer's address.
        peer: SocketAddr,
        /// The peer opened it.
        inbound: bool,
    },
    /// Bytes arrived.
    Received {
        /// The connection.
        id: ConnId,
        /// At least one byte and at most 16 KiB, in an allocation of their own size.
        bytes: Bytes,
        /// Since when there has been something to be read on this connection without a pause: some of
        /// the bytes may have waited so long.
        since: Instant,
        /// Dropped when the bytes have been handled, which lets the connection read on.
        credit: Credit,
    },
    /// A queued message did not leave, at least not as a whole; `Closed` follows.
    SendFailed {
        /// The connection.
        id: ConnId,
        /// The whole message as given to `send`.
        bytes: Bytes,
    },
    /// The connection is gone.
    Closed {
        /// The connection.
        id: ConnId,
        /// Why.
        reason: CloseReason,
        /// Dropped when this event has been handled, which makes room for another connection.
        slot: Slot,
    },
}

impl Event {
    /// The connection concerned.
    pub fn id(&self) -> ConnId {
        match self {
            Self::Opened { id, .. }
            | Self::Received { id, .. }
            | Self::SendFailed { id, .. }
            | Self::Closed { id, .. } => *id,
        }
    }
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer closed it in order.
    PeerClosed,
    /// The network or the peer broke it.
    Broken(io::ErrorKind),
    /// We were asked to close it.
    Requested,
    /// Nothing moved for [`Config::connection_lifetime`](super::Config).
    Idle,
    /// It never sent a byte ([`Config::first_data_timeout`](super::Config)).
    Silent,
    /// It made room for another one.
    Evicted,
    /// The peer did not read what waited for it ([`Config::send_timeout`](super::Config)).
    SendTimeout,
    /// More was to be sent than may wait.
    QueueFull,
    /// It could not be established.
    ConnectFailed(io::ErrorKind),
    /// It was not established in time.
    ConnectTimeout,
    /// The TLS handshake failed, with what rustls says about it.
    HandshakeFailed(String),
    /// The TLS handshake took too long.
    HandshakeTimeout,
    /// The server stops.
    Shutdown,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerClosed => f.write_str("closed by the peer"),
            Self::Broken(kind) => write!(f, "broken: {kind}"),
            Self::Requested => f.write_str("closed here"),
            Self::Idle => f.write_str("idle for too long"),
            Self::Silent => f.write_str("sent nothing after it opened"),
            Self::Evicted => f.write_str("made room for another connection"),
            Self::SendTimeout => f.write_str("the peer did not read in time"),
            Self::QueueFull => f.write_str("too much waiting to be sent"),
            Self::ConnectFailed(kind) => write!(f, "cannot connect: {kind}"),
            Self::ConnectTimeout => f.write_str("not connected in time"),
            Self::HandshakeFailed(what) => write!(f, "TLS handshake failed: {what}"),
            Self::HandshakeTimeout => f.write_str("TLS handshake took too long"),
            Self::Shutdown => f.write_str("the server stops"),
        }
    }
}

/// Takes the events of the connections of one worker. It is called on the event loop's thread and
/// must not block.
pub type Sink = Box<dyn Fn(Event) + Send + Sync>;

/// A channel for each of `workers`. The channels need no bound of their own: what is in them is
/// bounded by the connections' credit.
pub fn channels(workers: usize) -> (Vec<Sink>, Vec<Receiver<Event>>) {
    (0..workers.max(1))
        .map(|_| {
            let (sender, receiver) = channel();
            // A worker that has gone needs no events.
            let sink: Sink = Box::new(move |event| drop(sender.send(event)));
            (sink, receiver)
        })
        .unzip()
}
