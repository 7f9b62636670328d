//! Callers that come at a rate, a callee, and a server between them that takes its time for each message. All of it in virtual
//! time; they send again as RFC 3261 says.

use crate::server::{NoStores, Server};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// What a message costs that is refused, absorbed or stray, in microseconds.
const REFUSED_US: u64 = 50;
/// What an ACK or a reply costs that goes on.
const PASSED_US: u64 = 400;
/// What any other request costs.
const ROUTED_US: u64 = 1000;
/// What a whole call costs: two requests, an ACK, and three replies.
const CALL_US: u64 = 2 * ROUTED_US + 4 * PASSED_US;
/// Messages that the queue of the server holds.
const QUEUE: usize = 4000;
/// How long a phone rings, and how long they talk.
const RING_MS: u64 = 500;
const TALK_MS: u64 = 1000;
/// A caller who has heard nobody for so long hangs up.
const PATIENCE_MS: u64 = 4000;
/// T1 of RFC 3261 section 17.1.1.1.
const T1_MS: u64 = 500;
/// New calls come for so long; those of the second half are counted.
const OFFERED_MS: u64 = 16_000;

/// What happens at a time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A caller begins a call.
    Begin(u64),
    /// A message arrives at the server.
    Arrive(String),
    /// A phone sends a message again unless that is no longer wanted, after so many milliseconds once more.
    Again {
        key: Key,
        text: String,
        after_ms: u64,
    },
    /// A phone sends something for the first time: it goes on until it is acknowledged.
    Send { key: Key, text: String },
}

/// What is sent until it is acknowledged: the number of a call, and what.
type Key = (u64, What);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Invite,
    Answer,
    Bye,
}

/// A crowd and its server.
pub(crate) struct Crowd {
    server: Server,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    number: u64,
    queue: VecDeque<(u64, String)>,
    /// What is sent again until it is acknowledged.
    open: BTreeMap<Key, ()>,
    /// When calls began.
    begun: BTreeMap<u64, u64>,
    good: u64,
    now_ms: u64,
}

impl Crowd {
    /// Callers that come at so many times the capacity of a server with this script.
    pub(crate) fn new(script: &'static str, factor: f64) -> Crowd {
        let mut crowd = Crowd {
            server: Server::start(script, &[], &NoStores),
            events: BinaryHeap::new(),
            number: 0,
            queue: VecDeque::new(),
            open: BTreeMap::new(),
            begun: BTreeMap::new(),
            good: 0,
            now_ms: 0,
        };
        let gap_us = CALL_US as f64 / factor;
        let calls = (OFFERED_MS * 1000) as f64 / gap_us;
        for call in 0..calls as u64 {
            crowd.put((call as f64 * gap_us) as u64, Event::Begin(call));
        }
        crowd
    }

    /// Calls of the second half of the time that came to a good end, for each that the server could serve.
    pub(crate) fn goodput(mut self) -> f64 {
        let end_us = OFFERED_MS * 1000;
        let mut free_us = 0;
        loop {
            let next_us = self.events.peek().map(|Reverse((at, ..))| *at);
            let start_us = self.queue.front().map(|(at, _)| free_us.max(*at));
            match (start_us, next_us) {
                (Some(start), next) if next.is_none_or(|next| start <= next) && start < end_us => {
                    free_us = start + self.serve(start);
                }
                (_, Some(next)) if next < end_us => self.happen(),
                _ => break,
            }
        }
        let half_us = (end_us / 2) as f64;
        self.good as f64 * CALL_US as f64 / half_us
    }

