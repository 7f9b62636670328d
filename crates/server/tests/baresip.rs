//! Two baresip phones register and set up, hold and end calls, over every transport.

#![allow(
    clippy::disallowed_methods,
    reason = "processes and their sockets are tested"
)]

#[allow(
    dead_code,
    unused_imports,
    reason = "each test file uses its part of the support"
)]
mod support;

use std::path::Path;
use support::{Account, Baresip, Server};

fn call_over(transport: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir);
    let (alice, bob) = (server.add_user("alice"), server.add_user("bob"));
    let certificate = server.state.join("tls/certificate.pem");
    let mut alice = phone(
        dir.path(),
        &server,
        ("alice", &alice, transport),
        &certificate,
    );
    let mut bob = phone(dir.path(), &server, ("bob", &bob, transport), &certificate);
    for phone in [&mut alice, &mut bob] {
        phone.ask_until("reginfo", "OK ");
    }
    alice.command("dial", "sip:bob@example.test");
    alice.wait_for("CALL_ESTABLISHED");
    bob.wait_for("CALL_ESTABLISHED");
    alice.command("hold", "");
    bob.wait_for("CALL_REMOTE_SDP");
    alice.command("resume", "");
    bob.wait_for("CALL_REMOTE_SDP");
    alice.command("hangup", "");
    bob.wait_for("CALL_CLOSED");
}

fn phone(
    dir: &Path,
    server: &Server,
    (user, password, transport): (&str, &str, &str),
    certificate: &Path,
) -> Baresip {
    let port = if transport == "tls" {
        server.tls_port
    } else {
        server.port
    };
    Baresip::start(
        dir,
        &Account {
            user,
            password,
            transport,
            port,
            certificate,
        },
    )
}

#[test]
#[ignore = "needs baresip: `cargo xtask test` installs and runs it"]
fn phones_call_over_udp() {
    call_over("udp");
}

#[test]
#[ignore = "needs baresip: `cargo xtask test` installs and runs it"]
fn phones_call_over_tcp() {
    call_over("tcp");
}

#[test]
#[ignore = "needs baresip: `cargo xtask test` installs and runs it"]
fn phones_call_over_tls() {
    call_over("tls");
}

#[test]
#[ignore = "needs baresip: `cargo xtask test` installs and runs it"]
fn a_wrong_password_never_registers() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir);
    server.add_user("alice");
    let certificate = server.state.join("tls/certificate.pem");
    let mut phone = phone(dir.path(), &server, ("alice", "wrong", "udp"), &certificate);
    phone.ask_until("reginfo", "ERR");
    assert_eq!(server.ctl(&["ul", "show"]).out, "nobody is registered\n");
}
