//! A call that is hidden goes on when another server takes over the address in its middle.

use ringwall_e2e::{Database, PATIENCE, Redis, Scratch, Server, Subject, ports, until};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[test]
fn a_call_set_up_through_kamailio_goes_on_through_ringwall() {
    Stage::new(Hiding::Masked).take_over(Subject::Kamailio, Subject::Ringwall, Caller);
}

#[test]
fn a_call_set_up_through_ringwall_goes_on_through_kamailio() {
    Stage::new(Hiding::Masked).take_over(Subject::Ringwall, Subject::Kamailio, Callee);
}

#[test]
fn a_call_whose_rows_kamailio_wrote_goes_on_through_ringwall() {
    for ends in [Caller, Callee] {
        Stage::new(Hiding::Kept).take_over(Subject::Kamailio, Subject::Ringwall, ends);
    }
}

#[test]
fn a_call_whose_rows_ringwall_wrote_goes_on_through_kamailio() {
    for ends in [Caller, Callee] {
        Stage::new(Hiding::Kept).take_over(Subject::Ringwall, Subject::Kamailio, ends);
    }
}

#[test]
fn a_call_whose_keys_kamailio_wrote_goes_on_through_ringwall() {
    for ends in [Caller, Callee] {
        Stage::new(Hiding::Shared).take_over(Subject::Kamailio, Subject::Ringwall, ends);
    }
}

#[test]
fn a_call_whose_keys_ringwall_wrote_goes_on_through_kamailio() {
    for ends in [Caller, Callee] {
        Stage::new(Hiding::Shared).take_over(Subject::Ringwall, Subject::Kamailio, ends);
    }
}

#[test]
fn a_call_that_rings_meanwhile_is_answered() {
    let (kamailio, ringwall) = (Subject::Kamailio, Subject::Ringwall);
    for hiding in [Hiding::Masked, Hiding::Kept, Hiding::Shared] {
        for (first, second) in [
            (kamailio, ringwall),
            (ringwall, kamailio),
            (ringwall, ringwall),
        ] {
            Stage::new(hiding).take_over_ringing(first, second);
        }
    }
}

/// How the sides of a call are hidden from each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hiding {
    /// In masks, by module `topoh`.
    Masked,
    /// In a database, by module `topos`.
    Kept,
    /// In Redis, by modules `topos` and `topos_redis`.
    Shared,
}

/// Who hangs up.
#[derive(Clone, Copy)]
enum Ends {
    Caller,
    Callee,
}
use Ends::{Callee, Caller};

struct Stage {
    scratch: Scratch,
    port: u16,
    hiding: Hiding,
    /// The script that both servers run.
    file: PathBuf,
    _redis: Option<Redis>,
}

impl Stage {
    fn new(hiding: Hiding) -> Stage {
        let scratch = Scratch::new();
        let mut redis = None;
        let configurations = Path::new(env!("CARGO_MANIFEST_DIR")).join("cfg");
        let file = match hiding {
            Hiding::Masked => configurations.join("hidden.cfg"),
            Hiding::Kept => {
                let database = Database::create(scratch.join("calls.sqlite"));
                scratch.write("kept.cfg", &kept(&in_database(&database.url())))
            }
            Hiding::Shared => {
                let server = redis.insert(Redis::new());
                scratch.write("kept.cfg", &kept(&in_redis(server.port())))
            }
        };
        Stage {
            scratch,
            port: ports::block(1),
            hiding,
            file,
            _redis: redis,
        }
    }

    fn start(&self, subject: Subject) -> Server {
        Server::with_file(subject, self.scratch.path(), self.port, &self.file, &[])
    }

    /// Every kind of request within the call goes through the second server, from both sides.
    fn take_over(&self, first: Subject, second: Subject, ends: Ends) {
        let before = self.start(first);
        let (alice, bob) = (End::new("alice", self.port), End::new("bob", self.port));
        let (caller, invite) = ring(&alice, &bob, self.hiding);
        let (mut caller, mut callee) = answer(caller, &bob, &invite);
        before.kill();
        let _after = self.start(second);
        within(&mut caller, &mut callee, "INVITE");
        within(&mut callee, &mut caller, "INVITE");
        within(&mut caller, &mut callee, "UPDATE");
        within(&mut callee, &mut caller, "INFO");
        hang_up(&mut caller, &mut callee, ends);
    }

    /// Bob answers through the second server what came through the first.
    fn take_over_ringing(&self, first: Subject, second: Subject) {
        let before = self.start(first);
        let (alice, bob) = (End::new("alice", self.port), End::new("bob", self.port));
        let (caller, invite) = ring(&alice, &bob, self.hiding);
        before.kill();
        let _after = self.start(second);
        let (mut caller, mut callee) = answer(caller, &bob, &invite);
        within(&mut caller, &mut callee, "INVITE");
        hang_up(&mut caller, &mut callee, Callee);
    }
}

fn hang_up(caller: &mut Side<'_>, callee: &mut Side<'_>, ends: Ends) {
    match ends {
        Caller => within(caller, callee, "BYE"),
        Callee => within(callee, caller, "BYE"),
    }
}

/// The script with a storage.
fn kept(storage: &str) -> String {
    include_str!("../../cfg/kept.cfg").replace("#{storage}", storage)
}

fn in_database(url: &str) -> String {
    format!(
        "loadmodule \"db_sqlite.so\"\nloadmodule \"topos.so\"\nmodparam(\"topos\", \"db_url\", \"{url}\")\n"
    )
}

