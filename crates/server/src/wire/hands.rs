//! What every worker carries outputs out with.

use super::tls::Dial;
use super::{Asker, Guarded, Tls};
use bytes::Bytes;
use edge::{Output, Ticket, Transmit};
use net::stream::{ConnId, Connect, Find, Kind, Streams};
use net::udp::Sockets;
use policy::{ConnectionId, Effect, Proto};
use std::net::SocketAddr;

/// Sockets, connections and the way to databases; cheap to clone.
#[derive(Clone)]
pub(crate) struct Hands {
    pub(crate) sockets: Sockets,
    pub(crate) streams: Option<Streams>,
    pub(crate) tls: Tls,
    pub(crate) asker: Asker,
}

/// Sends one datagram: a UDP worker queues it for its batch, others send at once.
pub(crate) trait Datagrams {
    /// Takes the datagram; gives it back where it cannot leave.
    fn send(&mut self, transmit: Transmit) -> Result<(), Box<Transmit>>;
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
    /// have left, the worker is to release what it worked on. False where there was nothing to do.
    pub(crate) fn carry_out(
        &self,
        worker: &mut Guarded,
        now: policy::Now,
        datagrams: &mut impl Datagrams,
    ) -> bool {
        let mut done = false;
        while let Some(output) = worker.poll_output() {
            done = true;
            match output {
                Output::Transmit(transmit) => {
                    if let Err(unsent) = self.transmit(worker, transmit, datagrams) {
                        let transmit = *unsent;
                        worker.handle_input(now, edge::Input::SendFailed { transmit });
                    }
                }
                Output::Ask { ticket, effect } => self.ask(worker, now, ticket, effect),
                Output::Close(connection) => self.close(connection),
                Output::Alias {
                    connection,
                    address,
                } => self.alias(connection, address),
            }
        }
        done
    }

    fn ask(&self, worker: &mut Guarded, now: policy::Now, ticket: Ticket, effect: Effect) {
        match Asker::at_once(&effect) {
            Some(answer) => worker.handle_input(now, edge::Input::Answer { ticket, answer }),
            None => self.asker.ask(ticket, effect),
        }
    }

    fn transmit(
        &self,
        worker: &mut Guarded,
        transmit: Transmit,
        datagrams: &mut impl Datagrams,
    ) -> Result<(), Box<Transmit>> {
        let sent = match transmit.flow.proto {
            Proto::Udp => return datagrams.send(transmit),
            Proto::Tcp => self.over_stream(worker, &transmit, None),
            Proto::Tls => {
                let dial = self.tls.dial(transmit.tls.as_deref(), transmit.flow.peer);
                dial.ok_or(())
                    .and_then(|dial| self.over_stream(worker, &transmit, Some(dial)))
            }
            Proto::Ws | Proto::Wss => Err(()),
        };
        sent.map_err(|()| Box::new(transmit))
    }

    /// Over the connection it belongs to, else over one to the peer that may be used for it, else over a new one.
    fn over_stream(
        &self,
        worker: &mut Guarded,
        transmit: &Transmit,
        dial: Option<Dial>,
    ) -> Result<(), ()> {
        let streams = self.streams.as_ref().ok_or(())?;
        let flow = &transmit.flow;
        let own = flow.connection.map(|connection| ConnId::new(connection.0));
        if let Some(id) = own.filter(|id| send(streams, *id, &transmit.bytes)) {
            return Self::sent(streams, id, transmit);
        }
        let open = streams.find(Find {
            kind: if dial.is_some() { Kind::Tls } else { Kind::Tcp },
            peer: flow.peer,
            local: Some(SocketAddr::new(flow.local.ip(), 0)),
            tls_name: dial.as_ref().and_then(|dial| dial.key.as_deref()),
        });
        if let Some(id) = open.filter(|id| send(streams, *id, &transmit.bytes)) {
            return Self::sent(streams, id, transmit);
        }
        if transmit.no_connect || (dial.is_some() && !worker.may_connect(*flow)) {
            return Err(());
        }
        let id = Self::connect(streams, transmit, dial)?;
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

    fn connect(streams: &Streams, transmit: &Transmit, dial: Option<Dial>) -> Result<ConnId, ()> {
        let flow = &transmit.flow;
        let (tls, tls_key) = match dial {
            None => (None, None),
            Some(dial) => (Some((dial.client, dial.name)), dial.key),
        };
        let to = Connect {
            local: Some(SocketAddr::new(flow.local.ip(), 0)),
            peer: flow.peer,
            tls,
            tls_key,
        };
        streams.connect(to).map_err(|_| ())
    }

    fn close(&self, connection: ConnectionId) {
        if let Some(streams) = &self.streams {
            streams.close(ConnId::new(connection.0));
        }
    }

    fn alias(&self, connection: ConnectionId, address: SocketAddr) {
        if let Some(streams) = &self.streams {
            // A refused alias only means that no request will be sent that way.
            let _ = streams.alias(ConnId::new(connection.0), address);
        }
    }
}

fn send(streams: &Streams, id: ConnId, bytes: &Bytes) -> bool {
    streams.send(id, bytes.clone()).is_ok()
}
