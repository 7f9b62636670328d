//! UDP: several threads block on the same socket and hand what arrives to a [`Handler`].
//!
//! The kernel wakes one waiting thread per datagram, so datagrams are spread per packet and never
//! by flow: a single peer keeps all threads, and so all cores, busy. No poll precedes a receive;
//! a receive timeout (the tick) returns control when nothing arrives.
//!
//! A datagram is received into a buffer that its thread reuses and copied once into a [`Bytes`] of
//! exactly its size. For 700 bytes that takes 12 ns, while carving them from a shared slab takes
//! 17 ns, and a message kept for 32 seconds keeps only its own bytes alive.

mod crew;
mod lull;
mod receive;
mod send;
mod socket;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use send::Sender;
pub use socket::{Options, Socket, Sockets};
pub use worker::{StartError, Workers, run};

/// One received datagram and its flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The payload, in an allocation of its own size.
    pub bytes: Bytes,
    /// The address of our socket it came in on; never a wildcard.
    pub local: SocketAddr,
    /// Who sent it, as the network says.
    pub peer: SocketAddr,
    /// How long it had waited when it was received; zero where nothing waited behind others.
    pub waited: Duration,
}

/// A datagram that the system refused to send.
#[derive(Debug)]
pub struct SendFailure {
    /// The socket it should have left by.
    pub local: SocketAddr,
    /// Where it should have gone.
    pub peer: SocketAddr,
    /// The payload.
    pub bytes: Bytes,
    /// The reason; [`io::ErrorKind::NotFound`] when no socket has the address `local`.
    pub error: io::Error,
}

/// What a worker thread does with datagrams. Each thread owns one handler.
pub trait Handler {
    /// Handles a batch of 1 to [`Options::batch`] datagrams in order of arrival, received at `received`. The
    /// handler drains what it wants to own; what it leaves is dropped. Timers that are due are its own to run
    /// here too: under load [`Handler::idle`] is not called.
    fn datagrams(&mut self, batch: &mut Vec<Datagram>, received: Instant, out: &mut Sender);

    /// Told before a batch that the system lost so many datagrams, for the receive buffer was full. Losses
    /// are seen while datagrams pile up; each is told to one thread of the socket.
    fn overflowed(&mut self, _lost: u32) {}

    /// Told that what was queued has left, so that nothing sent from another thread can overtake it
    /// any more. True to be told again, after what it queues now has left too.
    fn sent(&mut self, _out: &mut Sender) -> bool {
        false
    }

    /// Called when nothing arrived for one tick ([`Options::tick`]).
    fn idle(&mut self, out: &mut Sender);

    /// How long the handler can do without [`Handler::idle`] while its thread sleeps because others
    /// have the work. A tick at least passes.
    fn rest(&mut self) -> Duration {
        Duration::ZERO
    }

    /// Told of a datagram that could not be sent, after the call that queued it returned. What it
    /// sends itself goes out at once, before the thread waits again.
    fn failed(&mut self, failure: SendFailure, out: &mut Sender);
}