fn in_redis(port: u16) -> String {
    format!(
        "loadmodule \"ndb_redis.so\"\nloadmodule \"topos.so\"\nloadmodule \"topos_redis.so\"\n\
         modparam(\"ndb_redis\", \"server\", \"name=shared;addr=127.0.0.1;port={port}\")\n\
         modparam(\"topos\", \"storage\", \"redis\")\nmodparam(\"topos_redis\", \"serverid\", \"shared\")\n"
    )
}

/// Alice calls, and Bob's phone rings: her side of the call, and what he got.
fn ring<'a>(alice: &'a End, bob: &End, hiding: Hiding) -> (Side<'a>, String) {
    let (from, to) = (alice.address(), bob.address());
    let caller = Side {
        end: alice,
        call_id: format!("call-{}@inner.example.net", alice.port()),
        local: format!("<{from}>;tag=caller"),
        remote: format!("<{to}>"),
        target: to,
        routes: Vec::new(),
        cseq: 1,
    };
    caller.send("INVITE");
    let invite = bob.receive("INVITE ");
    assert!(!invite.contains(&from_line(&caller)), "{invite}");
    let has_masked = !invite.contains(&caller.call_id);
    assert_eq!(has_masked, hiding == Hiding::Masked, "{invite}");
    bob.reply(180, &invite, ";tag=callee");
    alice.receive("SIP/2.0 180");
    (caller, invite)
}

/// Bob answers, and the two sides of the call are as each end knows it.
fn answer<'a>(mut caller: Side<'a>, bob: &'a End, invite: &str) -> (Side<'a>, Side<'a>) {
    let alice = caller.end;
    bob.reply(200, invite, ";tag=callee");
    let accepted = alice.receive("SIP/2.0 200");
    caller.remote.push_str(";tag=callee");
    caller.target = contact_of(&accepted);
    caller.routes = headers(&accepted, "Record-Route");
    caller.routes.reverse();
    caller.send("ACK");
    bob.receive("ACK ");
    let callee = Side {
        end: bob,
        call_id: headers(invite, "Call-ID").concat(),
        local: caller.remote.clone(),
        remote: caller.local.clone(),
        target: contact_of(invite),
        routes: headers(invite, "Record-Route"),
        cseq: 1,
    };
    (caller, callee)
}

/// A request within the call, its 200, and the ACK where it needs one. Each end sees its own Call-ID only.
fn within(from: &mut Side<'_>, to: &mut Side<'_>, method: &str) {
    from.cseq += 1;
    from.send(method);
    let request = to.end.receive(&format!("{method} {} ", to.end.address()));
    assert_eq!(headers(&request, "Call-ID"), [to.call_id.as_str()]);
    to.end.reply(200, &request, "");
    let reply = from.end.receive("SIP/2.0 200");
    assert_eq!(headers(&reply, "Call-ID"), [from.call_id.as_str()]);
    assert_eq!(headers(&reply, "Via").len(), 1, "{reply}");
    if method == "INVITE" {
        from.target = contact_of(&reply);
        from.send("ACK");
        to.end.receive(&format!("ACK {} ", to.end.address()));
    }
}

/// One side of a call.
struct Side<'a> {
    end: &'a End,
    call_id: String,
    local: String,
    remote: String,
    target: String,
    routes: Vec<String>,
    cseq: u32,
}

impl Side<'_> {
    fn send(&self, method: &str) {
        let routes: String = self
            .routes
            .iter()
            .map(|route| format!("Route: {route}\r\n"))
            .collect();
        let (port, cseq) = (self.end.port(), self.cseq);
        self.end.send(&format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{port}{method}{cseq}\r\n\
             {routes}From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n\
             Contact: <{}>\r\nContent-Length: 0\r\n\r\n",
            self.target, self.local, self.remote, self.call_id, self.end.address()
        ));
    }
}

/// A phone without a mind.
struct End {
    name: &'static str,
    socket: UdpSocket,
    server: u16,
}

impl End {
    fn new(name: &'static str, server: u16) -> End {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let patience = Some(Duration::from_millis(100));
        socket.set_read_timeout(patience).expect("a timeout");
        End {
            name,
            socket,
            server,
        }
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().expect("bound").port()
    }

    fn address(&self) -> String {
        format!("sip:{}@127.0.0.1:{}", self.name, self.port())
    }

    fn send(&self, text: &str) {
        let sent = self
            .socket
            .send_to(text.as_bytes(), ("127.0.0.1", self.server));
        sent.expect("the loopback takes it");
    }

    fn reply(&self, code: u16, request: &str, tag: &str) {
        let lines = |name: &str| -> String {
            let values = headers(request, name);
            values
                .iter()
                .map(|value| format!("{name}: {value}\r\n"))
                .collect()
        };
        let to = headers(request, "To").concat();
        self.send(&format!(
            "SIP/2.0 {code} So\r\n{}{}{}To: {to}{tag}\r\n{}{}Contact: <{}>\r\nContent-Length: 0\r\n\r\n",
            lines("Via"), lines("Record-Route"), lines("From"), lines("Call-ID"), lines("CSeq"), self.address()
        ));
    }

    /// The next message that begins so; others, such as 100, are passed over.
    fn receive(&self, start: &str) -> String {
        until(start, PATIENCE, || {
            let mut bytes = [0; 65_535];
            let length = self.socket.recv(&mut bytes).ok()?;
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            text.starts_with(start).then_some(text)
        })
    }
}

fn headers(message: &str, name: &str) -> Vec<String> {
    let lines = message.lines().take_while(|line| !line.is_empty());
    let values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    values.map(str::to_owned).collect()
}

fn contact_of(message: &str) -> String {
    let contact = headers(message, "Contact").concat();
    contact.trim_matches(['<', '>']).to_owned()
}

fn from_line(caller: &Side<'_>) -> String {
    format!("Contact: <{}>", caller.end.address())
}
