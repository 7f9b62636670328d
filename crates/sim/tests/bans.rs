//! Who is banned by the built-in policy, and who must not be.

use bytes::Bytes;
use sim::{Player, Scenario, Simulated, World};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/policy/ringwall.cfg");

/// A play against the built-in policy with the users u0, u1, …, each with the password "secret".
fn scenario(users: usize, steps: &str) -> Scenario {
    let mut page = format!(
        "# Play\n\n```kamailio\n#!define DOMAIN \"example.test\"\n\
         #!define DBURL \"sqlite:///{{db}}\"\nlisten=udp:127.0.0.1:5060\nlisten=tcp:127.0.0.1:5060\n\
         include_file \"{POLICY}\"\n```\n\n```sip\n"
    );
    for user in 0..users {
        let name = format!("u{user}");
        let ha1 = sip::digest::ha1(
            sip::digest::Hash::Md5,
            name.as_bytes(),
            b"example.test",
            b"secret",
        );
        let ha1 = ha1.as_str();
        // Writing into a text cannot fail.
        let _ = writeln!(
            page,
            "db subscriber username={name} domain=example.test ha1={ha1}"
        );
    }
    page.push_str(steps);
    page.push_str("\n```\n");
    Scenario::parse(Path::new("play.md"), &page).expect("a scenario")
}

fn started(scenario: &Scenario, seed: u64) -> Simulated {
    let places = Player::<Simulated>::places(scenario);
    Simulated::start(scenario, &places, seed).expect("a server")
}

fn played(world: &mut Simulated, scenario: &Scenario) {
    Player::play(world, scenario, 1).unwrap_or_else(|failure| panic!("{failure}"));
}

/// Plays from the beginning; the world as it is after that.
fn play(users: usize, steps: &str) -> Simulated {
    let scenario = scenario(users, steps);
    let mut world = started(&scenario, 1);
    played(&mut world, &scenario);
    world
}

fn registers(agent: &str, user: &str, password: &str, status: u16) -> String {
    format!(
        "{agent} -> REGISTER sip:example.test\n    From: <sip:{user}@example.test>;tag={agent}{{branch}}\n    \
         To: <sip:{user}@example.test>\n{agent} <- 401\n\
         {agent} -> REGISTER with digest {user}:{password}\n{agent} <- {status}\n"
    )
}

/// Wrong passwords for a user, of whom so many came before from this source: the first two are
/// challenged again, the others refused.
fn guesses(agent: &str, user: &str, which: std::ops::Range<usize>) -> String {
    which
        .map(|guess| {
            let status = if guess < 2 { 401 } else { 403 };
            let agent = format!("{agent}.g{guess}");
            registers(&agent, user, &format!("wrong{guess}"), status)
        })
        .collect()
}

fn unheard(agent: &str) -> String {
    format!("{agent}.last -> OPTIONS sip:example.test\n{agent}.last <- nothing for 1s\n")
}

#[test]
fn a_guesser_is_banned_within_ten_guesses() {
    let mut steps = "agent mallory udp:127.0.0.7:5060\nagent alice udp:127.0.0.8:5060\n".to_owned();
    steps += &guesses("mallory", "u0", 0..8);
    steps += &unheard("mallory");
    steps += &registers("alice", "u0", "secret", 200);
    steps += "wait 301s\n";
    steps += &registers("mallory.again", "u0", "wrong", 403);
    let world = play(1, &steps);
    let log = world.log().join("\n");
    assert!(
        log.contains("ban: banned 127.0.0.7 for 300 s: \"guessing passwords\""),
        "{log}"
    );
}

#[test]
fn a_hit_while_a_delay_runs_is_no_hit() {
    let mut steps = "agent mallory udp:127.0.0.7:5060\n".to_owned();
    steps += &guesses("mallory", "u0", 0..5);
    steps += &registers("mallory.hit", "u0", "secret", 403);
    play(1, &steps);
}

/// The right password of somebody else at the same address wins no further guesses, and he is served on.
#[test]
fn a_right_password_in_between_does_not_help_who_guesses() {
    for proto in ["udp", "tcp"] {
        let mut steps =
            format!("agent mallory {proto}:127.0.0.7:5060\nagent bob {proto}:127.0.0.7:5062\n");
        steps += &guesses("mallory", "u0", 0..4);
        steps += &registers("bob", "u1", "secret", 200);
        steps += &guesses("mallory", "u0", 4..8);
        steps += "mallory.last -> OPTIONS sip:example.test\n";
        steps += match proto {
            "tcp" => "mallory <- closed\n",
            _ => "mallory.last <- nothing for 1s\n",
        };
        steps += &registers("bob.again", "u1", "secret", 200);
        let world = play(2, &steps);
        let log = world.log().join("\n");
        // A connection has another port of its own.
        let port = if proto == "udp" { "5060" } else { "40000" };
        let line =
            format!("ban: banned port {port} of 127.0.0.7 for 300 s: \"guessing passwords\"");
        assert!(log.contains(&line), "{proto}: {log}");
    }
}

