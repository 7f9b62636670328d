//! What can be known about connections.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::event::{ConnId, Kind};
use crate::tls::TlsInfo;

/// A connection as it is now.
#[derive(Debug, Clone)]
pub struct Info {
    /// Its id.
    pub id: ConnId,
    /// Its transport.
    pub kind: Kind,
    /// The peer opened it.
    pub inbound: bool,
    /// Our address; absent while it is being established.
    pub local: Option<SocketAddr>,
    /// The peer's address.
    pub peer: SocketAddr,
    /// Other addresses that lead to it ([`Streams::alias`](super::Streams::alias)).
    pub aliases: Vec<SocketAddr>,
    /// What the TLS handshake settled; absent on TCP and before the handshake is done.
    pub tls: Option<TlsInfo>,
    /// When it was accepted or asked for.
    pub since: SystemTime,
    /// How long nothing has moved on it.
    pub idle: Duration,
    /// Payload bytes received.
    pub received_bytes: u64,
    /// Payload bytes handed to the system or to TLS.
    pub sent_bytes: u64,
    /// Bytes that wait to be sent.
    pub queued_bytes: usize,
    /// It is never evicted ([`Streams::trust`](super::Streams::trust)).
    pub trusted: bool,
}

/// Totals since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Inbound connections admitted.
    pub accepted: u64,
    /// Connections of ours begun.
    pub connects: u64,
    /// Connections refused because all places were taken.
    pub refused_full: u64,
    /// Inbound connections refused because their source had its share.
    pub refused_source: u64,
    /// Inbound connections refused by [`Config::filter`](super::Config).
    pub refused_filter: u64,
    /// Connections that made room for others.
    pub evicted: u64,
    /// TLS handshakes that failed or took too long.
    pub handshakes_failed: u64,
    /// Inbound TLS connections refused because their source began too many handshakes.
    pub handshakes_refused: u64,
    /// Failed system calls when accepting, such as for want of file descriptors.
    pub accept_errors: u64,
    /// Connections that count now.
    pub connections: usize,
    /// TLS connections among them.
    pub tls_connections: usize,
}

/// The atomics behind [`Counters`].
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: AtomicU64,
    pub(super) connects: AtomicU64,
    pub(super) refused_full: AtomicU64,
    pub(super) refused_source: AtomicU64,
    pub(super) refused_filter: AtomicU64,
    pub(super) evicted: AtomicU64,
    pub(super) handshakes_failed: AtomicU64,
    pub(super) handshakes_refused: AtomicU64,
    pub(super) accept_errors: AtomicU64,
}

impl Tally {
    pub(super) fn counters(&self, connections: usize, tls_connections: usize) -> Counters {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            accepted: load(&self.accepted),
            connects: load(&self.connects),
            refused_full: load(&self.refused_full),
            refused_source: load(&self.refused_source),
            refused_filter: load(&self.refused_filter),
            evicted: load(&self.evicted),
            handshakes_failed: load(&self.handshakes_failed),
            handshakes_refused: load(&self.handshakes_refused),
            accept_errors: load(&self.accept_errors),
            connections,
            tls_connections,
        }
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
