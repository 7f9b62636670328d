//! The built-in policy on the wire.
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
use tempfile::TempDir;

fn dir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn status(answer: &str) -> &str {
    answer.get(8..11).unwrap_or_default()
}

#[test]
fn a_user_registers_with_the_password_and_calls_another() {
    let dir = dir();
    let server = Server::start(&dir);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    let mut bob = Phone::new("bob", &server.add_user("bob@example.test"), server.port);
    assert_eq!(status(&alice.register()), "200");
    assert_eq!(status(&bob.register()), "200");
    let mut wrong = Phone::new("bob", "wrong", server.port);
    assert_eq!(status(&wrong.register()), "401");

    let trying = alice.authenticated("INVITE", "sip:bob@example.test", "sip:bob@example.test", "");
    assert_eq!(status(&trying), "100", "{trying}");
    let invite = bob.hear();
    assert!(invite.starts_with("INVITE sip:bob@127.0.0.1:"), "{invite}");
    assert!(invite.contains("\r\nRecord-Route: "), "{invite}");
    assert!(!invite.contains("Authorization"), "{invite}");

    let nobody = alice.authenticated(
        "MESSAGE",
        "sip:carol@example.test",
        "sip:carol@example.test",
        "",
    );
    assert_eq!(status(&nobody), "480", "{nobody}");
}

#[test]
fn registrations_survive_the_death_of_the_process() {
    let dir = dir();
    let ports = (free_port(), free_port());
    let server = Server::start_on(dir.path(), ports, &[]);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    assert_eq!(status(&alice.register()), "200");
    let (code, _) = server.end(Signal::SIGKILL);
    assert_eq!(code, None);
    let server = Server::start_on(dir.path(), ports, &[]);
    let shown = server.ctl(&["ul", "show"]);
    assert!(
        shown.out.contains("sip:alice@127.0.0.1:"),
        "{}{}",
        shown.out,
        shown.err
    );
    assert_eq!(status(&alice.register()), "200");
}

#[test]
fn strangers_get_one_answer_whatever_they_ask_for() {
    let dir = dir();
    let server = Server::start(&dir);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    server.add_user("bob");
    assert_eq!(status(&alice.register()), "200");
    let mut stranger = Phone::new("mallory", "x", server.port);
    let mut answers = Vec::new();
    for (method, target) in [
        ("INVITE", "sip:alice@example.test"),
        ("INVITE", "sip:bob@example.test"),
        ("INVITE", "sip:nobody@example.test"),
        ("INVITE", "sip:anybody@elsewhere.test"),
        ("MESSAGE", "sip:alice@example.test"),
        ("FROBNICATE", "sip:alice@example.test"),
    ] {
        let answer = stranger.ask(method, target, target, "");
        assert!(!answer.contains("\r\nServer:"), "{answer}");
        let varies = |line: &&str| {
            ["Via", "To", "CSeq", "Proxy-Authenticate"]
                .iter()
                .any(|name| line.starts_with(name))
        };
        let same: Vec<String> = answer
            .lines()
            .filter(|line| !varies(line))
            .map(str::to_owned)
            .collect();
        answers.push(same);
    }
    assert!(
        answers.iter().all(|answer| Some(answer) == answers.first()),
        "{answers:#?}"
    );
    assert_eq!(
        answers
            .first()
            .and_then(|lines| lines.first())
            .map(|line| status(line)),
        Some("407")
    );
}

#[test]
fn registered_existing_and_missing_users_are_answered_alike() {
    let dir = dir();
    let server = Server::start(&dir);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    server.add_user("bobby");
    assert_eq!(status(&alice.register()), "200");
    for method in ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"] {
        // Without credentials, whoever is asked for; then with a wrong password of each.
        let asked = ["alice", "bobby", "nobdy"].map(|user| {
            let uri = format!("sip:{user}@example.test");
            let answer = Phone::new("mallo", "x", server.port).ask(method, &uri, &uri, "");
            without_what_varies(&answer)
        });
        assert_eq!(asked[0], asked[1], "{method}");
        assert_eq!(asked[0], asked[2], "{method}");
    }
}

