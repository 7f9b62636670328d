//! Simulated connections.

use super::Simulated;
use super::network::Event;
use crate::{Arrival, Way, What};
use bytes::Bytes;
use policy::{ConnectionId, Flow, Proto};
use stack::framing::{Event as Framed, Framer};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The connections between phones and the server.
#[derive(Default)]
pub(super) struct Connections {
    open: BTreeMap<ConnectionId, Connection>,
    aliases: BTreeMap<SocketAddr, ConnectionId>,
    made: u64,
}

struct Connection {
    agent: usize,
    /// As the server sees it.
    flow: Flow,
    /// The phone's end of the stream.
    framer: Framer,
}

impl Connections {
    /// The connections of a phone.
    pub(super) fn of_agent(&self, agent: usize) -> Vec<ConnectionId> {
        let open = self.open.iter();
        open.filter(|(_, connection)| connection.agent == agent)
            .map(|(id, _)| *id)
            .collect()
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<usize> {
        self.aliases.retain(|_, known| *known != id);
        self.open.remove(&id).map(|connection| connection.agent)
    }

    /// The connection to a peer, by its own address or by an alias.
    pub(super) fn to_peer(&self, proto: Proto, peer: SocketAddr) -> Option<ConnectionId> {
        let open = self.open.iter().rev();
        let mut own = open.filter(|(_, connection)| {
            connection.flow.peer == peer && connection.flow.proto == proto
        });
        own.next()
            .map(|(id, _)| *id)
            .or(self.aliases.get(&peer).copied())
    }

    pub(super) fn alias(&mut self, id: ConnectionId, address: SocketAddr) {
        self.aliases.insert(address, id);
    }

    pub(super) fn is_open(&self, id: ConnectionId) -> bool {
        self.open.contains_key(&id)
    }

    fn between(&self, agent: usize, way: Way) -> Option<ConnectionId> {
        let open = self.open.iter().rev();
        let mut own = open.filter(|(_, connection)| {
            connection.agent == agent
                && connection.flow.local == way.to
                && connection.flow.proto == way.proto
        });
        own.next().map(|(id, _)| *id)
    }

    fn add(&mut self, agent: usize, mut flow: Flow) -> ConnectionId {
        self.made += 1;
        let id = ConnectionId(self.made);
        flow.connection = Some(id);
        let framer = Framer::new(&stack::Limits::default(), true);
        self.open.insert(
            id,
            Connection {
                agent,
                flow,
                framer,
            },
        );
        id
    }
}

impl Simulated {
    /// A phone writes on a connection; the network cuts what it writes at places drawn from the seed.
    pub(super) fn agent_writes(
        &mut self,
        agent: usize,
        way: Way,
        mut bytes: Bytes,
    ) -> Result<(), String> {
        let given = way.connection.map(ConnectionId);
        let id = match given.or_else(|| self.connections.between(agent, way)) {
            Some(id) => id,
            None => self.agent_connects(agent, way)?,
        };
        let Some(connection) = self.connections.open.get(&id) else {
            return Err("the connection is closed".to_owned());
        };
        let (from, to) = (connection.flow.peer, connection.flow.local);
        while !bytes.is_empty() {
            let at = self.arrival_ms(from, to);
            let piece = bytes.split_to(1 + self.rng.usize(..bytes.len()));
            let event = Event::Received {
                connection: id,
                bytes: piece,
            };
            self.queue.put(at, event);
        }
        Ok(())
    }

    fn agent_connects(&mut self, agent: usize, way: Way) -> Result<ConnectionId, String> {
        let socket = self.config.identity.find(way.proto, way.to);
        let socket = socket
            .ok_or_else(|| format!("the server does not listen on {}:{}", way.proto, way.to))?;
        let mut peer = self.places[agent].address;
        peer.set_port(EPHEMERAL + u16::try_from(self.connections.made % 10_000).unwrap_or(0));
        let flow = Flow {
            proto: way.proto,
            socket: socket.id,
            local: way.to,
            peer,
            connection: None,
        };
        let id = self.connections.add(agent, flow);
        let flow = Flow {
            connection: Some(id),
            ..flow
        };
        let at = self.arrival_ms(peer, way.to);
        self.queue.put(at, Event::Opened { flow });
        Ok(id)
    }

    /// The server connects to a phone; none where no phone listens there.
    pub(super) fn server_connects(&mut self, flow: Flow) -> Option<ConnectionId> {
        let mut places = self.places.iter();
        let listens =
            |place: &crate::Place| place.address == flow.peer && place.proto == flow.proto;
        let agent = places.position(listens)?;
        let mut flow = flow;
        flow.local.set_port(EPHEMERAL - 1);
        let id = self.connections.add(agent, flow);
        let flow = Flow {
            connection: Some(id),
            ..flow
        };
        let worker = self.owner(id.0);
        self.input(worker, edge::Input::Opened { flow });
        Some(id)
    }

    /// Octets of the server reach a phone.
    pub(super) fn agent_reads(&mut self, id: ConnectionId, bytes: &[u8]) {
        let at_ms = self.now_ms;
        let Some(connection) = self.connections.open.get_mut(&id) else {
            return;
        };
        connection.framer.feed(bytes);
        while let Some(event) = connection.framer.next_event(stack::Instant::from_ms(at_ms)) {
            let octets = match event {
                Framed::Message(octets) => octets.to_vec(),
                Framed::Ping => b"\r\n\r\n".to_vec(),
                Framed::Fault(fault) => format!("not SIP: {:?}", fault.kind).into_bytes(),
            };
            self.arrivals.push(Arrival {
                agent: connection.agent,
                at_ms,
                proto: connection.flow.proto,
                source: connection.flow.local,
                connection: Some(id.0),
                what: What::Octets(octets),
            });
        }
    }
}

/// Where ports of connecting phones begin.
const EPHEMERAL: u16 = 40_000;
