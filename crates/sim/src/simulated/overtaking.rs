//! Two workers with one transaction: what the first has said but not sent yet is not overtaken.

use super::{Simulated, now};
use crate::Scenario;
use bytes::Bytes;
use edge::{Input, Output};
use std::net::SocketAddr;
use std::path::Path;

const PAGE: &str = "# Overtaking\n\n```kamailio\nloadmodule \"pv.so\"\nloadmodule \"tm.so\"\nlisten=udp:127.0.0.1:5060\n\
    request_route { $du = \"sip:127.0.0.1:5070\"; t_relay(); }\n```\n\n```sip\nwait 1s\n```\n";

const INVITE: &str = "INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK1\r\n\
    Max-Forwards: 70\r\nFrom: <sip:alice@127.0.0.1>;tag=a\r\nTo: <sip:bob@127.0.0.1>\r\nCall-ID: c\r\n\
    CSeq: 1 INVITE\r\nContact: <sip:alice@127.0.0.1:5080>\r\nContent-Length: 0\r\n\r\n";

/// The simulator with one worker's outputs held back, as a thread's are until its datagrams have left.
struct Held(Simulated);

impl Held {
    fn datagram(&mut self, worker: usize, from: &str, text: &str) {
        let from: SocketAddr = from.parse().expect("an address");
        let to = "127.0.0.1:5060".parse().expect("an address");
        let flow = self.0.flow_in(to, from).expect("a flow");
        let bytes = Bytes::from(text.to_owned());
        let input = Input::Datagram {
            flow,
            bytes,
            waited_ms: 0,
        };
        self.0.workers[worker].handle_input(now(0), input);
    }

    /// What a worker wants sent now.
    fn sends(&mut self, worker: usize) -> Vec<String> {
        std::iter::from_fn(|| self.0.workers[worker].poll_output())
            .filter_map(|output| match output {
                Output::Transmit(transmit) => {
                    Some(String::from_utf8_lossy(&transmit.bytes).into_owned())
                }
                _ => None,
            })
            .collect()
    }

    /// Start lines of what a worker wants sent now.
    fn lines(&mut self, worker: usize) -> Vec<String> {
        let sends = self.sends(worker);
        let line = |text: &String| text.lines().next().unwrap_or_default().to_owned();
        sends.iter().map(line).collect()
    }
}

/// The callee's reply to the INVITE that was forwarded.
fn reply(invite: &str, status: &str) -> String {
    let (_, headers) = invite.split_once("\r\n").expect("a start line");
    format!("SIP/2.0 {status}\r\n{headers}")
        .replace("To: <sip:bob@127.0.0.1>", "To: <sip:bob@127.0.0.1>;tag=b")
}

#[test]
fn a_200_does_not_leave_before_the_180_that_waits_to_be_sent() {
    let scenario = Scenario::parse(Path::new("overtaking.md"), PAGE).expect("a scenario");
    let mut held = Held(Simulated::start(&scenario, &[], 1).expect("a server"));
    held.datagram(0, "127.0.0.1:5080", INVITE);
    let invite = held.sends(0).pop().expect("the INVITE goes on");
    assert!(!held.0.workers[0].release());

    held.datagram(0, "127.0.0.1:5070", &reply(&invite, "180 Ringing"));
    held.datagram(1, "127.0.0.1:5070", &reply(&invite, "200 OK"));
    assert_eq!(held.lines(1), Vec::<String>::new());
    assert!(!held.0.workers[1].release());

    assert_eq!(held.lines(0), ["SIP/2.0 180 Ringing"]);
    assert!(held.0.workers[0].release());
    assert_eq!(held.lines(0), ["SIP/2.0 200 OK"]);
    assert!(!held.0.workers[0].release());
}

#[test]
fn a_180_that_comes_after_the_200_goes_nowhere() {
    let scenario = Scenario::parse(Path::new("overtaking.md"), PAGE).expect("a scenario");
    let mut held = Held(Simulated::start(&scenario, &[], 1).expect("a server"));
    held.datagram(0, "127.0.0.1:5080", INVITE);
    let invite = held.sends(0).pop().expect("the INVITE goes on");
    held.0.workers[0].release();

    held.datagram(1, "127.0.0.1:5070", &reply(&invite, "200 OK"));
    assert_eq!(held.lines(1), ["SIP/2.0 200 OK"]);
    held.0.workers[1].release();
    held.datagram(0, "127.0.0.1:5070", &reply(&invite, "180 Ringing"));
    assert_eq!(held.lines(0), Vec::<String>::new());
}
