//! Taking inbound connections.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::server::Acceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{LazyConfigAcceptor, TlsStream};

use super::conn::Conn;
use super::core::Core;
use super::driver::Driver;
use super::event::{CloseReason, Event, Kind};
use super::info::count;
use super::slot::{Slot, source_of};
use super::socket::tune;
use super::transport::{TLS_BUFFER, Transport};
use crate::tls::{TlsInfo, TlsServer};

/// Accepts until the runtime ends. Without file descriptors it pauses instead of spinning.
pub(super) async fn accept(core: Arc<Core>, listener: TcpListener, tls: Option<TlsServer>) {
    let mut rate = Rate::new(core.config.accept_rate_per_s);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Who is refused costs next to nothing and must not delay others.
                let admitted = admit(&core, stream, peer, tls.clone());
                if let Some(pause) = admitted.and_then(|()| rate.pause(Instant::now())) {
                    tokio::time::sleep(pause).await;
                }
            }
            Err(error) => {
                count(&core.tally.accept_errors);
                tracing::debug!(%error, "accept failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Takes the connection; none when it was refused or has gone already.
fn admit(
    core: &Arc<Core>,
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsServer>,
) -> Option<()> {
    let filter = core.config.filter.as_ref();
    if filter.is_some_and(|filter| !filter.admits(peer)) {
        count(&core.tally.refused_filter);
        return None;
    }
    let kind = if tls.is_some() { Kind::Tls } else { Kind::Tcp };
    let source = source_of(peer.ip());
    if kind == Kind::Tls && !core.handshakes.lock().allows(source, Instant::now()) {
        count(&core.tally.handshakes_refused);
        return None;
    }
    let slot = core.admit(kind, Some(source)).ok()?;
    let local = stream.local_addr().ok()?;
    count(&core.tally.accepted);
    tune(&stream, &core.config);
    let conn = Arc::new(Conn::new(core.next_id(), kind, true, peer));
    let _ = conn.local.set(local);
    core.table.lock().insert(Arc::clone(&conn));
    tokio::spawn(serve(Arc::clone(core), conn, stream, tls, slot));
    Some(())
}

async fn serve(
    core: Arc<Core>,
    conn: Arc<Conn>,
    stream: TcpStream,
    tls: Option<TlsServer>,
    slot: Slot,
) {
    let transport = match tls {
        None => Ok(Transport::plain(stream, &mut conn.state.lock())),
        // Boxed, so that the task keeps no room for it.
        Some(server) => Box::pin(handshake(&core, &conn, stream, &server)).await,
    };
    match transport {
        Ok(transport) => {
            open(&core, &conn);
            let reason = Driver::new(Arc::clone(&core), Arc::clone(&conn), transport).await;
            core.finish(&conn, reason, true, slot);
        }
        Err(reason) => {
            count(&core.tally.handshakes_failed);
            core.finish(&conn, reason, false, slot);
        }
    }
}

/// Makes an established connection known.
pub(super) fn open(core: &Core, conn: &Conn) {
    let Some(local) = conn.local.get().copied() else {
        return;
    };
    core.table.lock().index(conn, conn.peer);
    core.emit(Event::Opened {
        id: conn.id,
        kind: conn.kind,
        local,
        peer: conn.peer,
        inbound: conn.inbound,
    });
}

async fn handshake(
    core: &Core,
    conn: &Conn,
    stream: TcpStream,
    server: &TlsServer,
) -> Result<Transport, CloseReason> {
    tokio::select! {
        biased;
        reason = poll_fn(|cx| conn.poll_closing(cx)) => Err(reason),
        done = tokio::time::timeout(core.config.handshake_timeout, shake_hands(conn, stream, server)) => match done {
            Err(_) => Err(CloseReason::HandshakeTimeout),
            Ok(Err(error)) => Err(CloseReason::HandshakeFailed(error.to_string())),
            Ok(Ok(transport)) => Ok(transport),
        },
    }
}

/// Reads what the peer says first, chooses the profile by it, and goes on with that.
async fn shake_hands(conn: &Conn, stream: TcpStream, server: &TlsServer) -> io::Result<Transport> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let Some(met) = server.meet(&start.client_hello()) else {
        // Best effort: the peer is told why, or just sees the end.
        let _ = start.io.try_write(&PROTOCOL_VERSION);
        return Err(io::Error::other("no protocol version is offered here"));
    };
    let mut stream = start.into_stream(Arc::clone(&met.config)).await?;
    stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER));
    let _ = conn.tls.set(TlsInfo::of_server(stream.get_ref().1, &met));
    Ok(Transport::Tls(Box::new(TlsStream::Server(stream))))
}

/// The record of a fatal alert "protocol_version" (RFC 8446 section 6.2).
const PROTOCOL_VERSION: [u8; 7] = [21, 3, 3, 0, 2, 2, 70];

/// A token bucket that holds a second's worth.
struct Rate {
    per_s: f64,
    tokens: f64,
    at: Instant,
}

impl Rate {
    fn new(per_s: u32) -> Self {
        Self {
            per_s: per_s.into(),
            tokens: per_s.into(),
            at: Instant::now(),
        }
    }

    /// Takes a token; if there is none, how long to wait for it.
    fn pause(&mut self, now: Instant) -> Option<Duration> {
        if self.per_s == 0.0 {
            return None;
        }
        let grown = now.saturating_duration_since(self.at).as_secs_f64() * self.per_s;
        self.tokens = (self.tokens + grown).min(self.per_s) - 1.0;
        self.at = now;
        (self.tokens < 0.0).then(|| Duration::from_secs_f64(-self.tokens / self.per_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_lets_a_second_through_and_then_spaces() {
        let start = Instant::now();
        let mut rate = Rate {
            at: start,
            ..Rate::new(10)
        };
        assert!((0..10).all(|_| rate.pause(start).is_none()));
        assert_eq!(rate.pause(start), Some(Duration::from_millis(100)));
        assert_eq!(
            rate.pause(start + Duration::from_millis(100)),
            Some(Duration::from_millis(100))
        );
        assert_eq!(rate.pause(start + Duration::from_secs(60)), None);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut rate = Rate::new(0);
        assert!((0..10_000).all(|_| rate.pause(Instant::now()).is_none()));
    }
}
