//! Calls through the built-in policy, and what is left of them after a restart.
#![allow(
    clippy::disallowed_methods,
    reason = "a process, its sockets and its files are tested"
)]

#[allow(
    dead_code,
    unused_imports,
    reason = "each test file uses its part of the support"
)]
mod support;

use nix::sys::signal::Signal;
use support::{Phone, Server, free_port};

/// The lines of a message that begin with one of these.
fn lines(message: &str, names: &[&str]) -> String {
    let wanted = |line: &&str| names.iter().any(|name| line.starts_with(name));
    let lines = message.lines().filter(wanted);
    lines.map(|line| format!("{line}\r\n")).collect()
}

/// Answers a request with 200, as the callee `b`.
fn accept(phone: &Phone, request: &str) {
    let mut copied = lines(
        request,
        &["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Record-Route:"],
    );
    if !copied.contains(";tag=b") {
        copied = copied.replace(
            "To: <sip:bob@example.test>",
            "To: <sip:bob@example.test>;tag=b",
        );
    }
    let contact = contact(request);
    phone.send_text(&format!(
        "SIP/2.0 200 OK\r\n{copied}Contact: <{contact}>\r\nContent-Length: 0\r\n\r\n"
    ));
}

/// The Request-URI, which is the Contact of whoever got the request.
fn contact(request: &str) -> &str {
    request.split(' ').nth(1).expect("a Request-URI")
}

fn status(answer: &str) -> &str {
    answer.get(8..11).unwrap_or_default()
}

/// Where the callee is, and the Route to it.
fn call(alice: &mut Phone, bob: &Phone) -> (String, String) {
    let uri = "sip:bob@example.test";
    assert_eq!(status(&alice.authenticated("INVITE", uri, uri, "")), "100");
    let invite = bob.hear();
    assert!(invite.contains(";sg="), "{invite}");
    accept(bob, &invite);
    let accepted = alice.hear();
    assert_eq!(status(&accepted), "200", "{accepted}");
    let route = lines(&accepted, &["Record-Route:"]).replace("Record-Route", "Route");
    (contact(&invite).to_owned(), route)
}

#[test]
fn a_restart_ends_no_call_and_lets_no_stranger_in() {
    let dir = tempfile::tempdir().expect("a directory");
    let ports = (free_port(), free_port());
    let server = Server::start_on(dir.path(), ports, &[]);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    let mut bob = Phone::new("bob", &server.add_user("bob"), server.port);
    assert_eq!(status(&bob.register()), "200");
    let (target, route) = call(&mut alice, &bob);
    let to = "<sip:bob@example.test>;tag=b";
    alice.send("INFO", &target, to, &route);
    let info = bob.hear();
    assert!(
        info.starts_with("INFO ") && !info.contains("Route:"),
        "{info}"
    );
    accept(&bob, &info);
    assert_eq!(status(&alice.hear()), "200");

    let _killed = server.end(Signal::SIGKILL);
    let server = Server::start_on(dir.path(), ports, &[]);
    // Nobody knows the call any more; its route is still ours, and Alice can prove who she is.
    let challenged = alice.ask("INFO", &target, to, &route);
    assert_eq!(status(&challenged), "407", "{challenged}");
    assert!(bob.hears_nothing());
    alice.send("ACK", &target, to, &route);
    assert!(bob.hears_nothing());
    let unsigned = format!("Route: <sip:127.0.0.1:{};lr>\r\n", server.port);
    let refused = alice.ask("BYE", &target, to, &unsigned);
    assert_eq!(status(&refused), "481", "{refused}");
    let (info, answer) = alice.authenticated_within("INFO", &target, to, &route, || {
        let info = bob.hear();
        accept(&bob, &info);
        info
    });
    assert!(
        info.starts_with("INFO ") && !info.contains("Authorization"),
        "{info}"
    );
    assert_eq!(status(&answer), "200", "{answer}");
    // A foreign party has no password, and hangs up all the same.
    alice.send("BYE", &target, to, &route);
    let bye = bob.hear();
    assert!(bye.starts_with("BYE "), "{bye}");
    accept(&bob, &bye);
    assert_eq!(status(&alice.hear()), "200");
}

#[test]
fn servers_with_the_same_keys_accept_each_others_routes() {
    let (one, two) = (
        tempfile::tempdir().expect("a directory"),
        tempfile::tempdir().expect("a directory"),
    );
    let ports = (free_port(), free_port());
    let server = Server::start_on(one.path(), ports, &[]);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    let mut bob = Phone::new("bob", &server.add_user("bob"), server.port);
    assert_eq!(status(&bob.register()), "200");
    let (target, route) = call(&mut alice, &bob);
    let keys = std::fs::read_to_string(server.state.join("route_keys")).expect("keys");
    let state = two.path().join("state");
    let _ended = server.end(Signal::SIGTERM);
    for (keys, code) in [
        ("0123456789abcdef0123\n".to_owned(), "481"),
        (format!("0123456789abcdef0123\n{keys}"), "407"),
    ] {
        std::fs::create_dir_all(&state).expect("a directory");
        std::fs::write(state.join("route_keys"), keys).expect("keys");
        let server = Server::start_on(two.path(), ports, &[]);
        let answer = alice.ask("BYE", &target, "<sip:bob@example.test>;tag=b", &route);
        assert_eq!(status(&answer), code, "{answer}");
        let _ended = server.end(Signal::SIGTERM);
    }
}
