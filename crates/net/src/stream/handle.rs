//! The handle to all connections.

use std::any::Any;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rustls::pki_types::ServerName;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};

use super::accept::accept;
use super::config::Config;
use super::conn::{Conn, Rejected};
use super::core::Core;
use super::dial::{Secure, dial};
use super::event::{CloseReason, ConnId, Kind, Sink};
use super::info::{Counters, Info, count};
use super::request::{AliasError, Connect, Find, SendError};
use super::slot::Refusal;
use super::socket::listener;
use crate::BindError;
use crate::tls::{TlsClient, TlsInfo, TlsServer};

/// How long a stop waits for connections to end.
const STOP: Duration = Duration::from_millis(500);

/// The TCP and TLS connections of the server. Cheap to clone, usable from any thread; dropping the
/// last clone closes everything.
#[derive(Clone)]
pub struct Streams(Arc<Running>);

struct Running {
    core: Arc<Core>,
    runtime: Handle,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Streams {
    /// Starts the event loop. `sinks` takes the events, one for each worker; at least one is needed.
    pub fn start(config: Config, sinks: Vec<Sink>) -> io::Result<Self> {
        if sinks.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no worker takes the events",
            ));
        }
        let core = Arc::new(Core::new(config, sinks));
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let handle = runtime.handle().clone();
        let (shared, main) = (Arc::clone(&core), runtime);
        let thread = thread::Builder::new()
            .name("streams".to_owned())
            .spawn(move || event_loop(&main, &shared))?;
        Ok(Self(Arc::new(Running {
            core,
            runtime: handle,
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Listens for TCP connections. Returns the bound address. A wildcard is refused, as for UDP.
    pub fn listen_tcp(&self, address: SocketAddr) -> Result<SocketAddr, BindError> {
        self.listen(address, None)
            .map_err(|source| BindError::new("tcp", address, source))
    }

    /// Listens for TLS connections. Returns the bound address.
    pub fn listen_tls(
        &self,
        address: SocketAddr,
        server: TlsServer,
    ) -> Result<SocketAddr, BindError> {
        self.listen(address, Some(server))
            .map_err(|source| BindError::new("tls", address, source))
    }

    fn listen(&self, address: SocketAddr, tls: Option<TlsServer>) -> io::Result<SocketAddr> {
        let socket = listener(address, &self.0.core.config)?;
        let local = socket.local_addr()?;
        let _context = self.0.runtime.enter();
        let socket = TcpListener::from_std(socket)?;
        self.0
            .runtime
            .spawn(accept(Arc::clone(&self.0.core), socket, tls));
        Ok(local)
    }

    /// Opens a connection. It can be sent to and found at once; messages wait until it is
    /// established. `Opened` or `Closed` tells how it went.
    pub fn connect(&self, to: Connect) -> Result<ConnId, Refusal> {
        let core = &self.0.core;
        let (kind, name) = match &to.tls {
            None => (Kind::Tcp, None),
            Some((_, name)) => {
                let key = to.tls_key.as_ref().unwrap_or(name);
                (Kind::Tls, Some(key.to_ascii_lowercase()))
            }
        };
        let slot = core.admit(kind, None)?;
        count(&core.tally.connects);
        let mut conn = Conn::new(core.next_id(), kind, false, to.peer);
        conn.tls_name = name.map(String::into_boxed_str);
        conn.from = to.local.map(|local| local.ip());
        let conn = Arc::new(conn);
        {
            let mut table = core.table.lock();
            table.insert(Arc::clone(&conn));
            table.index(&conn, to.peer);
        }
        let id = conn.id;
        match secure(to.tls) {
            Ok(tls) => {
                drop(
                    self.0
                        .runtime
                        .spawn(dial(Arc::clone(core), conn, to.local, tls, slot)),
                )
            }
            Err(reason) => core.finish(&conn, reason, false, slot),
        }
        Ok(id)
    }

    /// Sends one message, or queues it. `Ok` promises nothing about its arrival: if it cannot leave,
    /// `SendFailed` and `Closed` follow.
    pub fn send(&self, id: ConnId, bytes: Bytes) -> Result<(), SendError> {
        let core = &self.0.core;
        let conn = self.conn(id).ok_or(SendError::Gone)?;
        conn.push(bytes, &core.config, &core.queued_total)
            .map_err(|rejected| match rejected {
                Rejected::Gone => SendError::Gone,
                Rejected::Full => SendError::Full,
            })
    }

    /// Closes a connection after what waits on it has been sent, within [`Config::send_timeout`].
    /// Nothing more is read from it. One that is not established yet closes at once.
    pub fn close(&self, id: ConnId) {
        if let Some(conn) = self.conn(id) {
            conn.drain();
        }
    }

    /// The newest open connection that fits, to be used again (RFC 3261 §18).
    pub fn find(&self, wanted: Find<'_>) -> Option<ConnId> {
        let table = self.0.core.table.lock();
        table
            .by_peer(wanted.kind, wanted.peer)
            .find(|conn| wanted.fits(conn))
            .map(|conn| conn.id)
    }

    /// Makes the connection found by another address too (RFC 5923), before any other connection
    /// found by it. Only the port may differ from the peer's address.
    pub fn alias(&self, id: ConnId, address: SocketAddr) -> Result<(), AliasError> {
        let mut table = self.0.core.table.lock();
        let conn = table
            .by_id(id)
            .filter(|conn| conn.is_open())
            .ok_or(AliasError::Gone)?;
        if conn.peer.ip() != address.ip() {
            return Err(AliasError::Foreign);
        }
        if address != conn.peer && !conn.add_alias(address) {
            return Err(AliasError::Full);
        }
        table.index(&conn, address);
        Ok(())
    }

    /// Protects a connection from eviction, as when its user has authenticated.
    pub fn trust(&self, id: ConnId) {
        if let Some(conn) = self.conn(id) {
            conn.trusted.store(true, Ordering::Relaxed);
        }
    }

    /// What somebody keeps with a connection that is established with TLS: made once, gone with the connection.
    pub fn tls_note<T: Any + Send + Sync>(
        &self,
        id: ConnId,
        make: impl FnOnce(&TlsInfo) -> T,
    ) -> Option<Arc<T>> {
        let conn = self.conn(id)?;
        let info = conn.tls.get()?;
        let note = conn.note.get_or_init(|| Arc::new(make(info)));
        Arc::clone(note).downcast().ok()
    }

    /// What is known about a connection.
    pub fn info(&self, id: ConnId) -> Option<Info> {
        self.conn(id).map(|conn| conn.info())
    }

    /// All connections, by id.
    pub fn list(&self) -> Vec<Info> {
        let mut all: Vec<Arc<Conn>> = self.0.core.table.lock().all().cloned().collect();
        all.sort_unstable_by_key(|conn| conn.id);
        all.iter().map(|conn| conn.info()).collect()
    }

    /// Totals since the start.
    pub fn counters(&self) -> Counters {
        let core = &self.0.core;
        let (taken, taken_tls) = {
            let table = core.table.lock();
            (table.taken, table.taken_tls)
        };
        core.tally.counters(taken, taken_tls)
    }

    /// Closes everything and ends the event loop, within half a second. Events of the connections
    /// that end are still given to the sinks.
    pub fn shutdown(&self) {
        self.0.shutdown();
    }

    fn conn(&self, id: ConnId) -> Option<Arc<Conn>> {
        self.0.core.table.lock().by_id(id)
    }
}

impl Running {
    fn shutdown(&self) {
        self.core.stopping.store(true, Ordering::Relaxed);
        self.core.wake.notify_one();
        let Some(thread) = self.thread.lock().take() else {
            return;
        };
        // A sink may hold the last handle; a thread cannot wait for itself.
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// Runs until a stop is asked for, then until all connections are gone or time is up.
fn event_loop(runtime: &Runtime, core: &Core) {
    runtime.block_on(async {
        while !core.stopping.load(Ordering::Relaxed) {
            core.wake.notified().await;
        }
        for conn in core.table.lock().all() {
            conn.abort(CloseReason::Shutdown);
        }
        let ended = async {
            while !core.table.lock().is_empty() {
                core.wake.notified().await;
            }
        };
        let _ = tokio::time::timeout(STOP, ended).await;
    });
}

fn secure(tls: Option<(TlsClient, String)>) -> Result<Option<Secure>, CloseReason> {
    let Some((client, name)) = tls else {
        return Ok(None);
    };
    let bare = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let name = ServerName::try_from(bare)
        .map_err(|_| CloseReason::HandshakeFailed(format!("{name}: not a host name or address")))?;
    Ok(Some(Secure { client, name }))
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams")
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
