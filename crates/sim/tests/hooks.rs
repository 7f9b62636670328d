//! A module between the wire and everything else: what it sees, what it may put in the place of a message, and how it
//! waits.

use bytes::Bytes;
use edge::{Edge, Input, Keys, Limits, Output, Transmit, Worker};
use policy::{
    Addresses, Answer, Context, Counters, Declaration, Effect, Entry, Extra, Flow, Incoming, Init,
    Loader, Logger, MessageHook, Module, Now, Outgoing, Problem, Proto, Received, Sent, SocketId,
    States, Stores, World,
};
use sip::Message;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Adds a header to what comes and to what leaves. Requests with `Slow` in them wait, both times.
struct Rim;

/// What it notes of a request.
struct Seen(u64);

impl Module for Rim {
    const NAME: &'static str = "rim";
    type Params = ();

    fn declare(_: &mut Declaration<Rim>) {}

    fn init((): (), init: &mut Init<'_>) -> Result<Rim, Problem> {
        init.hook_messages(Arc::new(Rim));
        Ok(Rim)
    }
}

const WAIT: Effect = Effect::Sleep { ms: 50 };

impl MessageHook for Rim {
    fn on_receive(&self, incoming: &Incoming<'_>) -> Received {
        let message = incoming.message.clone();
        let note = Seen(incoming.now.unix_ms);
        if has(&message, b"Forged") {
            return Received::Refused {
                code: 400,
                reason: "Bad Request",
                retry_after_s: None,
            };
        }
        let changed = move || Received::Replaced(with(&message, "X-In: 1"), Some(Box::new(note)));
        match has(incoming.message, b"Slow") && incoming.message.is_request() {
            true => Received::Wait(WAIT, Box::new(move |_: Answer| changed())),
            false => changed(),
        }
    }

    fn on_send(&self, outgoing: &Outgoing<'_>) -> Sent {
        let message = outgoing.message.clone();
        let seen = outgoing.request.and_then(Context::extension::<Seen>);
        let line = format!("X-Out: {}", seen.map_or(0, |seen| seen.0));
        if has(&message, b"Unfit") && message.is_request() {
            return Sent::Refused {
                code: 503,
                reason: "Service Unavailable",
                retry_after_s: Some(7),
            };
        }
        match has(&message, b"Slow") && outgoing.may_wait {
            true => Sent::Wait(
                WAIT,
                Box::new(move |_: Answer| Sent::Replaced(with(&message, &line))),
            ),
            false => Sent::Replaced(with(&message, &line)),
        }
    }
}

fn has(message: &Message, name: &[u8]) -> bool {
    message.named(name).next().is_some()
}

fn with(message: &Message, line: &str) -> Bytes {
    let text = String::from_utf8_lossy(message.bytes());
    text.replacen("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"), 1)
        .into()
}

const SCRIPT: &str = r#"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "rim.so"
listen=udp:127.0.0.1:5060
request_route {
    if (!is_present_hf("X-In")) {
        sl_send_reply("500", "Not seen");
        exit;
    }
    if (!t_relay()) {
        sl_reply_error();
    }
}
"#;

#[test]
fn what_comes_and_what_leaves_is_what_the_hook_made_of_it() {
    let mut server = Server::start();
    server.hear(&request("INVITE", ""));
    let sent = server.sent();
    let (trying, invite) = (&sent[0], &sent[1]);
    assert!(
        trying.starts_with("SIP/2.0 100") && trying.contains("X-Out: 1000"),
        "{trying}"
    );
    assert!(
        invite.contains("X-In: 1\r\n") && invite.contains("X-Out: 1000"),
        "{invite}"
    );
    // Sent again it is the same, and its CANCEL is made of it.
    server.pass(600);
    assert_eq!(server.sent().as_slice(), std::slice::from_ref(invite));
    server.hear(&reply(invite, 404));
    let sent = server.sent();
    assert!(
        sent[0].starts_with("ACK ") && !sent[0].contains("X-Out"),
        "{}",
        sent[0]
    );
    assert!(
        sent[1].starts_with("SIP/2.0 404") && sent[1].contains("X-In: 1\r\n"),
        "{}",
        sent[1]
    );
    assert!(sent[1].ends_with("X-Out: 1000\r\n\r\n"), "{}", sent[1]);
}

#[test]
fn a_message_waits_before_the_script_and_before_it_leaves() {
    let mut server = Server::start();
    server.hear(&request("OPTIONS", "Slow: yes\r\n"));
    server.pass(40);
    assert!(server.sent().is_empty(), "before the script");
    server.pass(20);
    assert!(server.sent().is_empty(), "on its way out");
    // One that comes again meanwhile is absorbed when it has waited too.
    server.hear(&request("OPTIONS", "Slow: yes\r\n"));
    server.pass(200);
    let sent = server.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(
        sent[0].contains("X-In: 1\r\n") && sent[0].contains("X-Out: 1000"),
        "{}",
        sent[0]
    );
}

