//! What one transaction, one dialog and one registered contact hold of the heap, counted by the allocator.
//!
//! `cargo test -p ringwall-sim --test memory -- --nocapture` prints the figures, which the docs of `Limits` repeat. It
//! is one test, so that nothing else allocates meanwhile.

use cap::Cap;
use policy::Proto;
use sim::{Arrival, Heard, Place, Scenario, Simulated, Way, What, World};
use std::alloc::System;
use std::net::SocketAddr;
use std::path::Path;

/// Counts what is held.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const CALLER: usize = 0;
const CALLEE: usize = 1;
/// After this time no transaction of a call is left (RFC 3261 timers B, H and J, and some).
const OVER_MS: u64 = 60_000;

const PROXY: &str = r#"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
modparam("tm", "fr_inv_timer", 300000)
modparam("tm", "fr_timer", 300000)
#EXTRA
request_route {
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }
    #FLAG
    record_route();
    $du = "sip:127.0.0.72:5072";
    t_relay();
}
"#;

const REGISTRAR: &str = r#"
loadmodule "sl.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
request_route { save("location"); }
"#;

#[test]
fn prices() {
    let transaction = transaction();
    let dialog = dialog();
    let contact = contact();
    println!(
        "bytes held: transaction {transaction}, dialog {dialog}, registered contact {contact}"
    );
    // A transaction holds the INVITE of 886 octets twice, as it came and as it was sent on.
    assert!(transaction <= 8_000, "a transaction: {transaction} bytes");
    assert!(dialog <= 3_000, "a dialog: {dialog} bytes");
    assert!(contact <= 600, "a registered contact: {contact} bytes");
}

/// An INVITE that was relayed and rings for ever.
fn transaction() -> usize {
    const COUNT: usize = 5_000;
    let mut world = world(PROXY);
    let call = |world: &mut Simulated, number: usize| {
        say(world, CALLER, &invite(number));
        listen(world, 10, |_, _, _| ());
    };
    let price = price(&mut world, COUNT, call);
    assert_eq!(world.transactions(), COUNT + WARM);
    price
}

/// A call that stands, after its transactions have gone.
fn dialog() -> usize {
    const COUNT: usize = 2_000;
    let module = "loadmodule \"dialog.so\"\nmodparam(\"dialog\", \"dlg_flag\", 4)";
    let script = PROXY.replace("#EXTRA", module);
    let mut world = world(&script.replace("#FLAG", "setflag(4);"));
    let price = price(&mut world, COUNT, |world, number| {
        say(world, CALLER, &invite(number));
        listen(world, 10, converse);
        if (number + 1).is_multiple_of(100) {
            listen(world, OVER_MS, converse);
        }
    });
    assert_eq!(world.transactions(), 0);
    let stats = world
        .rpc("dlg.stats_active", Vec::new())
        .expect("a command");
    let all = format!("\"all\":{}", COUNT + WARM);
    assert!(stats.contains(&all), "{stats} without {all}");
    price
}

/// A phone that registered.
fn contact() -> usize {
    const COUNT: usize = 20_000;
    let mut world = world(REGISTRAR);
    let price = price(&mut world, COUNT, |world, number| {
        say(world, CALLER, &register(number));
        listen(world, 10, |_, _, heard| {
            assert_eq!(heard.status(), Some(200))
        });
    });
    let dump = world
        .rpc("ul.dump", vec!["brief".into()])
        .expect("a command");
    assert_eq!(dump.matches("\"AoR\":").count(), COUNT + WARM);
    price
}

/// What is done before the count begins: tables and buffers have their first size then.
const WARM: usize = 500;

/// How much more one of them holds, on average.
fn price(world: &mut Simulated, count: usize, mut act: impl FnMut(&mut Simulated, usize)) -> usize {
    (0..WARM).for_each(|number| act(world, number));
    let before = HEAP.allocated();
    (WARM..WARM + count).for_each(|number| act(world, number));
    HEAP.allocated().saturating_sub(before) / count
}

