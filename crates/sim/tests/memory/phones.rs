//! Phones that measure a server: one that calls, one that is called, and any number over TCP.

use policy::Proto;
use sim::{Arrival, Heard, Place, Scenario, Simulated, Way, What, World};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

pub(crate) const CALLER: usize = 0;
pub(crate) const CALLEE: usize = 1;
/// The first of those over TCP.
pub(crate) const FIRST_TCP: usize = 2;
/// After this time no transaction of a call is left (RFC 3261 timers B, H and J, and some).
pub(crate) const OVER_MS: u64 = 60_000;

pub(crate) const PROXY: &str = r#"
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

pub(crate) const REGISTRAR: &str = r#"
loadmodule "sl.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
request_route { save("location"); }
"#;

/// A server, and `connections` phones over TCP beside the two.
pub(crate) fn world(script: &str, connections: u32) -> Simulated {
    let page = format!(
        "# Memory\n\n```kamailio\nlisten=udp:127.0.0.1:5060\nlisten=tcp:127.0.0.1:5060\n{script}\n```\n\n```sip\nwait 1s\n```\n"
    );
    let scenario = Scenario::parse(Path::new("memory.md"), &page).expect("a scenario");
    let place = |proto, address: &str| Place {
        proto,
        address: address.parse().expect("an address"),
    };
    let mut places = vec![
        place(Proto::Udp, "127.0.0.71:5071"),
        place(Proto::Udp, "127.0.0.72:5072"),
    ];
    places.extend((0..connections).map(|number| Place {
        proto: Proto::Tcp,
        address: (Ipv4Addr::from_bits(0x7f01_0000 + number), 5060).into(),
    }));
    // With this seed nothing overtakes.
    Simulated::start(&scenario, &places, 1).unwrap_or_else(|why| panic!("{why}"))
}

pub(crate) fn say(world: &mut Simulated, who: usize, text: &str) {
    let way = Way {
        proto: if who < FIRST_TCP {
            Proto::Udp
        } else {
            Proto::Tcp
        },
        to: SocketAddr::from(([127, 0, 0, 1], 5060)),
        connection: None,
    };
    let sent = world.send(who, way, text.as_bytes().to_vec());
    sent.unwrap_or_else(|why| panic!("{why}"));
}

/// Lets time pass and tells `hear` of everything that arrives.
pub(crate) fn listen(
    world: &mut Simulated,
    ms: u64,
    mut hear: impl FnMut(&mut Simulated, usize, &Heard),
) {
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
pub(crate) fn converse(world: &mut Simulated, agent: usize, heard: &Heard) {
    let asked = heard.line.split(' ').next().unwrap_or_default();
    if agent == CALLEE && ["INVITE", "BYE"].contains(&asked) {
        let copied = copied(heard, &["Via", "Record-Route", "From", "Call-ID", "CSeq"]);
        let to = heard.value("To").unwrap_or_default();
        let tag = if asked == "INVITE" { ";tag=callee" } else { "" };
        let contact = "Contact: <sip:bob@127.0.0.72:5072>\r\nContent-Length: 0\r\n\r\n";
        let reply = format!("SIP/2.0 200 OK\r\n{copied}To: {to}{tag}\r\n{contact}");
        say(world, CALLEE, &reply);
    } else if agent == CALLER && is_answer(heard) {
        say(world, CALLER, &within_dialog("ACK", heard));
    }
}

/// True for the 200 to an INVITE.
pub(crate) fn is_answer(heard: &Heard) -> bool {
    let cseq = heard.value("CSeq").unwrap_or_default();
    heard.status() == Some(200) && cseq.ends_with("INVITE")
}

/// The caller's request in the dialog that an answer has made: its ACK, or a BYE.
pub(crate) fn within_dialog(method: &str, answer: &Heard) -> String {
    let routes = copied(answer, &["Record-Route"]).replace("Record-Route", "Route");
    let copied = copied(answer, &["From", "To", "Call-ID"]);
    let (via, cseq) = match method {
        "ACK" => ("ack".to_owned(), 314_159),
        _ => (
            answer.value("Call-ID").unwrap_or_default().to_string(),
            314_160,
        ),
    };
    format!(
        "{method} sip:bob@127.0.0.72:5072 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.71:5071;branch=z9hG4bK{via}\r\n{routes}{copied}\
         CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

fn copied(heard: &Heard, names: &[&str]) -> String {
    let headers = heard.headers.iter();
    let kept = headers.filter(|(name, _)| names.contains(&name.as_str()));
    kept.map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect()
}

/// The INVITE of the benchmarks, of a call of its own.
pub(crate) fn invite(number: usize) -> String {
    include_str!("../../../sip/benches/invite.sip")
        .replace("z9hG4bKnashds8", &format!("z9hG4bK{number:07}"))
        .replace("a84b4c76e66710", &format!("a84b4c7{number:07}"))
        .replace("1928301774", &format!("192{number:07}"))
}

/// As a phone behind no NAT sends it.
pub(crate) fn register(number: usize) -> String {
    format!(
        "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.71:5071;branch=z9hG4bKr{number}\r\n\
         From: <sip:u{number}@example.com>;tag=r{number}\r\nTo: <sip:u{number}@example.com>\r\n\
         Call-ID: {number}-3848276298220188511@127.0.0.71\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:u{number}@127.0.0.71:5071;transport=udp>\r\nMax-Forwards: 70\r\nExpires: 3600\r\n\
         User-Agent: Example Desk Phone 1.2.3.4\r\nContent-Length: 0\r\n\r\n"
    )
}

/// As a phone asks over TCP whether the server lives.
pub(crate) fn options(number: usize) -> String {
    format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.1.0.1:5060;branch=z9hG4bKo{number}\r\n\
         From: <sip:u{number}@example.com>;tag=o{number}\r\nTo: <sip:127.0.0.1>\r\nCall-ID: o{number}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}
