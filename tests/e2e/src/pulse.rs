//! Requests at a steady rate, one every so often whether the last was answered or not.

use crate::probe::status_of;
use nix::sys::socket::{setsockopt, sockopt};
use std::collections::HashMap;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A stream of requests, until it is stopped.
pub struct Pulse {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Asked>>,
}

/// One request, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Its number, from 0.
    pub number: u32,
    /// When it was sent.
    pub at: Instant,
    /// The status of the final reply, and how long it took.
    pub answer: Option<(u16, Duration)>,
}

/// Octets of answers that lie unread on a busy machine: all that waited for one deadline come at once.
const ANSWERS_AT_ONCE: usize = 1 << 20;

/// How long a stopped stream waits for answers.
const LAST: Duration = Duration::from_secs(3);

impl Pulse {
    /// Sends so many requests a second to a port of 127.0.0.1. Each comes from a user `NAMEn` and goes to
    /// the same; a REGISTER has a contact.
    ///
    /// # Panics
    /// Where no socket is to be had.
    #[must_use]
    pub fn start(server: u16, method: &'static str, name: &'static str, rate: u32) -> Pulse {
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        setsockopt(&socket, sockopt::RcvBuf, &ANSWERS_AT_ONCE).expect("a receive buffer");
        let thread = std::thread::spawn(move || run(&socket, server, (method, name), rate, &told));
        Pulse { stop, thread }
    }

    /// Stops, and tells of every request.
    ///
    /// # Panics
    /// Where the stream did.
    #[must_use]
    pub fn stop(self) -> Vec<Asked> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a stream of requests")
    }
}

fn run(
    socket: &UdpSocket,
    server: u16,
    what: (&str, &str),
    rate: u32,
    stop: &AtomicBool,
) -> Vec<Asked> {
    let port = socket.local_addr().expect("bound").port();
    let step = Duration::from_secs(1) / rate;
    let (mut asked, begun) = (Vec::new(), Instant::now());
    let mut ends = None;
    loop {
        let due = begun + step * u32::try_from(asked.len()).expect("a number");
        let now = Instant::now();
        if ends.is_none() && stop.load(Ordering::Relaxed) {
            ends = Some(now + LAST);
        }
        if ends.is_some_and(|end| now >= end) {
            return asked;
        }
        if ends.is_none() && now >= due {
            let number = u32::try_from(asked.len()).expect("a number");
            let text = request(what, number, port, server);
            let _ = socket.send_to(text.as_bytes(), ("127.0.0.1", server));
            asked.push(Asked {
                number,
                at: Instant::now(),
                answer: None,
            });
        }
        let until = ends.unwrap_or(due);
        let patience = until.saturating_duration_since(now);
        let patience = patience.max(Duration::from_millis(1));
        socket.set_read_timeout(Some(patience)).expect("a timeout");
        hear(socket, &mut asked);
    }
}

fn hear(socket: &UdpSocket, asked: &mut [Asked]) {
    let mut bytes = [0; 4096];
    let Ok(length) = socket.recv(&mut bytes) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes[..length]);
    let number = text.split("\r\nCSeq: ").nth(1);
    let number = number.and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
    let status = status_of(&text).filter(|status| *status >= 200);
    let found = number.and_then(|number| asked.get_mut(number.checked_sub(1)?));
    if let (Some(status), Some(one)) = (status, found) {
        one.answer.get_or_insert((status, one.at.elapsed()));
    }
}

fn request((method, name): (&str, &str), number: u32, port: u16, server: u16) -> String {
    let id = format!("{}-{port}-{number}", std::process::id());
    let user = format!("sip:{name}{number}@127.0.0.1:{server}");
    let contact = match method {
        "REGISTER" => format!("Contact: <sip:{name}{number}@127.0.0.1:{port}>\r\nExpires: 600\r\n"),
        _ => String::new(),
    };
    format!(
        "{method} sip:127.0.0.1:{server} SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{id};rport\r\n\
         From: <{user}>;tag=t{id}\r\nTo: <{user}>\r\nCall-ID: {id}\r\n\
         CSeq: {} {method}\r\nMax-Forwards: 10\r\n{contact}Content-Length: 0\r\n\r\n",
        number + 1
    )
}

/// How many requests ended in each way, of those sent from `from` to `to`: by status, 0 for none.
#[must_use]
pub fn answers(asked: &[Asked], from: Instant, to: Instant) -> HashMap<u16, usize> {
    let mut counts = HashMap::new();
    for one in asked.iter().filter(|one| (from..to).contains(&one.at)) {
        let status = one.answer.map_or(0, |(status, _)| status);
        *counts.entry(status).or_default() += 1;
    }
    counts
}

/// The slowest answer to those sent from `from` to `to`.
#[must_use]
pub fn slowest(asked: &[Asked], from: Instant, to: Instant) -> Duration {
    let sent = asked.iter().filter(|one| (from..to).contains(&one.at));
    let took = sent.filter_map(|one| one.answer.map(|(_, took)| took));
    took.max().unwrap_or_default()
}