fn world(script: &str) -> Simulated {
    let page = format!(
        "# Memory\n\n```kamailio\nlisten=udp:127.0.0.1:5060\n{script}\n```\n\n```sip\nwait 1s\n```\n"
    );
    let scenario = Scenario::parse(Path::new("memory.md"), &page).expect("a scenario");
    let place = |address: &str| Place {
        proto: Proto::Udp,
        address: address.parse().expect("an address"),
    };
    let places = [place("127.0.0.71:5071"), place("127.0.0.72:5072")];
    // With this seed nothing overtakes.
    Simulated::start(&scenario, &places, 1).unwrap_or_else(|why| panic!("{why}"))
}

fn say(world: &mut Simulated, who: usize, text: &str) {
    let way = Way {
        proto: Proto::Udp,
        to: SocketAddr::from(([127, 0, 0, 1], 5060)),
        connection: None,
    };
    let sent = world.send(who, way, text.as_bytes().to_vec());
    sent.unwrap_or_else(|why| panic!("{why}"));
}

/// Lets time pass and tells `hear` of everything that arrives.
fn listen(world: &mut Simulated, ms: u64, hear: impl Fn(&mut Simulated, usize, &Heard)) {
    let until = world.now_ms() + ms;
    while world.now_ms() < until {
        for Arrival { agent, what, .. } in world.run_until(until) {
            if let What::Octets(octets) = what {
                hear(world, agent, &Heard::new(&octets));
            }
        }
    }
}

/// The callee answers, the caller acknowledges.
fn converse(world: &mut Simulated, agent: usize, heard: &Heard) {
    let headers = |names: &[&str]| -> String {
        let kept = heard
            .headers
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        kept.map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect()
    };
    if agent == CALLEE && heard.line.starts_with("INVITE") {
        let copied = headers(&["Via", "Record-Route", "From", "Call-ID", "CSeq"]);
        let to = heard.value("To").unwrap_or_default();
        let contact = "Contact: <sip:bob@127.0.0.72:5072>\r\nContent-Length: 0\r\n\r\n";
        let reply = format!("SIP/2.0 200 OK\r\n{copied}To: {to};tag=callee\r\n{contact}");
        say(world, CALLEE, &reply);
    } else if agent == CALLER && heard.status() == Some(200) {
        let routes = headers(&["Record-Route"]).replace("Record-Route", "Route");
        let copied = headers(&["From", "To", "Call-ID"]);
        let via = "Via: SIP/2.0/UDP 127.0.0.71:5071;branch=z9hG4bKack";
        let ack = "ACK sip:bob@127.0.0.72:5072 SIP/2.0";
        let rest = "CSeq: 314159 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
        say(
            world,
            CALLER,
            &format!("{ack}\r\n{via}\r\n{routes}{copied}{rest}"),
        );
    }
}

/// The INVITE of the benchmarks, of a call of its own.
fn invite(number: usize) -> String {
    include_str!("../../sip/benches/invite.sip")
        .replace("z9hG4bKnashds8", &format!("z9hG4bK{number:07}"))
        .replace("a84b4c76e66710", &format!("a84b4c7{number:07}"))
        .replace("1928301774", &format!("192{number:07}"))
}

/// As a phone behind no NAT sends it.
fn register(number: usize) -> String {
    format!(
        "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.71:5071;branch=z9hG4bKr{number}\r\n\
         From: <sip:u{number}@example.com>;tag=r{number}\r\nTo: <sip:u{number}@example.com>\r\n\
         Call-ID: {number}-3848276298220188511@127.0.0.71\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:u{number}@127.0.0.71:5071;transport=udp>\r\nMax-Forwards: 70\r\nExpires: 3600\r\n\
         User-Agent: Example Desk Phone 1.2.3.4\r\nContent-Length: 0\r\n\r\n"
    )
}
