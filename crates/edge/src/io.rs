//! What comes into the edge and what goes out of it.

use bytes::Bytes;
use policy::{Answer, ConnectionId, Effect, Flow, TlsWay};
use std::sync::Arc;

/// Something that happened outside.
pub enum Input {
    /// A datagram.
    Datagram {
        /// The way it came.
        flow: Flow,
        /// What it is.
        bytes: Bytes,
        /// How long it has waited since it arrived, in milliseconds; 0 where that is not known.
        waited_ms: u32,
    },
    /// The receive buffer of a socket was full.
    Overflow {
        /// So many datagrams were lost.
        lost: u32,
    },
    /// A stream connection exists now; its flow has the connection's number.
    Opened {
        /// The two ends.
        flow: Flow,
    },
    /// Bytes of a stream, in order.
    Received {
        /// Which connection.
        connection: ConnectionId,
        /// What came.
        bytes: Bytes,
        /// For how long there has been something of this connection to be read, in milliseconds; 0 where
        /// that is not known.
        waited_ms: u32,
    },
    /// A stream connection is gone.
    Closed {
        /// Which one.
        connection: ConnectionId,
    },
    /// Something of [`Output::Transmit`] did not leave.
    SendFailed {
        /// What it was.
        transmit: Transmit,
    },
    /// The answer to an [`Output::Ask`].
    Answer {
        /// The ticket of the question.
        ticket: Ticket,
        /// The answer.
        answer: Answer,
    },
    /// Time has passed.
    Tick,
}

/// Something to do outside.
pub enum Output {
    /// Send this.
    Transmit(Transmit),
    /// Find this out, and answer with the ticket.
    Ask {
        /// To be handed back.
        ticket: Ticket,
        /// The question: only wishes to the world outside come here.
        effect: Effect,
    },
    /// Close a connection.
    Close(ConnectionId),
    /// A connection serves another address too (RFC 5923).
    Alias {
        /// The connection.
        connection: ConnectionId,
        /// The other address of its peer.
        address: std::net::SocketAddr,
    },
}

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Transmit {
    /// The way it goes. Over a stream without a connection number: reuse the one to this peer,
    /// or open it.
    pub flow: Flow,
    /// The message.
    pub bytes: Bytes,
    /// Do not open a connection for it.
    pub no_connect: bool,
    /// Close the connection after it.
    pub close: bool,
    /// How a TLS connection for it is to be made; none where nothing is known beside the address.
    pub tls: Option<Arc<TlsWay>>,
}

/// Names a question to the world outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);
