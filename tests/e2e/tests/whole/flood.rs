//! Thousands of INVITEs a second from one address that has no account, and the calls of those who have one.

use crate::phones::House;
use ringwall_e2e::{CallerPorts, Load, Scratch, Sipp, Transport, User, ports};
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// INVITEs in a second.
const RATE: u64 = 4_000;

/// Calls of people meanwhile, ten a second; `cargo xtask flood` asks for more.
const USUAL: u32 = 40;

/// Where people call from: what has the address of the server is the server, whatever its port.
const PEOPLE: &str = "127.0.9.2";

/// What the server may grow by, kB.
const GROWTH_KB: u64 = 48 * 1024;

#[test]
fn calls_go_on_while_one_address_floods() {
    holds(Acks::Never);
}

#[test]
fn calls_go_on_while_one_address_floods_and_acknowledges() {
    holds(Acks::Always);
}

/// Whether the flooder acknowledges what it is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acks {
    Never,
    Always,
}

fn holds(acks: Acks) {
    let calls = std::env::var("RINGWALL_FLOOD").map_or(USUAL, |n| n.parse().expect("a number"));
    let load = Load { calls, rate: 10 };
    let house = House::built_in_for("127.0.0.1", Transport::Udp);
    let (scratch, own) = (Scratch::new(), ports::block(3));
    let caller = |name: &str, user, callee: &str, own, contact, load| {
        let ports = CallerPorts {
            address: PEOPLE,
            own,
            server: house.port(),
            contact,
        };
        Sipp::caller(&scratch, name, ports, user, callee, load)
    };
    caller("register", User::BOB, "", own + 2, own + 1, Load::ONE).finish();
    let before_kb = house.resident_kb();
    let flood = Flood::start(house.port(), acks);
    let callee = Sipp::callee_at(&scratch, "call", (PEOPLE, own + 1), load);
    caller("call", User::ALICE, "bob", own, own, load).finish();
    callee.finish();
    let (sent, lasted) = flood.end();
    let grown_kb = house.resident_kb().saturating_sub(before_kb);
    let rate = sent * 1000 / u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX);
    eprintln!("{sent} INVITEs, {rate} a second; {calls} calls; {grown_kb} kB more");
    assert!(rate >= RATE * 9 / 10, "the flooder is too slow: {rate}");
    assert!(grown_kb < GROWTH_KB, "{grown_kb} kB more");
}

/// A flood under way.
struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    threads: [JoinHandle<()>; 2],
    begun: Instant,
}

impl Flood {
    fn start(server: u16, acks: Acks) -> Flood {
        let socket = UdpSocket::bind("127.0.9.9:0").expect("a loopback address");
        socket.connect(("127.0.0.1", server)).expect("an address");
        let patience = Some(Duration::from_millis(100));
        socket.set_read_timeout(patience).expect("a timeout");
        let socket = Arc::new(socket);
        let (stop, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (hand, until, count) = (socket.clone(), stop.clone(), sent.clone());
        let sender = std::thread::spawn(move || send(&hand, &until, &count));
        let until = stop.clone();
        let listener = std::thread::spawn(move || listen(&socket, &until, acks));
        Flood {
            stop,
            sent,
            threads: [sender, listener],
            begun: Instant::now(),
        }
    }

    /// How many INVITEs went out, and in what time.
    fn end(self) -> (u64, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("the flooder");
        }
        (self.sent.load(Ordering::Relaxed), self.begun.elapsed())
    }
}

/// Sends in bursts, as many as are due.
fn send(socket: &UdpSocket, stop: &AtomicBool, sent: &AtomicU64) {
    let begun = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let passed_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let due = passed_us * RATE / 1_000_000;
        for number in sent.load(Ordering::Relaxed)..due {
            let _ = socket.send(invite(number).as_bytes());
        }
        sent.fetch_max(due, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn invite(number: u64) -> String {
    format!(
        "INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.9.9:5060;branch=z9hG4bKf{number};rport\r\n\
         From: <sip:alice@127.0.0.1>;tag=f{number}\r\nTo: <sip:bob@127.0.0.1>\r\nCall-ID: flood-{number}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:alice@127.0.9.9>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

fn listen(socket: &UdpSocket, stop: &AtomicBool, acks: Acks) {
    let mut bytes = [0; 65_535];
    while !stop.load(Ordering::Relaxed) {
        let Ok(length) = socket.recv(&mut bytes) else {
            continue;
        };
        let reply = String::from_utf8_lossy(&bytes[..length]);
        let is_final = !reply.starts_with("SIP/2.0 1");
        if acks == Acks::Always && is_final {
            let _ = socket.send(ack(&reply).as_bytes());
        }
    }
}

/// The ACK of a negative reply.
fn ack(reply: &str) -> String {
    let kept = ["Via:", "From:", "To:", "Call-ID:"];
    let lines = reply
        .lines()
        .filter(|line| kept.iter().any(|name| line.starts_with(name)));
    let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
    format!(
        "ACK sip:bob@127.0.0.1 SIP/2.0\r\n{lines}CSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}
