//! Calls and registrations in number, without one failure.

use ringwall_e2e::{
    CallerPorts, Database, Load, PATIENCE, Scratch, Server, Sipp, Subject, User, ports, until,
};
use std::path::{Path, PathBuf};

/// The server is built without optimization here and shares the machine with every other test.
const CALLS: Load = Load {
    calls: 500,
    rate: 100,
};
const REGISTRATIONS: Load = Load {
    calls: 1_000,
    rate: 200,
};

#[test]
fn five_hundred_calls() {
    let (scratch, first) = (Scratch::new(), ports::block(3));
    let callee = format!("-ACALLEE=\"{}\"", first + 2);
    let mut server = start(&scratch, first, "proxy.cfg", &[&callee]);
    let callee = Sipp::callee(&scratch, "call", first + 2, CALLS);
    caller(&scratch, "call", first, CALLS).finish();
    callee.finish();
    assert!(server.is_running());
}

#[test]
fn a_thousand_registrations() {
    let (scratch, first) = (Scratch::new(), ports::block(2));
    let database = Database::create(scratch.join("kamailio.sqlite"));
    let url = format!("-ADBURL=\"{}\"", database.url());
    let line = [url.as_str(), "-ADBMODE=1", "-AWITH_AUTH"];
    let mut server = start(&scratch, first, "registrar.cfg", &line);
    caller(&scratch, "register-many", first, REGISTRATIONS).finish();
    until("every registration in the database", PATIENCE, || {
        let count = database.run("SELECT count(DISTINCT username) FROM location;");
        (count == "1000").then_some(())
    });
    assert!(server.is_running());
}

fn start(scratch: &Scratch, port: u16, file: &str, line: &[&str]) -> Server {
    Server::with_file(
        Subject::Ringwall,
        scratch.path(),
        port,
        &configuration(file),
        line,
    )
}

fn configuration(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cfg").join(name)
}

fn caller(scratch: &Scratch, name: &str, first: u16, load: Load) -> Sipp {
    let ports = CallerPorts {
        address: ringwall_e2e::LOOPBACK,
        own: first + 1,
        server: first,
        contact: first + 1,
    };
    let everybody = User::ALICE.with_password("pw");
    Sipp::caller(scratch, name, ports, everybody, "service", load)
}