    fn put(&mut self, at_us: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((at_us, self.number, event)));
    }

    /// Handles the oldest message of the queue; says what that costs.
    fn serve(&mut self, start_us: u64) -> u64 {
        let Some((arrived_us, text)) = self.queue.pop_front() else {
            return 0;
        };
        let passed_ms = (start_us / 1000).saturating_sub(self.now_ms);
        self.server.pass(passed_ms / 10 * 10);
        self.now_ms += passed_ms / 10 * 10;
        let due = self.server.sent();
        self.server
            .hear_late(&text, ((start_us - arrived_us) / 1000) as u32);
        let sent = self.server.sent();
        let goes_on = sent
            .iter()
            .any(|text| !text.starts_with("SIP/2.0 503") && !text.starts_with("SIP/2.0 100"));
        let is_light = text.starts_with("SIP/2.0") || text.starts_with("ACK");
        let cost_us = match (goes_on, is_light) {
            (false, _) => REFUSED_US,
            (true, true) => PASSED_US,
            (true, false) => ROUTED_US,
        };
        for message in due.into_iter().chain(sent) {
            self.hear(start_us + cost_us, &message);
        }
        cost_us
    }

    fn happen(&mut self) {
        let Some(Reverse((now_us, _, event))) = self.events.pop() else {
            return;
        };
        match event {
            Event::Begin(call) => {
                self.begun.insert(call, now_us);
                let text = request(call, "INVITE", "", "");
                self.send(now_us, (call, What::Invite), text);
            }
            Event::Arrive(text) if self.queue.len() < QUEUE => self.queue.push_back((now_us, text)),
            Event::Arrive(_) => {}
            Event::Send { key, text } => self.send(now_us, key, text),
            Event::Again {
                key,
                text,
                after_ms,
            } => self.send_again(now_us, key, text, after_ms),
        }
    }

    fn send(&mut self, now_us: u64, key: Key, text: String) {
        self.open.insert(key, ());
        self.arrive(now_us, key, text, T1_MS);
    }

    fn send_again(&mut self, now_us: u64, key: Key, text: String, after_ms: u64) {
        let age_ms = (now_us - self.begun.get(&key.0).copied().unwrap_or_default()) / 1000;
        let gave_up = key.1 == What::Invite && age_ms > PATIENCE_MS;
        if gave_up || after_ms > 16 * T1_MS || !self.open.contains_key(&key) {
            return;
        }
        self.arrive(now_us, key, text, after_ms * 2);
    }

    /// It arrives now, and again after so long.
    fn arrive(&mut self, now_us: u64, key: Key, text: String, after_ms: u64) {
        self.put(now_us, Event::Arrive(text.clone()));
        let again = Event::Again {
            key,
            text,
            after_ms,
        };
        self.put(now_us + after_ms * 1000, again);
    }

    /// A phone gets a message.
    fn hear(&mut self, now_us: u64, text: &str) {
        let call: u64 = header(text, "Call-ID").parse().expect("a number");
        let is_invite = header(text, "CSeq").ends_with("INVITE");
        let first = text.split(' ').take(2).collect::<Vec<_>>();
        match (first.as_slice(), is_invite) {
            (["INVITE", _], _) => self.ring(now_us, call, text),
            (["ACK", _], _) => drop(self.open.remove(&(call, What::Answer))),
            (["BYE", _], _) => self.put(now_us, Event::Arrive(reply(text, "200 OK"))),
            (["SIP/2.0", "200"], true) => self.answered(now_us, call, text),
            (["SIP/2.0", "200"], false) => self.ended(now_us, call),
            (["SIP/2.0", "503"], true) => {
                self.open.remove(&(call, What::Invite));
                let to = header(text, "To").to_owned();
                let ack = request(call, "ACK", tag(&to), "");
                self.put(now_us, Event::Arrive(ack));
            }
            _ => drop(self.open.remove(&(call, What::Invite))),
        }
    }

    fn ring(&mut self, now_us: u64, call: u64, invite: &str) {
        self.put(now_us, Event::Arrive(reply(invite, "180 Ringing")));
        let (key, text) = ((call, What::Answer), reply(invite, "200 OK"));
        self.put(now_us + RING_MS * 1000, Event::Send { key, text });
    }

    fn answered(&mut self, now_us: u64, call: u64, text: &str) {
        self.open.remove(&(call, What::Invite));
        let to = tag(header(text, "To")).to_owned();
        let ack = request(call, "ACK", &to, ROUTE);
        self.put(now_us, Event::Arrive(ack));
        let age_ms = (now_us - self.begun.get(&call).copied().unwrap_or_default()) / 1000;
        if age_ms > PATIENCE_MS {
            self.begun.remove(&call);
        }
        let (key, text) = ((call, What::Bye), request(call, "BYE", &to, ROUTE));
        self.put(now_us + TALK_MS * 1000, Event::Send { key, text });
    }

    fn ended(&mut self, now_us: u64, call: u64) {
        self.open.remove(&(call, What::Bye));
        let in_time = self.begun.remove(&call).is_some();
        if in_time && now_us >= OFFERED_MS * 500 {
            self.good += 1;
        }
    }
}

const ROUTE: &str = "Route: <sip:127.0.0.1;lr>\r\n";

/// A request of the caller.
fn request(call: u64, method: &str, to_tag: &str, more: &str) -> String {
    // The ACK of a refusal has the branch of what was refused.
    let own = if more.is_empty() { "" } else { method };
    format!(
        "{method} sip:bob@127.0.0.1:5072 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bK{own}{call}\r\n\
         From: <sip:alice@example.test>;tag=a{call}\r\nTo: <sip:bob@example.test>{to_tag}\r\nCall-ID: {call}\r\n\
         CSeq: {} {method}\r\nMax-Forwards: 70\r\n{more}Contact: <sip:alice@127.0.0.1:5071>\r\n\
         Content-Length: 0\r\n\r\n",
        if method == "BYE" { 2 } else { 1 }
    )
}

/// The callee's reply to a request.
fn reply(request: &str, status: &str) -> String {
    let copied = ["Via:", "Record-Route:", "From:", "To:", "Call-ID:", "CSeq:"];
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in request
        .lines()
        .filter(|line| copied.iter().any(|name| line.starts_with(name)))
    {
        text.push_str(line);
        if line.starts_with("To:") && !line.contains(";tag=") {
            text.push_str(";tag=b");
        }
        text.push_str("\r\n");
    }
    text + "Contact: <sip:bob@127.0.0.1:5072>\r\nContent-Length: 0\r\n\r\n"
}

/// `;tag=…` of a To.
fn tag(to: &str) -> &str {
    to.find(";tag=").map_or("", |at| &to[at..])
}

/// The value of the first header of this name; empty without one.
pub(crate) fn header<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_default()
}
