//! A worker thread of a UDP socket.

use super::hands::Datagrams;
use super::{Guarded, Hands};
use crate::clock::Clock;
use edge::{Input, Transmit};
use net::udp::{Datagram, Handler, SendFailure, Sender};
use policy::{Flow, Identity, Proto};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a thread without work sleeps at most, so that it sees a stop.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// Takes datagrams to a worker and its outputs to the sockets.
pub(crate) struct UdpWorker {
    pub(crate) worker: Guarded,
    pub(crate) hands: Hands,
    pub(crate) clock: Clock,
    pub(crate) identity: Arc<Identity>,
}

impl Handler for UdpWorker {
    fn datagrams(&mut self, batch: &mut Vec<Datagram>, received: Instant, out: &mut Sender) {
        let received = self.clock.at(received);
        let (mut now, mut took_time) = (received, false);
        for datagram in batch.drain(..) {
            let Datagram {
                bytes,
                local,
                peer,
                waited,
            } = datagram;
            let Some(socket) = self.identity.find(Proto::Udp, local) else {
                continue;
            };
            let flow = Flow {
                proto: Proto::Udp,
                socket: socket.id,
                local,
                peer,
                connection: None,
            };
            // Of what came to nothing, such as a flood, not each costs a look at the clock.
            if std::mem::take(&mut took_time) {
                now = self.clock.now();
            }
            let waited = ms(waited) + now.mono.ms_since(received.mono);
            let input = Input::Datagram {
                flow,
                bytes,
                waited_ms: u32::try_from(waited).unwrap_or(u32::MAX),
            };
            self.worker.handle_input(now, input);
            took_time = self
                .hands
                .carry_out(&mut self.worker, now, &mut Batched(out));
        }
    }

    fn overflowed(&mut self, lost: u32) {
        let now = self.clock.now();
        self.worker.handle_input(now, Input::Overflow { lost });
    }

    fn idle(&mut self, out: &mut Sender) {
        let now = self.clock.now();
        self.worker.handle_input(now, Input::Tick);
        self.hands
            .carry_out(&mut self.worker, now, &mut Batched(out));
    }

    fn rest(&mut self) -> Duration {
        let now = self.clock.now().mono;
        let due = self.worker.next_deadline();
        due.map_or(LONGEST_REST, |at| {
            Duration::from_millis(at.ms_since(now)).min(LONGEST_REST)
        })
    }

    fn sent(&mut self, out: &mut Sender) -> bool {
        let more = self.worker.release();
        if more {
            let now = self.clock.now();
            self.hands
                .carry_out(&mut self.worker, now, &mut Batched(out));
        }
        more
    }

    fn failed(&mut self, failure: SendFailure, out: &mut Sender) {
        let now = self.clock.now();
        let Some(socket) = self.identity.find(Proto::Udp, failure.local) else {
            return;
        };
        let flow = Flow {
            proto: Proto::Udp,
            socket: socket.id,
            local: failure.local,
            peer: failure.peer,
            connection: None,
        };
        let transmit = Transmit {
            flow,
            bytes: failure.bytes,
            no_connect: false,
            close: false,
            tls: None,
        };
        self.worker
            .handle_input(now, Input::SendFailed { transmit });
        self.hands
            .carry_out(&mut self.worker, now, &mut Batched(out));
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Queues datagrams for the batch that leaves at the end.
struct Batched<'a>(&'a mut Sender);

impl Datagrams for Batched<'_> {
    fn send(&mut self, transmit: Transmit) -> Result<(), Box<Transmit>> {
        let Transmit { flow, bytes, .. } = transmit;
        self.0.send(flow.local, flow.peer, bytes);
        Ok(())
    }
}