#[test]
fn wrong_passwords_are_answered_alike_whoever_is_guessed() {
    for method in ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"] {
        let dir = dir();
        let server = Server::start(&dir);
        let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
        server.add_user("bobby");
        assert_eq!(status(&alice.register()), "200");
        let guessed = ["alice", "bobby", "nobdy"].map(|user| {
            let uri = format!("sip:{user}@example.test");
            let mut phone = Phone::new(user, "wrong", server.port);
            without_what_varies(&phone.authenticated(method, &uri, &uri, ""))
        });
        assert_eq!(guessed[0], guessed[1], "{method}");
        assert_eq!(guessed[0], guessed[2], "{method}");
    }
}

/// An answer without what the phone wrote itself, and with the length of what is drawn at random.
fn without_what_varies(answer: &str) -> Vec<String> {
    let lines = answer.lines().map(|line| match line.split_once(' ') {
        Some((name @ ("Via:" | "From:" | "Call-ID:"), _)) => name.to_owned(),
        Some(("To:", value)) => value.replace(['>', '<'], "").len().to_string(),
        Some((name @ ("WWW-Authenticate:" | "Proxy-Authenticate:"), value)) => {
            format!("{name} {}", value.len())
        }
        _ => line.to_owned(),
    });
    lines.collect()
}

#[test]
fn bans_are_listed_kept_and_lifted() {
    let dir = dir();
    let ports = (free_port(), free_port());
    let server = Server::start_on(dir.path(), ports, &[]);
    let told = server.ctl(&["ban", "add", "192.0.2.0/24", "600", "--reason", "noise"]);
    assert_eq!(told.out, "192.0.2.0/24 is banned\n", "{}", told.err);
    server.ctl(&["ban", "never", "add", "198.51.100.0/24"]);
    let refused = server.ctl(&["ban", "add", "198.51.100.7"]);
    assert!(
        refused.err.contains("198.51.100.7 is never banned"),
        "{}",
        refused.err
    );
    server.end(Signal::SIGTERM);
    let server = Server::start_on(dir.path(), ports, &[]);
    let listed = server.ctl(&["ban", "list"]).out;
    assert!(
        listed.starts_with("192.0.2.0/24  ") && listed.ends_with(" s  noise\n"),
        "{listed}"
    );
    assert_eq!(
        server.ctl(&["ban", "never", "list"]).out,
        "198.51.100.0/24\n"
    );
    server.ctl(&["ban", "rm", "192.0.2.0/24"]);
    assert_eq!(server.ctl(&["ban", "list"]).out, "");
    // Nobody hears this host any more, until the ban is lifted.
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    assert_eq!(status(&alice.register()), "200");
    server.ctl(&["ban", "add", "127.0.0.1"]);
    alice.send("OPTIONS", "sip:example.test", "sip:example.test", "");
    assert!(alice.hears_nothing());
    server.ctl(&["ban", "rm", "127.0.0.1"]);
    assert_eq!(status(&alice.register()), "200");
}

#[test]
fn what_is_no_business_of_ours_is_dropped_or_refused() {
    let dir = dir();
    let server = Server::start(&dir);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    let victim = Phone::new("victim", "", server.port);
    let target = "sip:victim@127.0.0.1:9";

    alice.send(
        "ACK",
        "sip:alice@example.test",
        "sip:alice@example.test",
        "",
    );
    assert!(alice.hears_nothing());
    alice.send(
        "OPTIONS",
        "sip:example.test",
        "sip:example.test",
        "User-Agent: friendly-scanner\r\n",
    );
    assert!(alice.hears_nothing());
    let alive = alice.ask("OPTIONS", "sip:example.test", "sip:example.test", "");
    assert_eq!(status(&alive), "200");

    // Routes that nobody here made lead nowhere, in a dialog that nobody knows.
    let route = format!("Route: <sip:127.0.0.1:{};lr>\r\n", server.port);
    let relayed = alice.ask("BYE", target, &format!("<{target}>;tag=x"), &route);
    assert_eq!(status(&relayed), "481", "{relayed}");
    assert!(victim.hears_nothing());
}

