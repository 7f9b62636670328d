//! One worker and nothing around it, for measuring what messages cost.

use super::boot::{Booted, boot};
use super::{Lines, now};
use crate::Scenario;
use bytes::Bytes;
use edge::{Input, Output, Worker};
use policy::{Flow, Proto};
use std::net::SocketAddr;
use std::sync::Arc;

/// A server that is given datagrams and hands out those that it would send, at once and in order.
///
/// What it asks of a database or of name servers is never answered.
pub struct Direct {
    worker: Worker,
    config: Arc<policy::Config>,
    now_ms: u64,
}

impl Direct {
    /// Starts the server of a scenario.
    ///
    /// # Errors
    /// The findings of loading the script, or what a start task said.
    pub fn start(scenario: &Scenario) -> Result<Direct, String> {
        let mut rng = fastrand::Rng::with_seed(1);
        let Booted { edge, config } = boot(scenario, &mut rng, Arc::new(Lines::default()))?;
        Ok(Direct {
            worker: Worker::new(edge, now(0), rng.u64(..)),
            config,
            now_ms: 0,
        })
    }

    /// Lets time pass: timers come with the next datagram.
    pub fn pass_ms(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// The way of a datagram from `peer` to our first socket.
    ///
    /// # Errors
    /// The server has no socket.
    pub fn flow_from(&self, peer: SocketAddr) -> Result<Flow, String> {
        let socket = self.config.identity.sockets.first();
        let socket = socket.ok_or("the server listens nowhere")?;
        Ok(Flow {
            proto: Proto::Udp,
            socket: socket.id,
            local: socket.addr,
            peer,
            connection: None,
        })
    }

    /// Gives the server a datagram; what it sends is added to `out`.
    pub fn give(&mut self, flow: Flow, bytes: Bytes, out: &mut Vec<(SocketAddr, Bytes)>) {
        self.give_late(flow, bytes, 0, out);
    }

    /// The same, with a datagram that has waited for so long.
    pub fn give_late(
        &mut self,
        flow: Flow,
        bytes: Bytes,
        waited_ms: u32,
        out: &mut Vec<(SocketAddr, Bytes)>,
    ) {
        let input = Input::Datagram {
            flow,
            bytes,
            waited_ms,
        };
        self.worker.handle_input(now(self.now_ms), input);
        self.carry_out(out);
        while self.worker.release() {
            self.carry_out(out);
        }
    }

    fn carry_out(&mut self, out: &mut Vec<(SocketAddr, Bytes)>) {
        while let Some(output) = self.worker.poll_output() {
            if let Output::Transmit(transmit) = output {
                out.push((transmit.flow.peer, transmit.bytes));
            }
        }
    }
}
