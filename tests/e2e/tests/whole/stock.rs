//! Debian's own configuration, unchanged, on both servers with the same scenarios.

use nix::sys::signal::Signal;
use ringwall_e2e::{
    CallerPorts, Database, Load, MariaDb, Scratch, Server, Sipp, Subject, User, ports,
};
use std::path::Path;

const STOCK: &str = "/etc/kamailio/kamailio.cfg";

/// What Kamailio's subscribers of this test have as domain.
const DOMAIN: &str = "127.0.0.1";

#[test]
fn ringwall_serves_the_stock_file() {
    serves_without_toggles(Subject::Ringwall);
}

#[test]
fn kamailio_serves_the_stock_file() {
    serves_without_toggles(Subject::Kamailio);
}

#[test]
fn ringwall_serves_the_stock_file_with_auth_and_database() {
    serves_with_auth_and_database(Subject::Ringwall);
}

#[test]
fn kamailio_serves_the_stock_file_with_auth_and_database() {
    serves_with_auth_and_database(Subject::Kamailio);
}

/// What `WITH_MYSQL` is for, on one MariaDB for both servers, with the tables of Kamailio's scripts.
#[test]
fn both_serve_the_stock_file_with_mysql() {
    let mariadb = MariaDb::new();
    for (subject, name) in [(Subject::Kamailio, "theirs"), (Subject::Ringwall, "ours")] {
        mariadb.create_as_kamailio(name);
        for User {
            name: user,
            password,
        } in [User::ALICE, User::BOB]
        {
            mariadb.run(name, &format!("INSERT INTO subscriber (username, domain, password) VALUES ('{user}', '{DOMAIN}', '{password}')"));
        }
        let url = format!("DBURL=\"{}\"", mariadb.url(name));
        let contacts = || {
            let sql = "SELECT username, contact FROM location ORDER BY username";
            mariadb.run(name, sql).replace('\t', "|")
        };
        let line = [
            "-A",
            "WITH_MYSQL",
            "-A",
            "WITH_AUTH",
            "-A",
            "WITH_USRLOCDB",
            "-A",
            &url,
        ];
        registers_and_calls(subject, &line, contacts);
    }
}

/// A URL names its driver: the line that Kamailio needs for it may be missing.
#[test]
fn ringwall_loads_the_driver_that_a_url_names() {
    let stage = Stage::new();
    let database = Database::create(stage.scratch.join("kamailio.sqlite"));
    let url = format!("DBURL=\"{}\"", database.url());
    let server = stage.start(Subject::Ringwall, &["-A", "WITH_USRLOCDB", "-A", &url]);
    assert!(server.printed().contains("db_sqlite"), "it says so");
    stage.play("register", User::ALICE, "", stage.caller);
    assert!(server.stop(Signal::SIGTERM).success());
    assert_eq!(database.run("SELECT username FROM location;"), "alice");
}

fn serves_without_toggles(subject: Subject) {
    let stage = Stage::new();
    let server = stage.start(subject, &[]);
    // Nobody asks for a password, so any is good.
    let stranger = User::ALICE.with_password("none");
    stage.play("register", stranger, "", stage.caller);
    stage.play("register", User::BOB, "", stage.callee);
    stage.play_calls(stranger);
    assert!(server.stop(Signal::SIGTERM).success());
}

fn serves_with_auth_and_database(subject: Subject) {
    let scratch = Scratch::new();
    let database = Database::create(scratch.join("kamailio.sqlite"));
    database.add(User::ALICE, DOMAIN);
    database.add(User::BOB, DOMAIN);
    let url = format!("DBURL=\"{}\"", database.url());
    let line = [
        "--loadmodule=db_sqlite.so",
        "-A",
        "WITH_AUTH",
        "-A",
        "WITH_USRLOCDB",
        "-A",
        &url,
    ];
    registers_and_calls(subject, &line, || {
        database.run("SELECT username, contact FROM location ORDER BY username;")
    });
}

/// `contacts` tells the rows that are kept, `USER|CONTACT` by user.
fn registers_and_calls(subject: Subject, line: &[&str], contacts: impl Fn() -> String) {
    let stage = Stage::new();
    let server = stage.start(subject, line);
    let stranger = User::ALICE.with_password("guessed");
    stage.play("wrong-password", stranger, "", stage.caller);
    stage.play("register", User::ALICE, "", stage.caller);
    stage.play("register", User::BOB, "", stage.callee);
    stage.play_calls(User::ALICE);
    assert!(server.stop(Signal::SIGTERM).success());

    // Mode 2 writes the registrations back at the end, and the next start reads them.
    let (alice, bob) = (stage.caller, stage.callee);
    let expected = format!("alice|sip:alice@127.0.0.1:{alice}\nbob|sip:bob@127.0.0.1:{bob}");
    assert_eq!(contacts(), expected);
    let _server = stage.start(subject, line);
    stage.play_with_callee("call", User::ALICE);
}

/// The ports and the directory of a server with two phones.
struct Stage {
    scratch: Scratch,
    server: u16,
    caller: u16,
    callee: u16,
}

impl Stage {
    fn new() -> Stage {
        let first = ports::block(3);
        Stage {
            scratch: Scratch::new(),
            server: first,
            caller: first + 1,
            callee: first + 2,
        }
    }

    fn start(&self, subject: Subject, more: &[&str]) -> Server {
        Server::with_file(
            subject,
            self.scratch.path(),
            self.server,
            Path::new(STOCK),
            more,
        )
    }

    /// Everything that is not a registration.
    fn play_calls(&self, caller: User) {
        for name in ["call", "busy", "cancel"] {
            self.play_with_callee(name, caller);
        }
        self.play("unknown", caller, "nobody", self.caller);
        self.play("hops", caller, User::BOB.name, self.caller);
    }

    fn play_with_callee(&self, name: &str, caller: User) {
        let callee = Sipp::callee(&self.scratch, name, self.callee, Load::ONE);
        self.play(name, caller, User::BOB.name, self.caller);
        callee.finish();
    }

    fn play(&self, name: &str, caller: User, callee: &str, contact: u16) {
        let ports = CallerPorts {
            address: ringwall_e2e::LOOPBACK,
            own: self.caller,
            server: self.server,
            contact,
        };
        Sipp::caller(&self.scratch, name, ports, caller, callee, Load::ONE).finish();
    }
}