#[test]
fn behind_one_translator_two_hundred_keep_working() {
    const PHONES: usize = 200;
    let mut steps = String::new();
    for phone in 0..PHONES {
        let _ = writeln!(steps, "agent p{phone} udp:127.0.0.9:{}", 6000 + phone);
    }
    // He guesses for one of them, and from one port after the other.
    for port in 0..4 {
        let _ = writeln!(steps, "agent mallory{port} udp:127.0.0.9:{}", 7000 + port);
    }
    steps += "agent moved udp:127.0.0.9:7100\n";
    for phone in 0..PHONES {
        steps += &registers(&format!("p{phone}"), &format!("u{phone}"), "secret", 200);
    }
    steps += &guesses("mallory0", "u17", 0..8);
    for port in 0..3 {
        steps += &unheard(&format!("mallory{port}"));
        steps += &guesses(&format!("mallory{}", port + 1), "u17", 8..9);
    }
    for phone in 0..PHONES {
        steps += &registers(
            &format!("p{phone}.again"),
            &format!("u{phone}"),
            "secret",
            200,
        );
    }
    // One whose port has changed is known as well, for nobody guessed his password.
    steps += &registers("moved", "u18", "secret", 200);
    steps += "p3.call -> INVITE sip:u18@example.test\n    From: <sip:u3@example.test>;tag=call\n\
              p3.call <- 407\np3.call -> ACK\np3.call -> INVITE with digest u3:secret\np3.call <- 100\n\
              unordered\n    p18 <- INVITE\n    moved <- INVITE\n\
              p18 -> 486\np18 <- ACK\nmoved -> 486\nmoved <- ACK\np3.call <- 486\np3.call -> ACK\n";
    play(PHONES, &steps);
}

#[test]
fn whoever_spoofs_a_registered_phone_does_not_silence_it() {
    const AGENTS: &str = "agent alice udp:127.0.0.8:5060\nagent bob udp:127.0.0.9:5060\n\
                          agent carol tcp:127.0.0.9:5060\n";
    let mut steps = AGENTS.to_owned();
    steps += &registers("alice", "u0", "secret", 200);
    let scanner = |agent: &str| {
        format!(
            "{agent} -> OPTIONS sip:example.test\n    User-Agent: friendly-scanner\n{agent} <- nothing for 100ms\n"
        )
    };
    // As if they came from her.
    for number in 0..12 {
        steps += &scanner(&format!("alice.s{number}"));
        steps += &scanner(&format!("bob.s{number}"));
    }
    let before = scenario(1, &steps);
    let mut world = started(&before, 1);
    played(&mut world, &before);
    let alice: SocketAddr = "127.0.0.8:5060".parse().expect("an address");
    let server = "127.0.0.1:5060".parse().expect("an address");
    for number in 0..2000 {
        let forged = forged_register(number);
        let octets = [
            forged,
            request(number, "INVITE"),
            "\u{1}garbage\r\n\r\n".into(),
        ];
        for octets in octets {
            world.strike(alice, server, octets).expect("a socket");
        }
    }
    let listed = world.rpc("ban.list", vec![]).expect("a list");
    assert!(
        listed.contains("127.0.0.9") && !listed.contains("127.0.0.8"),
        "{listed}"
    );
    // Nor, over a connection, one who was not registered.
    let mut steps = AGENTS.to_owned();
    steps += &registers("alice", "u0", "secret", 200);
    steps += &registers("carol", "u0", "secret", 200);
    played(&mut world, &scenario(1, &steps));
}

#[test]
fn over_tcp_a_scanner_is_proved_and_hung_up_on() {
    let mut steps = "agent mallory tcp:127.0.0.7:5060\n".to_owned();
    for number in 0..10 {
        let _ = writeln!(
            steps,
            "mallory.m{number} -> OPTIONS sip:example.test\n    User-Agent: friendly-scanner"
        );
    }
    steps +=
        "mallory <- nothing for 100ms\nmallory -> OPTIONS sip:example.test\nmallory <- closed\n";
    let world = play(1, &steps);
    let log = world.log().join("\n");
    assert!(
        log.contains("ban: banned 127.0.0.7 for 3600 s: \"scanner\""),
        "{log}"
    );
}

fn forged_register(number: usize) -> Bytes {
    let credentials = "Authorization: Digest username=\"u0\", realm=\"example.test\", nonce=\"Zm9yZ2VkZm9yZ2VkZm9yZ2VkZg\", \
                       uri=\"sip:example.test\", response=\"0123456789abcdef0123456789abcdef\"\r\n";
    message(number, "REGISTER", credentials)
}

fn request(number: usize, method: &str) -> Bytes {
    message(number, method, "")
}

fn message(number: usize, method: &str, more: &str) -> Bytes {
    let text = format!(
        "{method} sip:u0@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{number}\r\n\
         From: <sip:u0@example.test>;tag=1\r\nTo: <sip:u0@example.test>\r\nCall-ID: {number}\r\n\
         CSeq: 1 {method}\r\nMax-Forwards: 70\r\nUser-Agent: x\r\n{more}Content-Length: 0\r\n\r\n"
    );
    Bytes::from(text)
}
