//! Topology hiding by two servers with one Redis: a call outlives the server that began it, and nothing is half hidden
//! while Redis is away.

use ringwall_e2e::pulse::{Pulse, answers, slowest};
use ringwall_e2e::{DatabaseServer, Redis, Scratch, Server, Subject, ports, status_of};
use std::net::UdpSocket;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// `{redis}` is the port of Redis, `{bob}` Bob's, `{other}` that of the other server.
const SCRIPT: &str = r#"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "ndb_redis.so"
loadmodule "topos.so"
loadmodule "topos_redis.so"
alias="127.0.0.1:{other}"
modparam("ndb_redis", "server", "name=shared;addr=127.0.0.1;port={redis}")
modparam("ndb_redis", "cmd_timeout", 500)
modparam("topos", "storage", "redis")
modparam("topos_redis", "serverid", "shared")
request_route {
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }
    record_route();
    $du = "sip:127.0.0.1:{bob}";
    if (!t_relay()) sl_reply_error();
}
"#;

/// A phone, as far as these tests need one.
struct Phone {
    socket: UdpSocket,
    name: &'static str,
}

impl Phone {
    fn new(name: &'static str) -> Phone {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let patience = Some(Duration::from_secs(3));
        socket.set_read_timeout(patience).expect("a timeout");
        Phone { socket, name }
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().expect("bound").port()
    }

    fn contact(&self) -> String {
        format!("Contact: <sip:{}@127.0.0.1:{}>\r\n", self.name, self.port())
    }

    fn send(&self, text: &str, server: u16) {
        let sent = self.socket.send_to(text.as_bytes(), ("127.0.0.1", server));
        sent.expect("sent");
    }

    /// The next message that is no 100.
    fn receive(&self) -> String {
        loop {
            let mut bytes = [0; 65_535];
            let length = self.socket.recv(&mut bytes).expect("a message in time");
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if status_of(&text) != Some(100) {
                return text;
            }
        }
    }

    /// The next message, which begins so.
    fn expect(&self, begin: &str) -> String {
        let text = self.receive();
        assert!(
            text.starts_with(begin),
            "{} expected {begin}:\n{text}",
            self.name
        );
        text
    }

    /// Answers a request with 200 and a Contact.
    fn accept(&self, request: &str, server: u16) {
        let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
        for line in request.split("\r\n").skip(1) {
            let name = line.split(':').next().unwrap_or_default();
            match name {
                "Via" | "From" | "Call-ID" | "CSeq" | "Record-Route" => {
                    answer += &format!("{line}\r\n")
                }
                "To" if line.contains(";tag=") => answer += &format!("{line}\r\n"),
                "To" => answer += &format!("{line};tag={}\r\n", self.name),
                _ => {}
            }
        }
        self.send(
            &format!("{answer}{}Content-Length: 0\r\n\r\n", self.contact()),
            server,
        );
    }

    /// A request to a URI; `dialog` has From, To and Call-ID.
    fn request(&self, method: &str, uri: &str, number: u32, dialog: &str) -> String {
        let (port, id) = (self.port(), std::process::id());
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{}{method}{number}-{id}\r\n\
             {dialog}CSeq: {number} {method}\r\nMax-Forwards: 70\r\n{}Content-Length: 0\r\n\r\n",
            self.name,
            self.contact()
        )
    }
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let lines = text.split("\r\n");
    let mut found = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found
        .next()
        .unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

fn target(text: &str) -> String {
    let contact = field(text, "Contact");
    let (_, rest) = contact.split_once('<').expect("brackets");
    rest.split('>').next().expect("brackets").to_owned()
}

/// From, To and Call-ID of requests in a dialog.
fn dialog(from: &str, to: &str, call_id: &str) -> String {
    format!("From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n")
}

/// Two phones, a Redis and two servers.
struct Stage {
    redis: Redis,
    scratch: Scratch,
    alice: Phone,
    bob: Phone,
    ports: [u16; 2],
}

impl Stage {
    fn new() -> Stage {
        let first = ports::block(2);
        Stage {
            redis: Redis::new(),
            scratch: Scratch::new(),
            alice: Phone::new("alice"),
            bob: Phone::new("bob"),
            ports: [first, first + 1],
        }
    }

    fn server(&self, at: usize) -> Server {
        let text = SCRIPT
            .replace("{redis}", &self.redis.port().to_string())
            .replace("{bob}", &self.bob.port().to_string())
            .replace("{other}", &self.ports[1 - at].to_string());
        let file = self.scratch.write(&format!("{at}.cfg"), &text);
        let dir = self.scratch.make_dir(&format!("run{at}"));
        Server::with_file(Subject::Ringwall, &dir, self.ports[at], &file, &[])
    }

