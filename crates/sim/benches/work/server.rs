//! The server that is measured.

use bytes::Bytes;
use policy::Flow;
use sim::{Direct, Heard, Scenario};
use std::net::SocketAddr;
use std::path::Path;

/// Time between two calls.
const PACE_MS: u64 = 2;

/// A server with a configuration of the benchmarks, and what it sent last.
pub(crate) struct Server {
    direct: Direct,
    sent: Vec<(SocketAddr, Bytes)>,
}

/// A datagram on its way to the server.
pub(crate) type Datagram = (Flow, Bytes);

impl Server {
    /// Starts it.
    pub(crate) fn new(script: &str) -> Server {
        let script = script
            .replace("{port}", "5060")
            .replace("{callee}", &CALLEE_PORT.to_string());
        let page = format!("# Work\n\n```kamailio\n{script}\n```\n\n```sip\nwait 1s\n```\n");
        let scenario = Scenario::parse(Path::new("work.md"), &page).expect("a scenario");
        Server {
            direct: Direct::start(&scenario).unwrap_or_else(|why| panic!("{why}")),
            sent: Vec::with_capacity(8),
        }
    }

    /// A message from a port of this machine.
    pub(crate) fn datagram(&self, port: u16, text: String) -> Datagram {
        let peer = SocketAddr::from(([127, 0, 0, 1], port));
        (
            self.direct.flow_from(peer).expect("a socket"),
            Bytes::from(text),
        )
    }

    /// Gives it a message.
    pub(crate) fn give(&mut self, datagram: Datagram) {
        self.give_late(datagram, 0);
    }

    /// Gives it a message that has waited for so many milliseconds.
    pub(crate) fn give_late(&mut self, (flow, bytes): Datagram, waited_ms: u32) {
        self.sent.clear();
        self.direct
            .give_late(flow, bytes, waited_ms, &mut self.sent);
    }

    /// Lets time pass until the next call.
    pub(crate) fn pace(&mut self) {
        self.direct.pass_ms(PACE_MS);
    }

    /// What it said last to this port.
    pub(crate) fn said_to(&self, port: u16) -> Option<Heard> {
        let mut to_port = self.sent.iter().rev().filter(|(to, _)| to.port() == port);
        to_port.next().map(|(_, bytes)| Heard::new(bytes))
    }
}

pub(crate) const CALLER_PORT: u16 = 5999;
pub(crate) const CALLEE_PORT: u16 = 5070;
