//! The built-in policy with two users, somebody who attacks, and somebody who must not be hit.

use super::input::{Input, Seen, Who};
use policy::Proto;
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

/// What proves who one is, for one request; nothing for a stranger.
#[derive(Default)]
struct Credentials {
    usual: String,
    /// As RFC 2069 had it: they could be used again.
    without_qop: String,
}

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
        let credentials = match who {
            Who::Stranger => Credentials::default(),
            Who::Insider => self.credentials(input.request())?,
        };
        let (method, _) = input.request();
        let octets = input.octets(|name| self.named(name, method, &credentials))?;
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
    fn credentials(&mut self, (method, uri): (&str, &str)) -> Result<Credentials, String> {
        let asked = if method == "REGISTER" {
            "REGISTER"
        } else {
            "MESSAGE"
        };
        let text = format!(
            "{asked} sip:example.test SIP/2.0\r\n{}\r\nFrom: <sip:alice@example.test>;tag=ask\r\n\
             To: <sip:alice@example.test>\r\nCall-ID: ask\r\nCSeq: 1 {asked}\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            self.via("ask"),
        );
        self.send(text.into_bytes())?;
        let mut seen = Seen::default();
        self.listen(&mut seen, 500);
        let answer = seen.back.first().ok_or("no challenge")?;
        let answer = String::from_utf8_lossy(answer);
        let nonce = answer
            .split("nonce=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let nonce = nonce.ok_or_else(|| format!("no nonce in {answer}"))?;
        let known = ha1(Hash::Md5, b"alice", b"example.test", b"secret");
        let asked_for = Hash::Md5.of(&[method.as_bytes(), uri.as_bytes()]);
        let old = Hash::Md5.of(&[known.as_bytes(), nonce.as_bytes(), asked_for.as_bytes()]);
        let response = Hash::Md5.of(&[
            known.as_bytes(),
            nonce.as_bytes(),
            b"00000001",
            b"c",
            b"auth",
            asked_for.as_bytes(),
        ]);
        let name = if method == "REGISTER" {
            "Authorization"
        } else {
            "Proxy-Authorization"
        };
        let common = format!(
            "{name}: Digest username=\"alice\", realm=\"example.test\", nonce=\"{nonce}\", uri=\"{uri}\""
        );
        Ok(Credentials {
            usual: format!(
                "{common}, response=\"{}\", qop=auth, nc=00000001, cnonce=\"c\"",
                response.as_str()
            ),
            without_qop: format!("{common}, response=\"{}\"", old.as_str()),
        })
    }

    /// What stands for a name in braces.
    fn named(&self, name: &str, method: &str, credentials: &Credentials) -> Result<String, String> {
        Ok(match name {
            "via" => self.via("attack"),
            "from" => "From: <sip:alice@example.test>;tag=attack".to_owned(),
            "to" if method == "REGISTER" => "To: <sip:alice@example.test>".to_owned(),
            "to" => "To: <sip:bob@example.test>".to_owned(),
            "id" => "Call-ID: attack".to_owned(),
            "cseq" => format!("CSeq: 1 {method}"),
            "max" => "Max-Forwards: 70".to_owned(),
            "contact" => format!("Contact: <sip:alice@{ATTACKER}>"),
            "auth" => credentials.usual.clone(),
            "auth-without-qop" => credentials.without_qop.clone(),
            "end" => "Content-Length: 0".to_owned(),
            _ if name.starts_with("head") => {
                let left_out: Vec<&str> = name.split(" -").skip(1).collect();
                let names = ["via", "from", "to", "id", "cseq", "max", "contact", "auth"];
                let names = names.iter().filter(|name| !left_out.contains(name));
                let lines: Result<Vec<_>, _> = names
                    .map(|name| self.named(name, method, credentials))
                    .collect();
                let mut lines = lines?;
                lines.retain(|line| !line.is_empty());
                lines.join("\\r\\n")
            }
            "server" => self.server().to_string(),
            "victim" => VICTIM.to_owned(),
            "me" => ATTACKER.to_owned(),
            "transport" => self.proto.to_string(),
            _ => return Err(format!("nothing is called {name}")),
        })
    }

    fn via(&self, branch: &str) -> String {
        let proto = self.proto.to_string().to_uppercase();
        format!("Via: SIP/2.0/{proto} {ATTACKER};branch=z9hG4bK{branch};rport")
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
