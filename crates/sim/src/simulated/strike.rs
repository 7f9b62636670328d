//! Datagrams from anywhere, without phones behind them.

use super::{Simulated, now};
use bytes::Bytes;
use edge::{Input, Output};
use std::net::SocketAddr;

impl Simulated {
    /// A datagram comes from anywhere to a socket of the server. Answers how many datagrams and octets
    /// went back there at once; nobody reads them.
    ///
    /// # Errors
    /// A sentence, where the server does not listen there.
    pub fn strike(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        octets: Bytes,
    ) -> Result<(usize, usize), String> {
        let flow = self.flow_in(to, from)?;
        let worker = self.rng.usize(..self.workers.len());
        let input = Input::Datagram {
            flow,
            bytes: octets,
            waited_ms: 0,
        };
        self.workers[worker].handle_input(now(self.now_ms), input);
        let (mut datagrams, mut sum) = (0, 0);
        loop {
            while let Some(output) = self.workers[worker].poll_output() {
                match output {
                    Output::Transmit(back) if back.flow.peer == from => {
                        datagrams += 1;
                        sum += back.bytes.len();
                    }
                    output => self.output(worker, output),
                }
            }
            if !self.workers[worker].release() {
                return Ok((datagrams, sum));
            }
        }
    }
}
