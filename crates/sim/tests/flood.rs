//! A flood in the name of more sources than anybody can remember, against the built-in policy.

use bytes::Bytes;
use cap::Cap;
use sim::{Player, Scenario, Simulated, World};
use std::alloc::System;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts what is held.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/policy/ringwall.cfg");

/// What a flood may add to what the server holds, in octets: the sum of these.
const PRICES: [(&str, usize); 4] = [
    (
        "nodes of `pike`, all of them: its `Limits::nodes`",
        9_699_328,
    ),
    (
        "bans of sources, all of them: `BanLimits::sources`",
        65_536 * (2 * 65 + 80),
    ),
    // `Used` of module `auth`. Strangers make no nonce used; but each of theirs takes a number, so that
    // those of good users lie far apart.
    (
        "a block of used nonces for each call of good users",
        WAVES as usize * 24_576,
    ),
    (
        "transactions of good users, that linger, and buffers",
        1 << 20,
    ),
];

/// A flood comes in so many waves; after each of them alice refreshes and calls bob.
const WAVES: u32 = 100;

/// What a flood may write into the log: lines for each wave.
const LINES: usize = 100;

/// Packets of which each source sends one, of every kind that costs a server something.
const KINDS: [&str; 7] = [
    "REGISTER",
    "INVITE",
    "SUBSCRIBE",
    "scanner",
    "forged",
    "garbage",
    "incomplete",
];

/// Where among them.
const SCANNER: usize = 3;

#[test]
fn a_spoofed_flood_leaves_good_users_served() {
    flood(200_000);
}

#[test]
#[ignore = "it takes minutes"]
fn a_spoofed_flood_from_two_million_sources() {
    flood(2_000_000);
}

#[test]
fn a_server_with_the_policy_that_is_gone_holds_nothing() {
    let _alone = alone();
    let good = scenario();
    let places = Player::<Simulated>::places(&good);
    let live_and_end = || {
        let mut world = Simulated::start(&good, &places, 1).expect("a server");
        play(&mut world, &good, 1);
        drop(world);
        HEAP.allocated()
    };
    // What the process makes once, such as tables of names, is there after the first.
    let first = live_and_end();
    let second = live_and_end();
    let left = second.saturating_sub(first);
    assert!(left < 1_000, "{left} octets");
}

#[test]
fn a_flood_from_one_source_is_not_heard() {
    let _alone = alone();
    let good = scenario();
    let places = Player::<Simulated>::places(&good);
    let mut world = Simulated::start(&good, &places, 1).expect("a server");
    let mut answered = 0;
    for number in 0..20_000 {
        answered += strike(&mut world, 1, request(number)).0;
    }
    assert!((10_000..=13_000).contains(&answered), "{answered}");
    let listed = world.rpc("ban.list", vec![]).expect("a list");
    assert!(listed.contains("\"reason\":\"flood\""), "{listed}");
    play(&mut world, &good, 1);
    // The flooder is heard again when he has been quiet for a while.
    let end = world.now_ms() + 15_000;
    while world.now_ms() < end {
        drop(world.run_until(end));
    }
    assert_eq!(strike(&mut world, 1, request(20_000)).0, 1);
}

#[test]
fn a_script_that_refuses_a_flood_by_silence_sees_a_sample_of_it() {
    let _alone = alone();
    let text = "# Silence\n\n```kamailio\nloadmodule \"counters.so\"\nloadmodule \"sl.so\"\nlisten=udp:127.0.0.1:5060\n\
                request_route {\n\tif (method == \"INVITE\") { exit; }\n\tsl_send_reply(\"200\", \"OK\");\n}\n```\n\n```sip\n\
                alice -> OPTIONS sip:example.test\nalice <- 200\n```\n";
    let scenario = Scenario::parse(Path::new("silence.md"), text).expect("a scenario");
    let places = Player::<Simulated>::places(&scenario);
    let mut world = Simulated::start(&scenario, &places, 1).expect("a server");
    (0..10_000).for_each(|number| assert_eq!(strike(&mut world, 1, request(number)).0, 0));
    let shed = world.rpc("cnt.get", vec!["core".into(), "shed_datagrams".into()]);
    // Each worker reads 256 before it is sure, and one in 16 then.
    let shed: u32 = shed.expect("a counter").parse().expect("a number");
    assert!((8000..=9135).contains(&shed), "{shed}");
    // Another source is answered meanwhile, and this one as soon as it is quiet.
    let options = |number| Bytes::from(message(number, "OPTIONS", ""));
    assert_eq!(strike(&mut world, 2, options(10_000)).0, 1);
    let end = world.now_ms() + 300;
    while world.now_ms() < end {
        drop(world.run_until(end));
    }
    assert_eq!(strike(&mut world, 1, options(10_001)).0, 1);
}

fn request(number: u32) -> Bytes {
    Bytes::from(message(number, "INVITE", ""))
}

