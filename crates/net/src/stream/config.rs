//! The limits of connections. Defaults are Kamailio's where its core cookbook names one.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::event::Kind;

/// Settings of all connections; see each field for what it costs and what happens at its bound.
#[derive(Debug, Clone)]
pub struct Config {
    /// A connection without a byte in either direction for so long is closed
    /// (`tcp_connection_lifetime`, 120 s).
    pub connection_lifetime: Duration,
    /// TCP and TLS connections together (`tcp_max_connections`, 2048). When reached, a newcomer
    /// replaces the connection that is longest idle, those that never sent a byte first and
    /// trusted ones never; if all are trusted the newcomer is closed. An idle TCP connection costs
    /// about 2 KiB, a TLS connection 10.5 kB (measured by `cargo xtask bench scale` with 15,000 of them).
    pub max_connections: usize,
    /// TLS connections alone (`tls_max_connections`, 2048); otherwise as `max_connections`.
    pub max_tls_connections: usize,
    /// Inbound connections from one IPv4 address or IPv6 /64; 0 for no limit. Further ones are
    /// closed at once, so that a single source cannot take all places.
    pub max_connections_per_source: usize,
    /// Inbound connections taken each second, by each listener; 0 for no limit. More wait in the backlog.
    pub accept_rate_per_s: u32,
    /// Connections the kernel holds until they are accepted. A full backlog makes peers try again.
    pub backlog: u32,
    /// How many TLS handshakes one source may begin. Further connections are closed at once and counted, so that
    /// nobody can make us sign all day.
    pub handshakes: HandshakeRate,
    /// Time for a TLS handshake, in both roles. A half one is closed then.
    pub handshake_timeout: Duration,
    /// An inbound connection that has sent nothing for so long after it opened is closed.
    pub first_data_timeout: Duration,
    /// The same for inbound TLS connections (`tls.connection_timeout`); none: as for all; zero: never.
    pub tls_first_data_timeout: Option<Silence>,
    /// Time for an outgoing TCP connection (`tcp_connect_timeout`, 10 s).
    pub connect_timeout: Duration,
    /// Time a peer may refuse to read while something waits for it (`tcp_send_timeout`, 10 s). It
    /// also bounds how long [`Streams::close`](super::Streams::close) waits for queued bytes.
    pub send_timeout: Duration,
    /// Unsent bytes of one connection (`tcp_conn_wq_max`, 32 KiB). One message of any size is
    /// always taken into an empty queue. More closes the connection.
    pub max_queued_bytes: usize,
    /// Unsent messages of one connection. More closes the connection.
    pub max_queued_messages: usize,
    /// Unsent bytes of all connections (`tcp_wq_max`, 10 MiB). The connection that exceeds it is closed.
    pub max_queued_bytes_total: usize,
    /// Received bytes of one connection that nobody has handled yet, at least 1 KiB. Each chunk
    /// counts as 256 bytes at least. When reached the connection is not read.
    pub receive_window: usize,
    /// TCP keep-alive probes (`tcp_keepalive`, on).
    pub keepalive: Option<Keepalive>,
    /// Asked about each inbound connection before anything is spent on it, such as a TLS handshake:
    /// the place for a ban list.
    pub filter: Option<Filter>,
    /// Outgoing connections leave from the port that is listened on (`tcp_reuse_port`, off).
    pub reuse_port: bool,
}

impl Config {
    /// How long an inbound connection may stay that never sent a byte; none: for ever.
    pub(super) fn silence_of(&self, kind: Kind) -> Option<Duration> {
        let own = self.tls_first_data_timeout.as_ref();
        match own.filter(|_| kind == Kind::Tls).and_then(Silence::now) {
            Some(silence) => Some(silence).filter(|silence| !silence.is_zero()),
            None => Some(self.first_data_timeout.min(self.connection_lifetime)),
        }
    }
}

/// A time that may change while connections are open; it is asked for whenever one is looked at and must not
/// block.
#[derive(Clone)]
pub struct Silence(Arc<dyn Fn() -> Option<Duration> + Send + Sync>);

impl Silence {
    /// What `now` answers at each moment; none: as without it.
    pub fn new(now: impl Fn() -> Option<Duration> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> Option<Duration> {
        (self.0)()
    }
}

impl fmt::Debug for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Silence({:?})", self.now())
    }
}

/// Says whether connections from an address and port are wanted. It is called on the event loop's thread and
/// must not block.
#[derive(Clone)]
pub struct Filter(Arc<dyn Fn(SocketAddr) -> bool + Send + Sync>);

impl Filter {
    /// A filter that admits the peers for which `admits` is true.
    pub fn new(admits: impl Fn(SocketAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(admits))
    }

    pub(super) fn admits(&self, peer: SocketAddr) -> bool {
        (self.0)(peer)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter")
    }
}

/// Kernel keep-alive; what is absent is left to the system's `net.ipv4.tcp_keepalive_*`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Idle time before the first probe (`tcp_keepidle`).
    pub idle: Option<Duration>,
    /// Time between probes (`tcp_keepintvl`).
    pub interval: Option<Duration>,
    /// Unanswered probes that end the connection (`tcp_keepcnt`).
    pub count: Option<u32>,
}

/// A bound on the TLS handshakes of one source, an IPv4 address or an IPv6 /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeRate {
    /// So many at once: a network of phones behind one address that all come back after an outage. 0 for no bound.
    pub burst: u32,
    /// Afterwards so many each second. A handshake with an RSA key of 2048 bits costs about a millisecond, so
    /// that one source takes a tenth of a processor at most.
    pub per_s: u32,
    /// So many sources are remembered, about 64 bytes each. More than that are not bounded by their source, but
    /// by [`Config::accept_rate_per_s`].
    pub max_sources: usize,
}

impl Default for HandshakeRate {
    fn default() -> Self {
        Self {
            burst: 512,
            per_s: 100,
            max_sources: 65_536,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connection_lifetime: Duration::from_secs(120),
            max_connections: 2048,
            max_tls_connections: 2048,
            max_connections_per_source: 512,
            accept_rate_per_s: 1000,
            backlog: 1024,
            handshakes: HandshakeRate::default(),
            handshake_timeout: Duration::from_secs(10),
            first_data_timeout: Duration::from_secs(30),
            tls_first_data_timeout: None,
            connect_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(10),
            max_queued_bytes: 32 << 10,
            max_queued_messages: 256,
            max_queued_bytes_total: 10 << 20,
            receive_window: 32 << 10,
            keepalive: Some(Keepalive::default()),
            filter: None,
            reuse_port: false,
        }
    }
}