    /// Alice asks for a call.
    fn invite(&self, server: u16, id: &str) {
        let from = "<sip:alice@a.test>;tag=alice";
        let headers = dialog(from, "<sip:bob@b.test>", id);
        let uri = format!("sip:bob@127.0.0.1:{server}");
        self.alice
            .send(&self.alice.request("INVITE", &uri, 1, &headers), server);
    }

    /// A call that is up: what Bob was sent, and what Alice was answered.
    fn call(&self, server: u16, id: &str) -> (String, String) {
        self.invite(server, id);
        let at_bob = self.bob.expect("INVITE");
        self.bob.accept(&at_bob, server);
        let at_alice = self.alice.expect("SIP/2.0 200");
        let headers = dialog(field(&at_alice, "From"), field(&at_alice, "To"), id);
        let ack = self.alice.request("ACK", &target(&at_alice), 1, &headers);
        self.alice.send(&ack, server);
        self.bob.expect("ACK");
        (at_bob, at_alice)
    }
}

#[test]
fn a_call_outlives_the_server_that_began_it() {
    let stage = Stage::new();
    let (one, _other) = (stage.server(0), stage.server(1));
    let [first, second] = stage.ports;
    let (alice, bob) = (&stage.alice, &stage.bob);
    let (at_bob, at_alice) = stage.call(first, "call-one");
    // Neither learns where the other is.
    assert!(
        !at_bob.contains(&format!("127.0.0.1:{}", alice.port())),
        "{at_bob}"
    );
    assert!(
        !at_alice.contains(&format!("127.0.0.1:{}", bob.port())),
        "{at_alice}"
    );
    one.kill();

    let headers = dialog(field(&at_alice, "From"), field(&at_alice, "To"), "call-one");
    let again = alice.request("INVITE", &target(&at_alice), 2, &headers);
    alice.send(&again, second);
    let request = bob.expect("INVITE");
    let line = request.lines().next().unwrap_or_default();
    assert!(
        line.contains(&format!("sip:bob@127.0.0.1:{}", bob.port())),
        "{line}"
    );
    bob.accept(&request, second);
    let answer = alice.expect("SIP/2.0 200");
    let ack = alice.request("ACK", &target(&answer), 2, &headers);
    alice.send(&ack, second);
    bob.expect("ACK");

    let (from, to) = (field(&at_bob, "To"), field(&at_bob, "From"));
    let headers = dialog(&format!("{from};tag=bob"), to, field(&at_bob, "Call-ID"));
    bob.send(&bob.request("BYE", &target(&at_bob), 1, &headers), second);
    let bye = alice.expect("BYE");
    alice.accept(&bye, second);
    bob.expect("SIP/2.0 200");
}

#[test]
fn while_redis_is_away_nothing_is_half_hidden_and_nobody_waits() {
    let mut stage = Stage::new();
    let server = stage.server(0);
    let port = stage.ports[0];
    stage.call(port, "before");
    let plain = Pulse::start(port, "OPTIONS", "plain", 300);
    sleep(Duration::from_secs(1));
    let hung = Instant::now();
    stage.redis.hang();
    for id in ["away-1", "away-2"] {
        stage.invite(port, id);
        let refused = stage.alice.expect("SIP/2.0 503");
        assert!(
            field(&refused, "Retry-After").parse::<u32>().is_ok(),
            "{refused}"
        );
        let (from, to) = (field(&refused, "From"), field(&refused, "To"));
        let uri = format!("sip:bob@127.0.0.1:{port}");
        let ack = stage.alice.request("ACK", &uri, 1, &dialog(from, to, id));
        let ack = ack.replace("z9hG4bKaliceACK", "z9hG4bKaliceINVITE");
        stage.alice.send(&ack, port);
    }
    sleep(Duration::from_secs(3).saturating_sub(hung.elapsed()));
    stage.redis.go_on();
    sleep(Duration::from_secs(2));
    stage.call(port, "afterwards");
    let end = Instant::now();
    let plain = plain.stop();
    let all = answers(&plain, hung, end);
    assert_eq!(all.keys().collect::<Vec<_>>(), [&200], "{all:?}");
    let pause = slowest(&plain, hung, end);
    assert!(pause < Duration::from_secs(1), "an OPTIONS took {pause:?}");
    println!("slowest OPTIONS {pause:?}");
    drop(server);
}