/// Waves of spoofed packets.
fn flood(sources: u32) {
    let _alone = alone();
    let good = scenario();
    let places = Player::<Simulated>::places(&good);
    let mut world = Simulated::start(&good, &places, 1).expect("a server");
    play(&mut world, &good, WAVES);
    let (before, mut most) = (HEAP.allocated(), 0);
    let (mut asked, mut answered) = ((0, 0), (0, 0));
    for wave in 0..WAVES {
        let first = sources / WAVES * wave;
        for number in first..first + sources / WAVES {
            for packet in packets(number) {
                asked = (asked.0 + 1, asked.1 + packet.len());
                let (datagrams, octets) = strike(&mut world, number, packet);
                answered = (answered.0 + datagrams, answered.1 + octets);
            }
        }
        most = most.max(HEAP.allocated());
        play(&mut world, &good, wave);
    }
    assert!(answered.0 <= asked.0, "{answered:?} for {asked:?}");
    assert!(answered.1 <= 3 * asked.1, "{answered:?} for {asked:?}");
    let (grown, allowed) = (most.saturating_sub(before), PRICES.map(|(_, price)| price));
    let allowed = allowed.iter().sum();
    println!("{sources} sources: {grown} octets more, {allowed} allowed");
    assert!(grown <= allowed, "{grown} octets more: {PRICES:?}");
    // Nothing of it is a transaction.
    let end = world.now_ms() + 600_000;
    while world.now_ms() < end {
        drop(world.run_until(end));
    }
    assert_eq!(world.transactions(), 0);
    let lines = world.log();
    assert!(lines.len() <= LINES * WAVES as usize, "{}", lines.len());
    let left_out = |line: &String| line.contains(" more lines like those of ");
    assert!(lines.iter().any(left_out), "nothing left out");
}

/// Nothing else allocates meanwhile.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a packet from a source of its own; answers datagrams and octets that went back.
fn strike(world: &mut Simulated, number: u32, packet: Bytes) -> (usize, usize) {
    let from = SocketAddr::new(Ipv4Addr::from_bits(0x0a00_0000 | number).into(), 5060);
    let server = "127.0.0.1:5060".parse().expect("an address");
    let back = world.strike(from, server, packet).expect("a socket");
    assert!(back.0 <= 2, "{number}: {back:?}");
    back
}

/// What a source sends: one packet, but every sixth scanner goes on until he is banned.
fn packets(number: u32) -> impl Iterator<Item = Bytes> {
    let stubborn = number as usize % (6 * KINDS.len()) == SCANNER;
    let count = if stubborn { 10 } else { 1 };
    (0..count).map(move |again| packet(number, again))
}

fn packet(number: u32, again: u32) -> Bytes {
    let more = "Authorization: Digest username=\"alice\", realm=\"example.test\", \
                nonce=\"Zm9yZ2VkZm9yZ2VkZm9yZ2VkZg\", uri=\"sip:example.test\", qop=auth, \
                nc=00000001, cnonce=\"forged\", response=\"0123456789abcdef0123456789abcdef\"\r\n";
    let kind = KINDS[number as usize % KINDS.len()];
    let text = match kind {
        "scanner" => {
            let more = format!("User-Agent: friendly-scanner {again}\r\n");
            message(number, "OPTIONS", &more)
        }
        "forged" => message(number, "REGISTER", more),
        // Nobody can check these, and a server says so in its log.
        "incomplete" => message(number, "REGISTER", &more.replace("nc=00000001, ", "")),
        "garbage" => format!("\u{1}\u{2}{number}\r\n\r\n"),
        method => message(number, method, ""),
    };
    Bytes::from(text)
}

fn message(number: u32, method: &str, more: &str) -> String {
    format!(
        "{method} sip:alice@example.test SIP/2.0\r\n\
         Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{number}\r\n\
         From: <sip:u{number}@example.test>;tag={number}\r\nTo: <sip:alice@example.test>\r\n\
         Call-ID: {number}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

/// Alice and bob register, and she calls him.
fn scenario() -> Scenario {
    let mut page = format!(
        "# Good users\n\n```kamailio\n#!define DOMAIN \"example.test\"\n\
         #!define DBURL \"sqlite:///{{db}}\"\ndebug=0\nlisten=udp:127.0.0.1:5060\n\
         include_file \"{POLICY}\"\n```\n\n```sip\n"
    );
    for name in ["alice", "bob"] {
        let hash = sip::digest::Hash::Md5;
        let ha1 = sip::digest::ha1(hash, name.as_bytes(), b"example.test", b"secret");
        let ha1 = ha1.as_str();
        // Writing into a text cannot fail.
        let _ = writeln!(
            page,
            "db subscriber username={name} domain=example.test ha1={ha1}"
        );
    }
    for name in ["alice", "bob"] {
        let _ = writeln!(
            page,
            "{name}.r -> REGISTER sip:example.test\n    From: <sip:{name}@example.test>;tag={{branch}}\n    \
             To: <sip:{name}@example.test>\n    Contact: <sip:{name}@127.0.0.1:{}>\n{name}.r <- 401\n\
             {name}.r -> REGISTER with digest {name}:secret\n{name}.r <- 200",
            if name == "alice" { 5071 } else { 5072 },
        );
    }
    page.push_str(
        "alice -> INVITE sip:bob@example.test\n    From: <sip:alice@example.test>;tag={branch}\nalice <- 407\n\
         alice -> ACK\nalice -> INVITE with digest alice:secret\nalice <- 100\nbob <- INVITE\n\
         bob -> 486\nbob <- ACK\nalice <- 486\nalice -> ACK\n```\n",
    );
    Scenario::parse(Path::new("play.md"), &page).expect("a scenario")
}

/// `number` makes Call-IDs and branches.
fn play(world: &mut Simulated, scenario: &Scenario, number: u32) {
    Player::play(world, scenario, number.into()).unwrap_or_else(|failure| panic!("{failure}"));
}
