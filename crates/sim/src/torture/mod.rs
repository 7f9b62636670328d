//! The torture messages of RFC 4475 and RFC 5118: what is expected of each, and what came of it.

mod row;

pub use row::{Row, rows};

use crate::loopback::{Loopback, Network, Server};
use crate::{Heard, Player, Scenario, Simulated, Subject, Way, What, World};
use policy::Proto;
use std::path::Path;

/// What a server did with a message.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What came back, in order.
    pub replies: Vec<Heard>,
    /// What went on to the next hop.
    pub forwarded: Vec<Heard>,
    /// The connection was closed.
    pub closed: bool,
}

impl Seen {
    /// One word for it: `fwd`, a status code, `close` or `drop`.
    pub fn outcome(&self) -> String {
        let status = |heard: &Heard| heard.status();
        let last = self.replies.iter().filter_map(status).max();
        match (self.forwarded.is_empty(), last, self.closed) {
            (false, ..) => "fwd".to_owned(),
            (true, Some(status), _) => status.to_string(),
            (true, None, true) => "close".to_owned(),
            (true, None, false) => "drop".to_owned(),
        }
    }
}

/// Sends a message to a server that runs the script at `script` and judges what comes of it.
///
/// # Errors
/// What is not as expected, or what kept the server from starting.
pub fn torture(
    row: &Row,
    proto: Proto,
    script: &Path,
    (subject, seed): (Subject, u64),
) -> Result<(), String> {
    let scenario = scenario(script, proto)?;
    let ideal = subject != Subject::Kamailio;
    match subject {
        Subject::Sim => {
            let places = Player::<Simulated>::places(&scenario);
            let mut world = Simulated::start(&scenario, &places, seed)?;
            judged(&mut world, &scenario, (row, proto), ideal)
        }
        Subject::Ringwall | Subject::Kamailio => {
            let network = Network::take(&scenario)?;
            let scenario = scenario.moved_to(network.prefix())?;
            let server = Server::start(&scenario, subject)?;
            let places = Player::<Loopback>::places(&scenario);
            let mut world = Loopback::new(server, &places)?;
            judged(&mut world, &scenario, (row, proto), ideal)
        }
    }
}

fn judged<W: World>(
    world: &mut W,
    scenario: &Scenario,
    (row, proto): (&Row, Proto),
    ideal: bool,
) -> Result<(), String> {
    let seen = send(world, scenario, (row, proto), ideal)?;
    let judged = row.judge(proto, ideal, &seen);
    judged.map_err(|wrong| format!("{wrong}\n\nlog:\n  {}", world.log().join("\n  ")))
}

/// The sender, at every port that a Via of the messages names, and the next hop.
fn scenario(script: &Path, proto: Proto) -> Result<Scenario, String> {
    let text = crate::disk::read_text(script)?;
    let mut play = format!("agent sender {proto}:127.0.0.2:5060\nagent next udp:127.0.0.3:5060\n");
    for port in [5050, 5070, 6050, 19823] {
        play += &format!("agent port{port} udp:127.0.0.2:{port}\n");
    }
    let page = format!("# Torture\n\n```kamailio\n{text}```\n\n```sip\n{play}wait 1s\n```\n");
    Scenario::parse(script, &page)
}

fn send<W: World>(
    world: &mut W,
    scenario: &Scenario,
    (row, proto): (&Row, Proto),
    ideal: bool,
) -> Result<Seen, String> {
    let octets = crate::disk::read(&row.path)?;
    let way = Way {
        proto,
        to: scenario.surroundings.agents[SENDER].server,
        connection: None,
    };
    world.send(SENDER, way, octets)?;
    let real = world.patience_ms() > 0;
    let mut seen = Seen::default();
    listen(world, &mut seen, if real { 700 } else { 2000 });
    // Where time is real, silence that is right is not waited out.
    let patient = !real || row.judge(proto, ideal, &seen).is_err();
    if proto != Proto::Udp && patient && seen.outcome() == "drop" {
        listen(world, &mut seen, SLOWEST_MS);
    }
    Ok(seen)
}

/// The number of the sending agent, and of the next hop.
const SENDER: usize = 0;
const NEXT: usize = 1;

/// How long a server may wait for the rest of a message before it closes the connection.
const SLOWEST_MS: u64 = 15_000;

fn listen<W: World>(world: &mut W, seen: &mut Seen, ms: u64) {
    let deadline = world.now_ms() + ms;
    while world.now_ms() < deadline && !seen.closed {
        for arrival in world.run_until(deadline) {
            match (arrival.what, arrival.agent) {
                (What::Closed, _) => seen.closed = true,
                (What::Octets(octets), NEXT) => seen.forwarded.push(Heard::new(&octets)),
                (What::Octets(octets), _) => seen.replies.push(Heard::new(&octets)),
            }
        }
    }
}
