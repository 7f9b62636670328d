//! Toll fraud and the built-in policy: nobody makes more calls that cost something than people do.
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

use support::{Phone, Server, ringwall};

fn call(phone: &mut Phone, uri: &str) -> String {
    let answer = phone.authenticated("INVITE", uri, uri, "");
    answer.get(8..11).unwrap_or_default().to_owned()
}

#[test]
fn dear_destinations_are_few_an_hour_and_others_are_free() {
    let dir = tempfile::tempdir().expect("a directory");
    let limits = "FRAUD_USERS=\"risky_calls_per_hour=2\"";
    let mut server = Server::start_with(&dir, &["-A", limits, "-A", "INSIDE=\"127.0.0.0/8\""]);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    let mut bob = Phone::new("bob", &server.add_user("bob"), server.port);
    let dear = "sip:+8821234@127.0.0.7:5060";
    for expected in ["100", "100", "403", "403"] {
        assert_eq!(call(&mut alice, dear), expected);
    }
    let line = "users \"alice\": risky_calls_per_hour 3 over 2, call to \"+8821234\" blocked (International networks)";
    server.wait_for(line);
    assert_eq!(call(&mut alice, "sip:+4930123@127.0.0.7:5060"), "100");
    assert_eq!(call(&mut bob, dear), "100");
    let list = server.ctl(&["rpc", "fraud.list", "users", "alice"]).out;
    assert!(
        list.contains("risky_calls_per_hour") && list.contains('2'),
        "{list}"
    );
}

#[test]
fn limits_are_taken_by_name_and_wrong_ones_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = dir.path().to_string_lossy().into_owned();
    let check = |define: &str| ringwall(&["check", "--state", &state, "-A", define]);
    let good = check("FRAUD_USERS=\"calls=2;hours=8-18:alert\"");
    assert_eq!(good.code, Some(0), "{}", good.err);
    let wrong = check("FRAUD_TRUNKS=\"cals=2\"");
    assert!(
        wrong.err.contains("\"cals\" is none of calls"),
        "{}",
        wrong.err
    );
}
