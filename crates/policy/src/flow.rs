//! Where a message came from or goes to: protocol, own address, peer, connection.

use crate::Socket;
use std::net::SocketAddr;

/// A transport protocol, under the name scripts know it by.
pub use stack::Transport as Proto;

/// The number of a stream connection, unique while the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// The index of a listening socket in [`Identity::sockets`](crate::Identity).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u16);

/// The way a message takes between us and a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The transport.
    pub proto: Proto,
    /// Which of our listening sockets it belongs to.
    pub socket: SocketId,
    /// Our own end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    /// The connection, for stream transports once it exists.
    pub connection: Option<ConnectionId>,
}

impl Flow {
    /// From one of our sockets to itself: the way of what nobody sent.
    pub fn within(socket: &Socket) -> Flow {
        Flow {
            proto: socket.proto,
            socket: socket.id,
            local: socket.addr,
            peer: socket.addr,
            connection: None,
        }
    }
}
