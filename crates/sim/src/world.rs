//! What phones live in: a clock and a network with a server in it.

use policy::Proto;
use std::net::SocketAddr;

/// Where a phone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The transport it listens on.
    pub proto: Proto,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The way a message of a phone takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The transport.
    pub proto: Proto,
    /// The socket of the server.
    pub to: SocketAddr,
    /// The connection, where it goes back over one. Without it, the phone's connection to `to` is
    /// used, or opened.
    pub connection: Option<u64>,
}

/// Something that came to a phone.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Which phone, as numbered by the order of places.
    pub agent: usize,
    /// When, in milliseconds of the world's clock.
    pub at_ms: u64,
    /// The transport.
    pub proto: Proto,
    /// Who sent it.
    pub source: SocketAddr,
    /// Over which connection.
    pub connection: Option<u64>,
    /// What it is.
    pub what: What,
}

/// What can come to a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A datagram, or one message of a stream.
    Octets(Vec<u8>),
    /// The end of a connection.
    Closed,
}

/// A clock and a network with a server in it. Phones are known by their number.
pub trait World {
    /// Milliseconds since the world began.
    fn now_ms(&self) -> u64;

    /// Sends what a phone says.
    ///
    /// # Errors
    /// A sentence, where there is no way.
    fn send(&mut self, agent: usize, way: Way, octets: Vec<u8>) -> Result<(), String>;

    /// Closes the connections of a phone.
    fn close(&mut self, agent: usize);

    /// Lets time pass until something arrives, at the longest until `at_ms`.
    fn run_until(&mut self, at_ms: u64) -> Vec<Arrival>;

    /// The log lines so far.
    fn log(&self) -> Vec<String>;

    /// Calls a command of the server; gives its result as JSON.
    ///
    /// # Errors
    /// A sentence, the server's own where it refused.
    fn rpc(&mut self, name: &str, params: Vec<serde_json::Value>) -> Result<String, String>;

    /// How much longer than asked for one waits for a message, in milliseconds: 0 where the clock is
    /// virtual.
    fn patience_ms(&self) -> u64;
}
