//! A worker thread for stream connections and for answers from databases and name servers.

use super::hands::Datagrams;
use super::{Guarded, Hands};
use crate::clock::Clock;
use edge::{Input, Transmit};
use net::stream::{Config, Event, Keepalive, Kind, Silence};
use net::udp::Sockets;
use policy::{
    ConnectionId, CoreParams, Flow, Globals, Identity, Proto, TcpParams, TlsSettings, TlsTimeout,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// A letter box of a stream worker.
#[derive(Clone)]
pub(crate) struct Post(Sender<Letter>);

/// What a stream worker is told.
pub(crate) enum Letter {
    /// Something happened on a connection.
    Stream(Event),
    /// An input of another kind.
    Input(Input),
}

impl Post {
    /// A letter box and its other end.
    pub(crate) fn new() -> (Post, Receiver<Letter>) {
        let (sender, receiver) = std::sync::mpsc::channel();
        (Post(sender), receiver)
    }

    /// Leaves an input. A worker that has gone needs none.
    pub(crate) fn send(&self, input: Input) {
        let _ = self.0.send(Letter::Input(input));
    }

    /// The sink of a connection's events. What is in the channel is bounded by their credit.
    pub(crate) fn sink(&self) -> net::stream::Sink {
        let sender = self.0.clone();
        Box::new(move |event| drop(sender.send(Letter::Stream(event))))
    }
}

/// Takes letters to a worker and its outputs to the sockets.
pub(crate) struct StreamWorker {
    pub(crate) worker: Guarded,
    pub(crate) hands: Hands,
    pub(crate) clock: Clock,
    pub(crate) identity: Arc<Identity>,
    pub(crate) letters: Receiver<Letter>,
}

/// How long a worker without letters sleeps at most: the grain of module tasks and of a stop.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

impl StreamWorker {
    /// Works until `stop` is set.
    pub(crate) fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let wait = self.until_due();
            let letter = match self.letters.recv_timeout(wait) {
                Ok(letter) => Some(letter),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = self.clock.now();
            match letter {
                Some(Letter::Stream(event)) => self.event(now, event),
                Some(Letter::Input(input)) => self.worker.handle_input(now, input),
                None => self.worker.handle_input(now, Input::Tick),
            }
            let mut sockets = AtOnce(&self.hands.sockets);
            self.hands
                .carry_out_all(&mut self.worker, now, &mut sockets);
        }
    }

    /// Until the worker's next deadline; a worker without deadlines need not wake for them.
    fn until_due(&mut self) -> Duration {
        let now = self.clock.now().mono;
        let due = self
            .worker
            .next_deadline()
            .map(|at| Duration::from_millis(at.ms_since(now).max(1)));
        due.map_or(LONGEST_SLEEP, |due| due.min(LONGEST_SLEEP))
    }

    fn event(&mut self, now: policy::Now, event: Event) {
        match event {
            Event::Opened {
                id,
                kind,
                local,
                peer,
                ..
            } => {
                let connection = Some(ConnectionId(id.number()));
                if let Some(flow) = self.flow(kind, local, peer, connection) {
                    self.worker.handle_input(now, Input::Opened { flow });
                }
            }
            Event::Received {
                id,
                bytes,
                since,
                credit,
            } => {
                let waited = since.elapsed().as_millis();
                let input = Input::Received {
                    connection: ConnectionId(id.number()),
                    bytes,
                    waited_ms: u32::try_from(waited).unwrap_or(u32::MAX),
                };
                self.worker.handle_input(now, input);
                drop(credit);
            }
            Event::SendFailed { id, bytes } => {
                let transmit = self.unsent(ConnectionId(id.number()), bytes);
                self.worker
                    .handle_input(now, Input::SendFailed { transmit });
            }
            Event::Closed { id, slot, .. } => {
                self.worker.handle_input(
                    now,
                    Input::Closed {
                        connection: ConnectionId(id.number()),
                    },
                );
                drop(slot);
            }
        }
    }

    fn flow(
        &self,
        kind: Kind,
        local: SocketAddr,
        peer: SocketAddr,
        connection: Option<ConnectionId>,
    ) -> Option<Flow> {
        let proto = match kind {
            Kind::Tcp => Proto::Tcp,
            Kind::Tls => Proto::Tls,
        };
        let socket = self.identity.find(proto, local);
        // A connection that we opened has a port of its own; it belongs to the socket of its address.
        let socket = socket.or_else(|| self.identity.socket_to(proto, peer.ip(), None))?;
        Some(Flow {
            proto,
            socket: socket.id,
            local: socket.addr,
            peer,
            connection,
        })
    }

    /// The worker only looks at the bytes: whose branch it was stands in their top Via.
    fn unsent(&self, connection: ConnectionId, bytes: bytes::Bytes) -> Transmit {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let flow = Flow {
            proto: Proto::Tcp,
            socket: policy::SocketId(0),
            local: nowhere,
            peer: nowhere,
            connection: Some(connection),
        };
        Transmit {
            flow,
            bytes,
            no_connect: true,
            close: false,
            tls: None,
        }
    }
}

/// Sends datagrams from a thread that is not a socket's own.
struct AtOnce<'a>(&'a Sockets);

impl Datagrams for AtOnce<'_> {
    fn send(&mut self, transmit: Transmit) -> Result<(), Box<Transmit>> {
        let flow = &transmit.flow;
        let sent = self.0.send(flow.local, flow.peer, &transmit.bytes);
        sent.map_err(|_| Box::new(transmit))
    }
}

/// The core parameters as settings of the connections.
pub(crate) fn stream_config(
    core: &CoreParams,
    tls: Option<&TlsSettings>,
    globals: &Arc<Globals>,
) -> Config {
    let tcp: &TcpParams = &core.tcp;
    let seconds = |s: u32| Duration::from_secs(s.into());
    Config {
        connection_lifetime: seconds(tcp.connection_lifetime_s),
        max_connections: tcp.max_connections,
        max_tls_connections: tcp.tls_max_connections,
        max_connections_per_source: tcp.accept_iplimit,
        tls_first_data_timeout: tls.map(|tls| silence(tls.clone(), globals.clone())),
        connect_timeout: seconds(tcp.connect_timeout_s),
        send_timeout: seconds(tcp.send_timeout_s),
        max_queued_bytes: tcp.conn_wq_max,
        keepalive: tcp.keepalive.then(|| keepalive(tcp)),
        ..Config::default()
    }
}

/// `connection_timeout` of module `tls`, which commands change.
fn silence(tls: TlsSettings, globals: Arc<Globals>) -> Silence {
    Silence::new(move || match tls.timeout(&globals) {
        TlsTimeout::AsOthers => None,
        TlsTimeout::Seconds(seconds) => Some(Duration::from_secs(seconds.into())),
        TlsTimeout::Never => Some(Duration::ZERO),
    })
}

fn keepalive(tcp: &TcpParams) -> Keepalive {
    let given = |s: u32| (s > 0).then(|| Duration::from_secs(s.into()));
    Keepalive {
        idle: given(tcp.keepidle_s),
        interval: given(tcp.keepintvl_s),
        count: (tcp.keepcnt > 0).then_some(tcp.keepcnt),
    }
}
