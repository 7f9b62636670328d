//! A server, a user who is called, and somebody whose requests are always answered.

use super::bystanders::{Bystanders, VICTIM};
use super::link::{Heard, Link, trust};
use crate::phones::House;
use ringwall_e2e::{Probe, Transport, User, status_of};
use rustls::ClientConfig;
use sim::attack::{Attacker, Credentials, Input, Proto, Seen, Who};
use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long an answer is waited for that must come.
const ANSWER: Duration = Duration::from_secs(2);
/// How long one is waited for that need not come.
const SILENCE: Duration = Duration::from_millis(60);
/// What comes behind the answer.
const REST: Duration = Duration::from_millis(8);
/// How soon a good request is answered.
const GOOD: Duration = Duration::from_secs(1);
/// What one input may cost.
const CPU: Duration = Duration::from_millis(300);
/// What all of them together may leave behind, in kB.
const GROWTH_KB: u64 = 64 * 1024;

/// One attacker, with a server of its own.
pub(super) struct Siege {
    house: House,
    proto: Proto,
    who: Who,
    trusted: Arc<ClientConfig>,
    bystanders: Arc<Bystanders>,
    /// What came to Bob.
    forwarded: Arc<Mutex<Vec<Vec<u8>>>>,
    good: Probe,
    number: u32,
    memory_kb: u64,
}

impl Siege {
    pub(super) fn lay(proto: Proto, who: Who) -> Siege {
        let house = House::built_in(Transport::Udp);
        let trusted = trust(&house.certificate());
        let mut siege = Siege {
            proto,
            who,
            trusted,
            bystanders: Bystanders::shared(),
            forwarded: Arc::default(),
            good: Probe::new(house.port()),
            number: 0,
            memory_kb: house.resident_kb(),
            house,
        };
        siege.register_bob();
        siege
    }

    /// Sends one input; all that is wrong with what comes of it.
    pub(super) fn attack(&mut self, input: &Input) -> Result<Vec<String>, String> {
        self.number += 1;
        let mut link = Link::open(self.proto, self.server(), &self.trusted);
        let attacker = self.attacker(User::ALICE, link.address());
        let (method, uri) = input.request(&attacker)?;
        let credentials = match self.who {
            Who::Stranger => Credentials::default(),
            Who::Insider => prove(&mut link, &attacker, (&method, &uri))?,
        };
        let octets = input.octets(&attacker, &method, &credentials)?;
        let before = self.house.cpu_time();
        self.forwarded.lock().expect("no panic").clear();
        link.send(&octets);
        let patience = match input.may_be_dropped(self.who) {
            true => SILENCE,
            false => ANSWER,
        };
        let mut seen = listen(&mut link, octets.len(), patience);
        let mut wrong = self.serve();
        seen.forwarded = std::mem::take(&mut *self.forwarded.lock().expect("no panic"));
        // The ACK of what Bob refused before is no part of this.
        seen.forwarded
            .retain(|message| method == "ACK" || !message.starts_with(b"ACK "));
        let used = self.house.cpu_time() - before;
        if used > CPU {
            wrong.push(format!("it took {used:?} of CPU time"));
        }
        wrong.extend(input.judge(self.proto, self.who, &seen));
        if !wrong.is_empty() {
            wrong.push(seen.told());
        }
        Ok(wrong)
    }

    /// What is wrong in the end.
    pub(super) fn afterwards(&mut self) -> Vec<String> {
        let mut wrong = self.bystanders.hit();
        let memory_kb = self.house.resident_kb();
        if memory_kb > self.memory_kb + GROWTH_KB {
            wrong.push(format!("{} kB became {memory_kb} kB", self.memory_kb));
        }
        wrong
    }

    fn serve(&mut self) -> Vec<String> {
        let start = Instant::now();
        while start.elapsed() < GOOD {
            let answer = self.good.options();
            if answer.as_deref().and_then(status_of) == Some(200) {
                return Vec::new();
            }
        }
        vec!["the next good request is not answered".to_owned()]
    }

