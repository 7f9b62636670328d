//! The real world on loopback: a server process, real sockets, real time.
#![allow(clippy::disallowed_methods, reason = "this is the world")]

mod network;
mod server;
mod sockets;

pub(crate) use network::Network;
pub use server::Server;

use crate::{Arrival, Place, Way, World};
use sockets::{Came, Sockets};
use std::time::{Duration, Instant};

/// A server and the sockets of the phones.
pub struct Loopback {
    began: Instant,
    server: Server,
    sockets: Sockets,
}

impl Loopback {
    /// Opens the sockets of the phones.
    ///
    /// # Errors
    /// A socket that cannot be opened.
    pub fn new(server: Server, places: &[Place]) -> Result<Loopback, String> {
        Ok(Loopback {
            began: Instant::now(),
            sockets: Sockets::open(places)?,
            server,
        })
    }

    fn arrival(&self, came: Came) -> Arrival {
        let at = came.at.saturating_duration_since(self.began);
        Arrival {
            agent: came.agent,
            at_ms: milliseconds(at),
            proto: came.proto,
            source: came.source,
            connection: came.connection,
            what: came.what,
        }
    }
}

impl World for Loopback {
    fn now_ms(&self) -> u64 {
        milliseconds(self.began.elapsed())
    }

    fn send(&mut self, agent: usize, way: Way, octets: Vec<u8>) -> Result<(), String> {
        self.sockets.send(agent, way, &octets)
    }

    fn close(&mut self, agent: usize) {
        self.sockets.close(agent);
    }

    fn run_until(&mut self, at_ms: u64) -> Vec<Arrival> {
        let left = at_ms.saturating_sub(self.now_ms());
        match self.sockets.wait(Duration::from_millis(left)) {
            Some(came) => vec![self.arrival(came)],
            None => Vec::new(),
        }
    }

    fn log(&self) -> Vec<String> {
        self.server.log()
    }

    fn rpc(&mut self, _: &str, _: Vec<serde_json::Value>) -> Result<String, String> {
        Err("commands are called only in the simulator".to_owned())
    }

    fn patience_ms(&self) -> u64 {
        3000
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