#[test]
fn a_user_speaks_for_nobody_else() {
    let dir = dir();
    let server = Server::start(&dir);
    let password = server.add_user("alice");
    server.add_user("bob");
    let mut alice = Phone::new("alice", &password, server.port);
    let other = "sip:bob@example.test";
    let stolen = alice.authenticated("REGISTER", "sip:example.test", other, "Expires: 60\r\n");
    assert_eq!(status(&stolen), "403", "{stolen}");
    assert!(server.ctl(&["ul", "show"]).out.contains("nobody"));
}

#[test]
fn a_trusted_peer_calls_without_a_password() {
    let dir = dir();
    let server = Server::start(&dir);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    assert_eq!(status(&alice.register()), "200");
    let mut trunk = Phone::new("carrier", "", server.port);
    let call = |trunk: &mut Phone| {
        trunk.ask(
            "MESSAGE",
            "sip:alice@example.test",
            "sip:alice@example.test",
            "",
        )
    };
    assert_eq!(status(&call(&mut trunk)), "407");
    assert_eq!(server.ctl(&["trunk", "add", "127.0.0.0/8"]).code, Some(0));
    trunk.send(
        "MESSAGE",
        "sip:alice@example.test",
        "sip:alice@example.test",
        "",
    );
    assert!(alice.hear().starts_with("MESSAGE sip:alice@127.0.0.1:"));
    let abroad = trunk.ask(
        "MESSAGE",
        "sip:x@elsewhere.test",
        "sip:x@elsewhere.test",
        "",
    );
    assert_eq!(status(&abroad), "403");
    assert_eq!(server.ctl(&["trunk", "rm", "127.0.0.0/8"]).code, Some(0));
    assert_eq!(status(&call(&mut trunk)), "407");
}

#[test]
fn strangers_reach_registered_users_where_that_is_wanted() {
    let dir = dir();
    let server = Server::start_with(&dir, &["-A", "OPEN_INBOUND"]);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    assert_eq!(status(&alice.register()), "200");
    let stranger = Phone::new("x", "", server.port);
    let call = |user: &str, branch: u32| {
        format!(
            "INVITE sip:{user}@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKo{branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:x@elsewhere.test>;tag=1\r\nTo: <sip:{user}@example.test>\r\n\
             Call-ID: o{branch}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n"
        )
    };
    stranger.send_text(&call("alice", 1));
    assert_eq!(status(&stranger.hear()), "100");
    assert!(alice.hear().starts_with("INVITE sip:alice@127.0.0.1:"));
    stranger.send_text(&call("bob", 2));
    assert_eq!(status(&stranger.hear()), "407");
}

#[test]
fn a_file_may_include_the_policy_and_define_its_names() {
    let dir = dir();
    let file = dir.path().join("mine.cfg");
    let text =
        "#!define OPEN_INBOUND\n#!define DOMAIN \"mine.test\"\ninclude_file \"ringwall.cfg\"\n";
    std::fs::write(&file, text).expect("a file");
    let path = file.display().to_string();
    let server = Server::start_with(&dir, &["-f", &path]);
    assert!(server.state.join("tls/certificate.pem").exists());
    let mut phone = Phone::new("alice", "x", server.port);
    let answer = phone.ask("REGISTER", "sip:mine.test", "sip:alice@mine.test", "");
    assert!(answer.contains("realm=\"mine.test\""), "{answer}");
}

#[test]
fn sha_256_is_asked_for_where_it_is_defined() {
    for (digest, algorithms) in [("sha256", &["SHA-256"][..]), ("both", &["SHA-256", "MD5"])] {
        let dir = dir();
        let server = Server::start_with(&dir, &["-A", &format!("DIGEST={digest}")]);
        let mut phone = Phone::new("alice", "x", server.port);
        let answer = phone.ask("REGISTER", "sip:example.test", "sip:alice@example.test", "");
        let challenges: Vec<&str> = answer
            .lines()
            .filter(|line| line.contains("Digest"))
            .collect();
        assert_eq!(challenges.len(), algorithms.len(), "{answer}");
        for (line, algorithm) in challenges.iter().zip(algorithms) {
            assert!(line.contains(&format!("algorithm={algorithm}")), "{line}");
        }
    }
}
