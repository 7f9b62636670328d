//! What workers want done outside.

use super::Simulated;
use super::network::Event;
use crate::{Arrival, What};
use edge::{Output, Ticket, Transmit};
use policy::{Answer, ConnectionId, Effect, Flow, Proto};

impl Simulated {
    pub(super) fn output(&mut self, worker: usize, output: Output) {
        match output {
            Output::Transmit(transmit) if transmit.flow.proto == Proto::Udp => {
                self.datagram_out(&transmit);
            }
            Output::Transmit(transmit) => self.stream_out(worker, transmit),
            Output::Ask { ticket, effect } => self.ask(ticket, effect),
            Output::Close(connection) => self.server_closes(connection),
            Output::Alias {
                connection,
                address,
            } => self.connections.alias(connection, address),
        }
    }

    /// To a phone, or back to a socket of the server itself; into the void where nobody listens.
    fn datagram_out(&mut self, transmit: &Transmit) {
        let Flow { local, peer, .. } = transmit.flow;
        let at = self.arrival_ms(local, peer);
        let listens = |place: &crate::Place| place.address == peer;
        if let Some(agent) = self.places.iter().position(listens) {
            let arrival = Arrival {
                agent,
                at_ms: at,
                proto: Proto::Udp,
                source: local,
                connection: None,
                what: What::Octets(transmit.bytes.to_vec()),
            };
            self.queue.put(at, Event::ToAgent(arrival));
        } else if let Ok(flow) = self.flow_in(peer, local) {
            let bytes = transmit.bytes.clone();
            self.queue.put(at, Event::Datagram { flow, bytes });
        }
    }

    fn stream_out(&mut self, worker: usize, transmit: Transmit) {
        let flow = transmit.flow;
        let known = match flow.connection {
            Some(id) => Some(id).filter(|id| self.connections.is_open(*id)),
            None => self.connections.to_peer(flow.proto, flow.peer),
        };
        let id = match known {
            Some(id) => Some(id),
            None if transmit.no_connect || flow.connection.is_some() => None,
            None => self.server_connects(flow),
        };
        let Some(connection) = id else {
            let failed = Event::SendFailed { worker, transmit };
            return self.queue.put(self.now_ms + 1, failed);
        };
        let at = self.arrival_ms(flow.local, flow.peer);
        let bytes = transmit.bytes;
        self.queue
            .put(at, Event::ToAgentStream { connection, bytes });
        if transmit.close {
            self.server_closes(connection);
        }
    }

    /// The phone reads what was written before, then hears of the end, as does the worker.
    fn server_closes(&mut self, connection: ConnectionId) {
        self.read_everything(connection);
        if let Some(agent) = self.connections.remove(connection) {
            let arrival = Arrival {
                agent,
                at_ms: self.now_ms,
                proto: Proto::Tcp,
                source: self.places[agent].address,
                connection: Some(connection.0),
                what: What::Closed,
            };
            self.queue.put(self.now_ms, Event::ToAgent(arrival));
            self.queue.put(self.now_ms, Event::Closed { connection });
        }
    }

    /// Brings what is under way on a connection to the phone at once.
    fn read_everything(&mut self, connection: ConnectionId) {
        for bytes in self.queue.take_stream(connection) {
            self.agent_reads(connection, &bytes);
        }
    }

    fn ask(&mut self, ticket: Ticket, effect: Effect) {
        match effect {
            Effect::Store { store, operation } => {
                // The engine in memory calls back before it returns.
                let answer = Answer::Store(store::wait(&*store, *operation));
                self.answer(ticket, answer);
            }
            Effect::Keys { keys, commands } => {
                let answer = Answer::Keys(store::keys::wait(&*keys, commands));
                self.answer(ticket, answer);
            }
            Effect::Lookup(query) => {
                let answer = Answer::Names(self.names.answer(&query));
                self.answer(ticket, answer);
            }
            // The edge fulfils every other wish itself.
            _ => self.answer(ticket, Answer::TimedOut),
        }
    }
}
