//! A call that is hidden goes on when another server takes over the address in its middle.

mod end;
mod line;
mod side;

use end::{End, Wire};
use line::Proof;
use ringwall_e2e::{Database, MariaDb, PostgreSql, Redis, Scratch, Server, Subject, ports};
use side::{Side, answer, ring, within};
use std::path::PathBuf;

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
fn a_call_whose_rows_are_in_mariadb_goes_on() {
    let server = MariaDb::new();
    server.create_as_kamailio("kamailio");
    rows_elsewhere("db_mysql", &server.url("kamailio"));
}

#[test]
fn a_call_whose_rows_are_in_postgresql_goes_on() {
    let server = PostgreSql::new();
    server.create_as_kamailio("kamailio");
    rows_elsewhere("db_postgres", &server.url("kamailio"));
}

/// Tables as Kamailio makes them, and rows of both servers.
fn rows_elsewhere(driver: &str, url: &str) {
    let text = kept(&in_database(driver, url));
    let (kamailio, ringwall) = (Subject::Kamailio, Subject::Ringwall);
    for (first, second, ends) in [(kamailio, ringwall, Caller), (ringwall, kamailio, Callee)] {
        Stage::with(Scratch::new(), Hiding::Kept, Wire::Udp, &text).take_over(first, second, ends);
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
    for (first, second) in [
        (kamailio, ringwall),
        (ringwall, kamailio),
        (ringwall, ringwall),
    ] {
        rings_meanwhile(|_| Wire::Udp, first, second);
    }
}

/// The connections of the first server end with it: a new one leads to where the caller says that he is. Kamailio
/// looks for him at the port of the old one.
#[test]
fn a_call_that_rings_meanwhile_is_answered_over_tcp() {
    for first in Subject::BOTH {
        rings_meanwhile(|_| Wire::Tcp, first, Subject::Ringwall);
    }
}

#[test]
fn a_call_that_rings_meanwhile_is_answered_over_tls() {
    let wire = |scratch: &Scratch| Wire::Tls(Proof::new(scratch));
    for first in Subject::BOTH {
        rings_meanwhile(wire, first, Subject::Ringwall);
    }
}

fn rings_meanwhile(wire: fn(&Scratch) -> Wire, first: Subject, second: Subject) {
    for hiding in [Hiding::Masked, Hiding::Kept, Hiding::Shared] {
        Stage::over(hiding, wire).take_over_ringing(first, second);
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
    wire: Wire,
    /// The script that both servers run.
    file: PathBuf,
    _redis: Option<Redis>,
}

impl Stage {
    fn new(hiding: Hiding) -> Stage {
        Stage::over(hiding, |_| Wire::Udp)
    }

    fn over(hiding: Hiding, wire: fn(&Scratch) -> Wire) -> Stage {
        let scratch = Scratch::new();
        let mut redis = None;
        let text = match hiding {
            Hiding::Masked => include_str!("../../cfg/hidden.cfg").to_owned(),
            Hiding::Kept => {
                let database = Database::create(scratch.join("calls.sqlite"));
                kept(&in_database("db_sqlite", &database.url()))
            }
            Hiding::Shared => kept(&in_redis(redis.insert(Redis::new()).port())),
        };
        let wire = wire(&scratch);
        Stage {
            _redis: redis,
            ..Stage::with(scratch, hiding, wire, &text)
        }
    }

    fn with(scratch: Scratch, hiding: Hiding, wire: Wire, text: &str) -> Stage {
        let port = ports::block(1);
        Stage {
            file: scratch.write("hiding.cfg", &listening(&wire, port, text)),
            scratch,
            port,
            hiding,
            wire,
            _redis: None,
        }
    }

    fn start(&self, subject: Subject) -> Server {
        Server::with_file(subject, self.scratch.path(), self.port, &self.file, &[])
    }

    fn ends(&self) -> (End, End) {
        let end = |name| End::new(name, self.port, &self.wire);
        (end("alice"), end("bob"))
    }

    /// Every kind of request within the call goes through the second server, from both sides.
    fn take_over(&self, first: Subject, second: Subject, ends: Ends) {
        let before = self.start(first);
        let (alice, bob) = self.ends();
        let (caller, invite) = ring(&alice, &bob, self.hiding);
        let (mut caller, mut callee) = answer(caller, &bob, &invite);
        before.kill();
        alice.is_left();
        bob.is_left();
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
        let (alice, bob) = self.ends();
        let (caller, invite) = ring(&alice, &bob, self.hiding);
        before.kill();
        alice.is_left();
        bob.is_left();
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

/// The script with what the ends speak; it listens for UDP too.
fn listening(wire: &Wire, port: u16, text: &str) -> String {
    let more = match wire {
        Wire::Udp => return text.to_owned(),
        Wire::Tcp => format!("listen=tcp:127.0.0.1:{port}"),
        Wire::Tls(proof) => {
            let file = proof.file.display();
            format!(
                "enable_tls=yes\nlisten=tls:127.0.0.1:{port}\nloadmodule \"tls.so\"\n\
                 modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n\
                 modparam(\"tls\", \"certificate\", \"{file}\")\nmodparam(\"tls\", \"private_key\", \"{file}\")"
            )
        }
    };
    text.replace("disable_tcp=yes", &more)
}

/// The script with a storage.
fn kept(storage: &str) -> String {
    include_str!("../../cfg/kept.cfg").replace("#{storage}", storage)
}

fn in_database(driver: &str, url: &str) -> String {
    format!(
        "loadmodule \"{driver}.so\"\nloadmodule \"topos.so\"\nmodparam(\"topos\", \"db_url\", \"{url}\")\n"
    )
}

fn in_redis(port: u16) -> String {
    format!(
        "loadmodule \"ndb_redis.so\"\nloadmodule \"topos.so\"\nloadmodule \"topos_redis.so\"\n\
         modparam(\"ndb_redis\", \"server\", \"name=shared;addr=127.0.0.1;port={port}\")\n\
         modparam(\"topos\", \"storage\", \"redis\")\nmodparam(\"topos_redis\", \"serverid\", \"shared\")\n"
    )
}