    fn register_bob(&mut self) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let server = SocketAddr::from(([127, 0, 0, 1], self.house.port()));
        socket.connect(server).expect("a peer");
        let bob = Attacker {
            proto: Proto::Udp,
            server,
            ..self.attacker(User::BOB, socket.local_addr().expect("an address"))
        };
        let mut link = Link::Datagrams(socket.try_clone().expect("a socket"));
        let request = ("REGISTER", &b"sip:example.test"[..]);
        let credentials = prove(&mut link, &bob, request).expect("a challenge");
        let head = bob.named("head", "REGISTER", &credentials).expect("lines");
        let head = head.replace("\\r\\n", "\r\n");
        link.send(
            format!("REGISTER sip:example.test SIP/2.0\r\n{head}\r\nContent-Length: 0\r\n\r\n")
                .as_bytes(),
        );
        let Heard::Message(answer) = link.hear(GOOD) else {
            panic!("no answer to a registration");
        };
        assert!(
            answer.starts_with(b"SIP/2.0 200"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        socket.set_read_timeout(None).expect("an option");
        let forwarded = self.forwarded.clone();
        std::thread::spawn(move || answer_all(&socket, &forwarded));
    }

    fn attacker(&self, user: User, me: SocketAddr) -> Attacker {
        Attacker {
            user: user.name,
            password: user.password,
            proto: self.proto,
            me,
            server: self.server(),
            victim: format!("{VICTIM}:5060").parse().expect("an address"),
            serial: self.number.to_string(),
        }
    }

    fn server(&self) -> SocketAddr {
        let port = self.house.port() + u16::from(self.proto == Proto::Tls);
        SocketAddr::from(([127, 0, 0, 1], port))
    }
}

/// Asks for a challenge, and answers it for a request.
fn prove(
    link: &mut Link,
    attacker: &Attacker,
    request: (&str, &[u8]),
) -> Result<Credentials, String> {
    link.send(&attacker.question(request.0));
    match link.hear(GOOD) {
        Heard::Message(answer) => attacker.credentials(request, &answer),
        Heard::Nothing | Heard::Closed => Err("no challenge".to_owned()),
    }
}

/// What comes back until there is an end of it.
fn listen(link: &mut Link, sent: usize, patience: Duration) -> Seen {
    let mut seen = Seen {
        sent,
        ..Seen::default()
    };
    let mut end = Instant::now() + patience;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        match link.hear(left.max(Duration::from_millis(1))) {
            Heard::Message(message) => {
                if !message.starts_with(b"SIP/2.0 1") {
                    end = Instant::now() + REST;
                }
                seen.back.push(message);
            }
            Heard::Closed => {
                seen.closed = true;
                break;
            }
            Heard::Nothing => {}
        }
    }
    seen
}

/// Bob: he is busy, and takes everything else. Ends with the process.
fn answer_all(socket: &UdpSocket, forwarded: &Mutex<Vec<Vec<u8>>>) {
    let mut bytes = [0; 65_535];
    let mut known = BTreeSet::new();
    while let Ok(length) = socket.recv(&mut bytes) {
        let message = &bytes[..length];
        // One that comes again, for its answer was not taken, is no part of a later input.
        if known.insert(message.to_vec()) {
            forwarded.lock().expect("no panic").push(message.to_vec());
        }
        if !message.starts_with(b"ACK ") {
            let _ = socket.send(&answer_to(message));
        }
    }
}

fn answer_to(message: &[u8]) -> Vec<u8> {
    let status = match message.starts_with(b"INVITE ") {
        true => "486 Busy Here",
        false => "200 OK",
    };
    let mut answer = format!("SIP/2.0 {status}\r\n").into_bytes();
    for line in message.split(|byte| *byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).trim().to_lowercase();
        let copied = ["via", "v", "from", "f", "to", "t", "call-id", "i", "cseq"];
        if copied.contains(&name.as_str()) {
            answer.extend_from_slice(line);
            if matches!(name.as_str(), "to" | "t") {
                answer.extend_from_slice(b";tag=bob");
            }
            answer.extend_from_slice(b"\r\n");
        }
    }
    answer.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    answer
}
