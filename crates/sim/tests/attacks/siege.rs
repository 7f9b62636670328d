//! The built-in policy with two users, somebody who attacks, and somebody who must not be hit.

use policy::Proto;
use sim::attack::{Attacker, Credentials, Input, Seen, Who};
use sim::{Arrival, Place, Player, Scenario, Simulated, Way, What, World};
use sip::digest::{Hash, ha1};
use std::net::SocketAddr;
use std::path::Path;

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/policy/ringwall.cfg");

const ATTACKER: &str = "127.0.0.7:5060";
const BOB: &str = "127.0.0.8:5060";
const VICTIM: &str = "127.0.0.66:5060";
const WITNESS: &str = "127.0.0.99:5060";

/// How long a server may wait for the rest of a message before it closes the connection.
const SLOWEST_MS: u64 = 15_000;

/// A running server and its neighbours.
pub(crate) struct Siege {
    world: Simulated,
    places: Vec<Place>,
    proto: Proto,
}

impl Siege {
    /// Starts the server; Bob registers.
    pub(crate) fn lay(proto: Proto, seed: u64) -> Result<Siege, String> {
        let scenario = Scenario::parse(Path::new("attack.md"), &page(proto))?;
        let places = Player::<Simulated>::places(&scenario);
        let mut world = Simulated::start(&scenario, &places, seed)?;
        Player::play(&mut world, &scenario, seed)?;
        Ok(Siege {
            world,
            places,
            proto,
        })
    }

    /// Sends an input and waits for what comes of it.
    pub(crate) fn attack(&mut self, input: &Input, who: Who) -> Result<Seen, String> {
        let attacker = self.attacker();
        let (method, uri) = input.request(&attacker)?;
        let credentials = match who {
            Who::Stranger => Credentials::default(),
            Who::Insider => self.credentials(&attacker, (&method, &uri))?,
        };
        let octets = input.octets(&attacker, &method, &credentials)?;
        let mut seen = Seen {
            sent: octets.len(),
            ..Seen::default()
        };
        self.send(octets)?;
        self.listen(&mut seen, 700);
        if self.proto != Proto::Udp && seen.back.is_empty() && seen.forwarded.is_empty() {
            self.listen(&mut seen, SLOWEST_MS);
        }
        Ok(seen)
    }

    /// What is wrong when it is over: others are not served, or something of it stays.
    pub(crate) fn afterwards(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.serves() {
            wrong.push("the next good request is not answered".to_owned());
        }
        let end = self.world.now_ms() + 600_000;
        while self.world.now_ms() < end {
            let elsewhere =
                |arrival: &Arrival| self.places[arrival.agent].address == address(VICTIM);
            if self.world.run_until(end).iter().any(elsewhere) {
                wrong
                    .push("somebody gets a message later who has nothing to do with it".to_owned());
            }
        }
        let transactions = self.world.transactions();
        if transactions > 0 {
            wrong.push(format!("{transactions} transactions stay"));
        }
        wrong
    }

    pub(crate) fn log(&self) -> String {
        self.world.log().join("\n")
    }

    fn serves(&mut self) -> bool {
        let octets = b"OPTIONS sip:example.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.99:5060;branch=z9hG4bKgood;rport\r\n\
            From: <sip:witness@elsewhere.test>;tag=1\r\nTo: <sip:example.test>\r\nCall-ID: good\r\nCSeq: 1 OPTIONS\r\n\
            Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
        let witness = self.place(WITNESS, Proto::Udp);
        let way = Way {
            proto: Proto::Udp,
            to: address("127.0.0.1:5060"),
            connection: None,
        };
        if self.world.send(witness, way, octets.to_vec()).is_err() {
            return false;
        }
        let end = self.world.now_ms() + 1000;
        while self.world.now_ms() < end {
            let good = |arrival: &Arrival| {
                arrival.agent == witness
                    && matches!(&arrival.what, What::Octets(octets) if octets.starts_with(b"SIP/2.0 200"))
            };
            if self.world.run_until(end).iter().any(good) {
                return true;
            }
        }
        false
    }

    /// Asks for a challenge and answers it for this request.
    fn credentials(
        &mut self,
        attacker: &Attacker,
        request: (&str, &[u8]),
    ) -> Result<Credentials, String> {
        self.send(attacker.question(request.0))?;
        let mut seen = Seen::default();
        self.listen(&mut seen, 500);
        let answer = seen.back.first().ok_or("no challenge")?;
        attacker.credentials(request, answer)
    }

    fn attacker(&self) -> Attacker {
        Attacker {
            user: "alice",
            password: "secret",
            proto: self.proto,
            me: address(ATTACKER),
            server: self.server(),
            victim: address(VICTIM),
            serial: String::new(),
        }
    }

    fn server(&self) -> SocketAddr {
        address(if self.proto == Proto::Tls {
            "127.0.0.1:5061"
        } else {
            "127.0.0.1:5060"
        })
    }

    fn send(&mut self, octets: Vec<u8>) -> Result<(), String> {
        let way = Way {
            proto: self.proto,
            to: self.server(),
            connection: None,
        };
        self.world
            .send(self.place(ATTACKER, self.proto), way, octets)
    }

    fn listen(&mut self, seen: &mut Seen, ms: u64) {
        let end = self.world.now_ms() + ms;
        while self.world.now_ms() < end && !seen.closed {
            for arrival in self.world.run_until(end) {
                let from = self.places[arrival.agent].address;
                match arrival.what {
                    What::Closed => seen.closed |= from == address(ATTACKER),
                    What::Octets(octets) if from == address(ATTACKER) => seen.back.push(octets),
                    What::Octets(octets) if from == address(BOB) => seen.forwarded.push(octets),
                    What::Octets(octets) => seen.elsewhere.push(octets),
                }
            }
        }
    }

    fn place(&self, at: &str, proto: Proto) -> usize {
        let mut places = self.places.iter();
        let found = places.position(|place| place.address == address(at) && place.proto == proto);
        found.unwrap_or_else(|| panic!("nobody is at {at}"))
    }
}

fn page(proto: Proto) -> String {
    let mut users = String::new();
    for name in ["alice", "bob"] {
        let hash = ha1(Hash::Md5, name.as_bytes(), b"example.test", b"secret");
        users += &format!(
            "db subscriber username={name} domain=example.test ha1={}\n",
            hash.as_str()
        );
    }
    let mut agents = format!(
        "agent attacker {proto}:{ATTACKER}\nagent bob udp:{BOB}\nagent witness udp:{WITNESS}\n"
    );
    for (name, proto) in [
        ("victim", "udp"),
        ("victimtcp", "tcp"),
        ("victimtls", "tls"),
    ] {
        agents += &format!("agent {name} {proto}:{VICTIM}\n");
    }
    format!(
        "# Attack\n\n```kamailio\n#!define DOMAIN \"example.test\"\n#!define DBURL \"sqlite:///{{db}}\"\n\
         #!define ROUTE_KEYS \"0123456789abcdef0123456789abcdef\"\nlisten=udp:127.0.0.1:5060\n\
         listen=tcp:127.0.0.1:5060\nlisten=tls:127.0.0.1:5061\ninclude_file \"{POLICY}\"\n```\n\n```sip\n\
         {agents}{users}bob -> REGISTER sip:example.test\nbob <- 401\nbob -> REGISTER with digest bob:secret\n\
         bob <- 200\n```\n"
    )
}

fn address(text: &str) -> SocketAddr {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}
