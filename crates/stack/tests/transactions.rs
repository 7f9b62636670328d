//! The four machines against stories told in text: `tests/transactions/*.txt`.
//!
//! A story names the machine and its transport, then what happens at which millisecond. `wait T`
//! lets the machine's own deadlines fire up to T. Behind each `|` stand the actions, the state and
//! the next deadline.

use bytes::Bytes;
use stack::Instant;
use stack::transaction::{
    Action, Actions, ClientInput, ClientInvite, ClientNonInvite, ServerInput, ServerInvite,
    ServerNonInvite, Timers,
};

#[test]
fn stories() {
    for (file, text) in [
        (
            "client_invite",
            include_str!("transactions/client_invite.txt"),
        ),
        (
            "client_non_invite",
            include_str!("transactions/client_non_invite.txt"),
        ),
        (
            "server_invite",
            include_str!("transactions/server_invite.txt"),
        ),
        (
            "server_non_invite",
            include_str!("transactions/server_non_invite.txt"),
        ),
    ] {
        for story in text.split("\n\n").filter(|s| !s.trim().is_empty()) {
            assert_eq!(told(story).trim(), story.trim(), "in {file}");
        }
    }
}

/// Plays a story and tells it again with what really came out.
fn told(story: &str) -> String {
    let mut out = String::new();
    let mut machine = None;
    for line in story.lines() {
        if line.starts_with('#') {
            out += &format!("{line}\n");
            continue;
        }
        let Some(running) = &mut machine else {
            let (new, first) = Machine::start(line);
            out += &first;
            machine = Some(new);
            continue;
        };
        if line.starts_with("  ") {
            continue;
        }
        out += &running.play(line);
    }
    out
}

struct Machine {
    kind: Kind,
    timers: Timers,
}

enum Kind {
    ClientInvite(ClientInvite),
    ClientOther(ClientNonInvite),
    ServerInvite(ServerInvite),
    ServerOther(ServerNonInvite),
}

impl Machine {
    fn start(line: &str) -> (Self, String) {
        let words: Vec<&str> = line
            .split('|')
            .next()
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let reliable = words.get(1) == Some(&"tcp");
        let timers = Timers {
            restart_fr_on_each_reply: !words.contains(&"no-restart"),
            ..Timers::default()
        };
        let life = |ms: u32| {
            let short = words.iter().find_map(|w| w.strip_prefix("life="));
            Instant::from_ms(short.map_or(ms.into(), |s| s.parse().expect("a number")))
        };
        let mut out = Actions::new();
        let request = Bytes::from_static(b"request");
        let zero = Instant::ZERO;
        let kind = match words.first().copied() {
            Some("client-invite") => {
                let end = life(timers.max_inv_lifetime_ms);
                Kind::ClientInvite(ClientInvite::start(
                    zero, request, reliable, end, &timers, &mut out,
                ))
            }
            Some("client-non-invite") => {
                let end = life(timers.max_noninv_lifetime_ms);
                Kind::ClientOther(ClientNonInvite::start(
                    zero, request, reliable, end, &timers, &mut out,
                ))
            }
            Some("server-invite") => Kind::ServerInvite(ServerInvite::new(reliable)),
            _ => Kind::ServerOther(ServerNonInvite::new()),
        };
        let machine = Machine { kind, timers };
        let told = format!("{} {}\n", words.join(" "), machine.show(&out));
        (machine, told)
    }

    fn play(&mut self, line: &str) -> String {
        let asked = line.split('|').next().unwrap_or("").trim_end();
        let (at, what) = asked.split_once(' ').expect("time and input");
        if at == "wait" {
            return format!("{asked}\n{}", self.wait(what.parse().expect("a number")));
        }
        let out = self.input(Instant::from_ms(at.parse().expect("a number")), what);
        format!("{asked} {}\n", self.show(&out))
    }

    fn wait(&mut self, until: u64) -> String {
        let mut told = String::new();
        while let Some(at) = self.next_deadline().filter(|at| at.as_ms() <= until) {
            let out = self.input(at, "timer");
            told += &format!("  {} timer {}\n", at.as_ms(), self.show(&out));
        }
        told
    }

    fn input(&mut self, now: Instant, what: &str) -> Actions {
        let mut out = Actions::new();
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        let code = |text: &str| text.parse().expect("a status code");
        let reply = Bytes::copy_from_slice(rest.as_bytes());
        let client = || match word {
            "ack" => ClientInput::Ack(Bytes::from_static(b"ack")),
            "cancelled" => ClientInput::Cancelled,
            "timer" => ClientInput::Timer,
            "broken" => ClientInput::TransportError,
            _ => ClientInput::Reply(code(word)),
        };
        let server = || match word {
            "request" => ServerInput::Request,
            "ack" => ServerInput::Ack,
            "reply" => ServerInput::Reply(code(rest), reply.clone()),
            "accept" => ServerInput::LocalAccept(code(rest), reply.clone()),
            "broken" => ServerInput::TransportError,
            _ => ServerInput::Timer,
        };
        match &mut self.kind {
            Kind::ClientInvite(m) => m.handle(now, client(), &self.timers, &mut out),
            Kind::ClientOther(m) => m.handle(now, client(), &self.timers, &mut out),
            Kind::ServerInvite(m) => m.handle(now, server(), &self.timers, &mut out),
            Kind::ServerOther(m) => m.handle(now, server(), &self.timers, &mut out),
        }
        out
    }

    fn next_deadline(&self) -> Option<Instant> {
        match &self.kind {
            Kind::ClientInvite(m) => m.next_deadline(),
            Kind::ClientOther(m) => m.next_deadline(),
            Kind::ServerInvite(m) => m.next_deadline(),
            Kind::ServerOther(m) => m.next_deadline(),
        }
    }

    fn show(&self, out: &Actions) -> String {
        let state = match &self.kind {
            Kind::ClientInvite(m) => format!("{:?}", m.state()),
            Kind::ClientOther(m) => format!("{:?}", m.state()),
            Kind::ServerInvite(m) => format!("{:?}", m.state()),
            Kind::ServerOther(m) => format!("{:?}", m.state()),
        };
        let next = self
            .next_deadline()
            .map_or(String::new(), |at| format!(" until {}", at.as_ms()));
        let actions: Vec<String> = out.iter().map(action).collect();
        let actions = if actions.is_empty() {
            "nothing".into()
        } else {
            actions.join(", ")
        };
        format!("| {actions} | {state}{next}")
    }
}

fn action(action: &Action) -> String {
    match action {
        Action::Send(bytes) => format!("send {}", String::from_utf8_lossy(bytes)),
        Action::Deliver => "deliver".into(),
        Action::BuildAck => "build ack".into(),
        Action::Timeout => "timeout".into(),
        Action::TransportFailed => "failed".into(),
        Action::Terminated => "end".into(),
    }
}