#[test]
fn what_a_hook_refuses_goes_no_further() {
    let mut server = Server::start();
    server.hear(&request("OPTIONS", "Forged: yes\r\n"));
    assert!(server.sent()[0].starts_with("SIP/2.0 400 Bad Request"));
    server.hear(&request("MESSAGE", "Unfit: yes\r\n"));
    let sent = server.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(
        sent[0].starts_with("SIP/2.0 503 Service Unavailable"),
        "{}",
        sent[0]
    );
    assert!(sent[0].contains("\r\nRetry-After: 7\r\n"), "{}", sent[0]);
}

fn request(method: &str, more: &str) -> String {
    format!(
        "{method} sip:bob@127.0.0.1:5072 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bK{method}\r\n\
         From: <sip:alice@example.test>;tag=a\r\nTo: <sip:bob@example.test>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Max-Forwards: 70\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

fn reply(request: &str, status: u16) -> String {
    let kept = |line: &&str| {
        ["Via:", "From:", "Call-ID:", "CSeq:"]
            .iter()
            .any(|name| line.starts_with(name))
    };
    let lines: String = request
        .lines()
        .filter(kept)
        .map(|line| format!("{line}\r\n"))
        .collect();
    format!(
        "SIP/2.0 {status} No\r\n{lines}To: <sip:bob@example.test>;tag=b\r\nContent-Length: 0\r\n\r\n"
    )
}

struct Server {
    worker: Worker,
    now_ms: u64,
    sent: Vec<Transmit>,
}

impl Server {
    fn start() -> Server {
        let parsed = script::parse(&OneFile, "main.cfg", &script::Options::default());
        let (counters, states) = (Counters::default(), States::default());
        let world = World {
            counters: &counters,
            states: &states,
            stores: &NoStores,
        };
        let entries: Vec<Entry> = modules::ALL
            .iter()
            .copied()
            .chain([Entry::of::<Rim>()])
            .collect();
        let loader = Loader {
            entries: &entries,
            world,
            logger: Logger::silent(),
            secret: [7; 32],
            addresses: &NoNames,
            extra: Extra::default(),
        };
        let ready = loader.load(&parsed);
        let config = ready
            .unwrap_or_else(|found| panic!("{}", script::render(&found, &parsed.sources, false)))
            .config;
        let keys = Keys {
            hashing: [1; 8],
            tags: [2; 4],
            branches: [[3; 16]; 3],
            first_label: 1,
        };
        let edge = Edge::new(Arc::new(config), Limits::default(), keys, &world);
        let now = Now {
            mono: stack::Instant::from_ms(0),
            unix_ms: 1000,
        };
        Server {
            worker: Worker::new(Arc::new(edge), now, 1),
            now_ms: 0,
            sent: Vec::new(),
        }
    }

    fn hear(&mut self, text: &str) {
        let peer = SocketAddr::from((
            [127, 0, 0, 1],
            if text.starts_with("SIP") { 5072 } else { 5071 },
        ));
        let flow = Flow {
            proto: Proto::Udp,
            socket: SocketId(0),
            local: SocketAddr::from(([127, 0, 0, 1], 5060)),
            peer,
            connection: None,
        };
        self.input(Input::Datagram {
            flow,
            bytes: Bytes::copy_from_slice(text.as_bytes()),
        });
    }

    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.now_ms += 10;
            self.input(Input::Tick);
        }
    }

    fn input(&mut self, input: Input) {
        let now = Now {
            mono: stack::Instant::from_ms(self.now_ms),
            unix_ms: 1000,
        };
        self.worker.handle_input(now, input);
        loop {
            while let Some(output) = self.worker.poll_output() {
                if let Output::Transmit(transmit) = output {
                    self.sent.push(transmit);
                }
            }
            if !self.worker.release() {
                return;
            }
        }
    }

    /// What left since it was asked last.
    fn sent(&mut self) -> Vec<String> {
        let text = |transmit: Transmit| String::from_utf8_lossy(&transmit.bytes).into_owned();
        self.sent.drain(..).map(text).collect()
    }
}

struct OneFile;

impl script::Files for OneFile {
    fn open(&self, _: Option<&str>, path: &str) -> Result<script::Opened, script::FileError> {
        Ok(script::Opened {
            path: path.to_owned(),
            text: SCRIPT.as_bytes().to_vec(),
        })
    }
}

struct NoStores;

impl Stores for NoStores {
    fn open(&self, url: &str) -> Result<Arc<dyn store::Store>, String> {
        Err(format!("no database at {url}"))
    }
}

struct NoNames;

impl Addresses for NoNames {
    fn of_name(&self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }

    fn all(&self) -> Vec<IpAddr> {
        vec![IpAddr::from([127, 0, 0, 1])]
    }

    fn host_names(&self) -> Vec<String> {
        Vec::new()
    }
}
