//! Bound sockets, shared by all threads of a process.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{ReceiveTimestampns, RxqOvfl};
use rustix::net::sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery};
use socket2::{Domain, Protocol, Type};

use crate::BindError;

/// How a socket is opened and read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes asked for as receive buffer. The system caps it at `net.core.rmem_max`. A full one
    /// loses datagrams, which the peers retransmit.
    pub receive_buffer: usize,
    /// Bytes asked for as send buffer, capped at `net.core.wmem_max`.
    pub send_buffer: usize,
    /// How long a receive, or a send into a full buffer, waits: the grain of the handler's timers
    /// and the time a thread needs to notice that it should stop.
    pub tick: Duration,
    /// Datagrams taken by one system call, 1 to 64. Each thread reserves 64 KiB of address space
    /// for each; memory is touched only as far as datagrams fill it.
    pub batch: usize,
    /// Sets the don't-fragment bit (`pmtu_discovery`; off as in Kamailio).
    pub pmtu_discovery: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            receive_buffer: 4 << 20,
            send_buffer: 4 << 20,
            tick: Duration::from_millis(20),
            batch: 64,
            pmtu_discovery: false,
        }
    }
}

/// A bound UDP socket. Cheap to clone; the socket closes with its last clone.
#[derive(Debug, Clone)]
pub struct Socket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    socket: UdpSocket,
    local: SocketAddr,
    options: Options,
    /// How many datagrams had been lost when somebody looked last.
    lost: AtomicU32,
}

impl Socket {
    /// Binds one address, exclusively: neither another process nor this one can bind it again.
    ///
    /// A wildcard (`0.0.0.0`, `::`) is refused, for a proxy must know the address a request came in
    /// on; expand it with [`interfaces`](crate::interfaces()). Port 0 takes a free port. An IPv6
    /// socket receives no IPv4.
    pub fn bind(address: SocketAddr, options: &Options) -> Result<Self, BindError> {
        Self::open(address, options).map_err(|source| BindError::new("udp", address, source))
    }

    fn open(address: SocketAddr, options: &Options) -> io::Result<Self> {
        if address.ip().is_unspecified() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "name each address instead of the wildcard",
            ));
        }
        let socket = socket2::Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_recv_buffer_size(options.receive_buffer)?;
        socket.set_send_buffer_size(options.send_buffer)?;
        let tick = options.tick.max(Duration::from_millis(1));
        socket.set_read_timeout(Some(tick))?;
        socket.set_write_timeout(Some(tick))?;
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        setsockopt(&socket, RxqOvfl, &1)?;
        set_pmtu_discovery(&socket, address, options.pmtu_discovery)?;
        socket.bind(&address.into())?;
        let socket = UdpSocket::from(socket);
        let local = socket.local_addr()?;
        Ok(Self(Arc::new(Inner {
            socket,
            local,
            options: options.clone(),
            lost: AtomicU32::new(0),
        })))
    }

    /// The bound address, with the port the system chose if 0 was asked for.
    pub fn local(&self) -> SocketAddr {
        self.0.local
    }

    pub(super) fn std(&self) -> &UdpSocket {
        &self.0.socket
    }

    /// How many datagrams were lost since this was asked last, where `total` were lost so far. The
    /// system's count wraps around.
    pub(super) fn lost_more(&self, total: u32) -> u32 {
        let more = total.wrapping_sub(self.0.lost.swap(total, Ordering::Relaxed));
        // Another thread may have seen a later count.
        if more > u32::MAX / 2 { 0 } else { more }
    }

    pub(super) fn options(&self) -> &Options {
        &self.0.options
    }
}

fn set_pmtu_discovery(socket: &socket2::Socket, address: SocketAddr, on: bool) -> io::Result<()> {
    if address.is_ipv4() {
        let value = if on {
            Ipv4PathMtuDiscovery::DO
        } else {
            Ipv4PathMtuDiscovery::DONT
        };
        sockopt::set_ip_mtu_discover(socket, value)?;
    } else {
        let value = if on {
            Ipv6PathMtuDiscovery::DO
        } else {
            Ipv6PathMtuDiscovery::DONT
        };
        sockopt::set_ipv6_mtu_discover(socket, value)?;
    }
    Ok(())
}

/// All UDP sockets of the server; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sockets(Arc<[Socket]>);

impl Sockets {
    /// Groups the sockets, in the order in which a search by address prefers them.
    pub fn new(sockets: Vec<Socket>) -> Self {
        Self(sockets.into())
    }

    /// The sockets in order.
    pub fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.0.iter()
    }

    /// Sends one datagram at once, from any thread. [`io::ErrorKind::NotFound`] when no socket is
    /// bound to `local`.
    pub fn send(&self, local: SocketAddr, peer: SocketAddr, bytes: &Bytes) -> io::Result<()> {
        let index = self.position(local).ok_or(io::ErrorKind::NotFound)?;
        let socket = self.at(index).ok_or(io::ErrorKind::NotFound)?;
        socket.std().send_to(bytes, peer).map(|_| ())
    }

    /// Linear, as a server has a handful of addresses.
    pub(super) fn position(&self, local: SocketAddr) -> Option<usize> {
        self.0.iter().position(|socket| socket.local() == local)
    }

    pub(super) fn at(&self, index: usize) -> Option<&Socket> {
        self.0.get(index)
    }
}
