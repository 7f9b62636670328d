//! What every worker carries outputs out with.

use super::{Asker, Guarded};
use bytes::Bytes;
use edge::{Output, Transmit};
use net::stream::{ConnId, Connect, Find, Kind, Streams};
use net::tls::TlsClient;
use net::udp::Sockets;
use policy::{ConnectionId, Proto};

/// Sockets, connections and the way to databases; cheap to clone.
#[derive(Clone)]
pub(crate) struct Hands {
    pub(crate) sockets: Sockets,
    pub(crate) streams: Option<Streams>,
    pub(crate) tls: Option<TlsClient>,
    pub(crate) asker: Asker,
}

/// Sends one datagram: a UDP worker queues it for its batch, others send at once.
pub(crate) trait Datagrams {
    /// Takes the datagram.
    fn send(&mut self, transmit: &Transmit) -> Result<(), ()>;
}

impl Hands {
    /// Does everything the worker left to do, and what comes of giving back what it worked on. For
    /// datagrams that leave at once.
    pub(crate) fn carry_out_all(
        &self,
        worker: &mut Guarded,
        now: policy::Now,
        datagrams: &mut impl Datagrams,
    ) {
        self.carry_out(worker, now, datagrams);
        while worker.release() {
            self.carry_out(worker, now, datagrams);
        }
    }

    /// Does everything the worker left to do. What fails comes back to it as input. When the datagrams
    /// have left, the worker is to release what it worked on.
    pub(crate) fn carry_out(
        &self,
        worker: &mut Guarded,
        now: policy::Now,
        datagrams: &mut impl Datagrams,
    ) {
        while let Some(output) = worker.poll_output() {
            match output {
                Output::Transmit(transmit) => {
                    if self.transmit(&transmit, datagrams).is_err() {
                        worker.handle_input(now, edge::Input::SendFailed { transmit });
                    }
                }
                Output::Ask { ticket, effect } => self.asker.ask(ticket, effect),
                Output::Close(connection) => self.close(connection),
                Output::Alias {
                    connection,
                    address,
                } => self.alias(connection, address),
            }
        }
    }

    fn transmit(&self, transmit: &Transmit, datagrams: &mut impl Datagrams) -> Result<(), ()> {
        match transmit.flow.proto {
            Proto::Udp => datagrams.send(transmit),
            Proto::Tcp => self.over_stream(transmit, Kind::Tcp),
            Proto::Tls => self.over_stream(transmit, Kind::Tls),
            Proto::Ws | Proto::Wss => Err(()),
        }
    }

    fn over_stream(&self, transmit: &Transmit, kind: Kind) -> Result<(), ()> {
        let streams = self.streams.as_ref().ok_or(())?;
        let flow = &transmit.flow;
        let own = flow.connection.map(|connection| ConnId::new(connection.0));
        if let Some(id) = own.filter(|id| send(streams, *id, &transmit.bytes)) {
            return Self::sent(streams, id, transmit);
        }
        let local = Some(std::net::SocketAddr::new(flow.local.ip(), 0));
        let open = streams.find(Find {
            kind,
            peer: flow.peer,
            local,
            tls_name: None,
        });
        if let Some(id) = open.filter(|id| send(streams, *id, &transmit.bytes)) {
            return Self::sent(streams, id, transmit);
        }
        if transmit.no_connect {
            return Err(());
        }
        let id = self.connect(streams, transmit, kind)?;
        if send(streams, id, &transmit.bytes) {
            Self::sent(streams, id, transmit)
        } else {
            Err(())
        }
    }

    fn sent(streams: &Streams, id: ConnId, transmit: &Transmit) -> Result<(), ()> {
        if transmit.close {
            streams.close(id);
        }
        Ok(())
    }

    fn connect(&self, streams: &Streams, transmit: &Transmit, kind: Kind) -> Result<ConnId, ()> {
        let flow = &transmit.flow;
        let tls = match kind {
            Kind::Tcp => None,
            Kind::Tls => Some((self.tls.clone().ok_or(())?, flow.peer.ip().to_string())),
        };
        let local = Some(std::net::SocketAddr::new(flow.local.ip(), 0));
        streams
            .connect(Connect {
                local,
                peer: flow.peer,
                tls,
            })
            .map_err(|_| ())
    }

    fn close(&self, connection: ConnectionId) {
        if let Some(streams) = &self.streams {
            streams.close(ConnId::new(connection.0));
        }
    }

    fn alias(&self, connection: ConnectionId, address: std::net::SocketAddr) {
        if let Some(streams) = &self.streams {
            // A refused alias only means that no request will be sent that way.
            let _ = streams.alias(ConnId::new(connection.0), address);
        }
    }
}

fn send(streams: &Streams, id: ConnId, bytes: &Bytes) -> bool {
    streams.send(id, bytes.clone()).is_ok()
}
