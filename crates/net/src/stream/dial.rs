//! Connections of our own.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

use super::accept::open;
use super::conn::Conn;
use super::core::Core;
use super::driver::Driver;
use super::event::CloseReason;
use super::info::count;
use super::slot::Slot;
use super::socket::{outgoing, tune};
use super::transport::{TLS_BUFFER, Transport};
use crate::tls::{TlsClient, TlsInfo};

/// The TLS side of a connection of ours.
pub(super) struct Secure {
    pub(super) client: TlsClient,
    pub(super) name: ServerName<'static>,
}

/// Connects, shakes hands, and drives the connection to its end.
pub(super) async fn dial(
    core: Arc<Core>,
    conn: Arc<Conn>,
    local: Option<SocketAddr>,
    secure: Option<Secure>,
    slot: Slot,
) {
    let established = tokio::select! {
        biased;
        reason = poll_fn(|cx| conn.poll_closing(cx)) => Err(reason),
        // Boxed, so that the task keeps no room for it.
        done = Box::pin(establish(&core, &conn, local, secure)) => done,
    };
    match established {
        Ok(transport) => {
            open(&core, &conn);
            let reason = Driver::new(Arc::clone(&core), Arc::clone(&conn), transport).await;
            core.finish(&conn, reason, true, slot);
        }
        Err(reason) => core.finish(&conn, reason, false, slot),
    }
}

async fn establish(
    core: &Core,
    conn: &Conn,
    local: Option<SocketAddr>,
    secure: Option<Secure>,
) -> Result<Transport, CloseReason> {
    let failed = |error: std::io::Error| CloseReason::ConnectFailed(error.kind());
    let socket = outgoing(local, conn.peer, &core.config).map_err(failed)?;
    let stream = tokio::time::timeout(core.config.connect_timeout, socket.connect(conn.peer))
        .await
        .map_err(|_| CloseReason::ConnectTimeout)?
        .map_err(failed)?;
    let _ = conn.local.set(stream.local_addr().map_err(failed)?);
    tune(&stream, &core.config);
    match secure {
        None => Ok(Transport::plain(stream, &mut conn.state.lock())),
        Some(secure) => {
            let done = handshake(core, conn, stream, secure).await;
            if done.is_err() {
                count(&core.tally.handshakes_failed);
            }
            done
        }
    }
}

async fn handshake(
    core: &Core,
    conn: &Conn,
    stream: TcpStream,
    secure: Secure,
) -> Result<Transport, CloseReason> {
    let Secure { client, name } = secure;
    let nothing = || CloseReason::HandshakeFailed("no protocol version is offered".to_owned());
    let connector = client.connector().ok_or_else(nothing)?;
    let sni = match &name {
        ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
        _ => None,
    };
    let mut stream = tokio::time::timeout(
        core.config.handshake_timeout,
        connector.connect(name, stream),
    )
    .await
    .map_err(|_| CloseReason::HandshakeTimeout)?
    .map_err(|error| CloseReason::HandshakeFailed(error.to_string()))?;
    stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER));
    let _ = conn
        .tls
        .set(TlsInfo::of_client(stream.get_ref().1, &client, sni));
    Ok(Transport::Tls(Box::new(TlsStream::Client(stream))))
}
