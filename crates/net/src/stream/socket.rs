//! TCP sockets and their options.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpSocket, TcpStream};

use super::config::{Config, Keepalive};

/// A bound listener, exclusive unless ports are reused.
pub(super) fn listener(address: SocketAddr, config: &Config) -> io::Result<std::net::TcpListener> {
    if address.ip().is_unspecified() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "name each address instead of the wildcard",
        ));
    }
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of a former instance in TIME_WAIT do not count; a listening one still does.
    socket.set_reuse_address(true)?;
    if config.reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(config.backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// A socket for a connection of ours, bound to the address given. Its port is taken only if ports
/// are reused, as a listener has it.
pub(super) fn outgoing(
    local: Option<SocketAddr>,
    peer: SocketAddr,
    config: &Config,
) -> io::Result<TcpSocket> {
    let socket = if peer.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if let Some(mut local) = local {
        if config.reuse_port {
            socket.set_reuseport(true)?;
            socket.set_reuseaddr(true)?;
        } else {
            local.set_port(0);
        }
        socket.bind(local)?;
    }
    Ok(socket)
}

/// Options of every connection. One that cannot be set is no reason to lose the connection.
pub(super) fn tune(stream: &TcpStream, config: &Config) {
    let socket = SockRef::from(stream);
    let done = socket
        .set_tcp_nodelay(true)
        .and_then(|()| match config.keepalive {
            Some(keepalive) => set_keepalive(&socket, keepalive),
            None => Ok(()),
        });
    if let Err(error) = done {
        tracing::debug!(%error, "cannot set TCP options");
    }
}

fn set_keepalive(socket: &SockRef<'_>, keepalive: Keepalive) -> io::Result<()> {
    socket.set_keepalive(true)?;
    let mut probes = TcpKeepalive::new();
    if let Some(idle) = keepalive.idle {
        probes = probes.with_time(idle);
    }
    if let Some(interval) = keepalive.interval {
        probes = probes.with_interval(interval);
    }
    if let Some(count) = keepalive.count {
        probes = probes.with_retries(count);
    }
    if keepalive == Keepalive::default() {
        Ok(())
    } else {
        socket.set_tcp_keepalive(&probes)
    }
}
