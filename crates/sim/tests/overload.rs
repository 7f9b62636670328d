//! Beyond capacity: what is refused, what never is, and that what is served stays as much as before.

#[path = "hooks/server.rs"]
#[allow(dead_code, reason = "another test needs the rest")]
mod server;

#[path = "overload/crowd.rs"]
mod crowd;

use crowd::Crowd;
use server::{NoStores, Server};

const SCRIPT: &str = "loadmodule \"tm.so\"\nloadmodule \"sl.so\"\nloadmodule \"rr.so\"\nloadmodule \"pv.so\"\n\
     listen=udp:127.0.0.1:5060\n\
     request_route {\n\
     if (method == \"OPTIONS\") { sl_send_reply(\"200\", \"OK\"); exit; }\n\
     if (!loose_route()) { record_route(); $du = \"sip:127.0.0.1:5072\"; }\n\
     t_relay(); }\n";

#[test]
fn what_is_served_stays_as_much_as_at_the_peak() {
    let goodput = |factor: f64| Crowd::new(SCRIPT, factor).goodput();
    let (half, peak) = (goodput(0.5), goodput(1.0));
    assert!(half > 0.49 && peak > 0.9, "{half} {peak}");
    // Where calls that were accepted come back later, between once and twice the capacity some of it idles.
    for (factor, least) in [(1.5, 0.85), (2.0, 0.87), (3.0, 0.9)] {
        let served = goodput(factor);
        assert!(served >= least * peak, "{served} of {peak} at {factor}");
    }
}

#[test]
fn without_control_it_collapses() {
    let off: &'static str = Box::leak(format!("overload_target=0\n{SCRIPT}").into_boxed_str());
    let served = Crowd::new(off, 3.0).goodput();
    assert!(served < 0.3, "{served}");
}

#[test]
fn who_is_new_is_told_to_come_back_and_who_was_accepted_is_served() {
    let mut server = overloaded(SCRIPT, 30);
    let retry_after = refused(&mut server, &invite(1, "sip:bob@example.test", "", ""), 30);
    assert!((5..=10).contains(&retry_after.expect("a Retry-After")));
    for (uri, to, more) in [
        (
            "sip:127.0.0.1:5072",
            ";tag=b",
            "Route: <sip:127.0.0.1:5060;lr>\r\n",
        ),
        ("sip:112@example.test", "", ""),
        ("urn:service:sos.police", "", ""),
        (
            "sip:bob@example.test",
            "",
            "Proxy-Authorization: Digest username=\"a\"\r\n",
        ),
    ] {
        let request = invite(2, uri, to, more);
        assert_eq!(
            refused(&mut server, &request, 30),
            None,
            "{uri} {to} {more}"
        );
    }
    // Twice the target is too long for those who answered a challenge.
    let answered = invite(
        3,
        "sip:bob@example.test",
        "",
        "Proxy-Authorization: Digest username=\"a\"\r\n",
    );
    assert!(refused(&mut server, &answered, 40).is_some());
    assert!(refused(&mut server, &invite(4, "sip:bob@example.test", "", ""), 19).is_none());
}

#[test]
fn a_refusal_holds_what_its_sender_wrote_and_its_ack_ends_here() {
    const HIDING: &str = "loadmodule \"topoh.so\"\nmodparam(\"topoh\", \"mask_callid\", 1)\n";
    for modules in ["", HIDING] {
        let script: &'static str = Box::leak(format!("{modules}{SCRIPT}").into_boxed_str());
        let mut server = overloaded(script, 30);
        let request = invite(7, "sip:bob@example.test", "", "");
        let via = request.lines().nth(1).expect("a Via");
        server.hear_late(&request.replace(via, &format!("{via};rport")), 30);
        let answer = server.sent().remove(0);
        let tag = crowd::header(&answer, "To").split(";tag=").nth(1);
        let tag = tag.expect("a tag of ours").to_owned();
        let seconds = crowd::header(&answer, "Retry-After");
        assert_eq!(
            answer,
            format!(
                "SIP/2.0 503 Service Unavailable\r\n{via};rport=5071;received=127.0.0.1\r\n\
                 From: <sip:alice@example.test>;tag=a\r\nTo: <sip:bob@example.test>;tag={tag}\r\nCall-ID: 7\r\n\
                 CSeq: 1 INVITE\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\n\r\n"
            )
        );
        // Also once overload is over.
        server.pass(6000);
        let ack = |tag: &str| {
            let to = format!("bob@example.test>;tag={tag}\r\n");
            let text = request.replace("bob@example.test>\r\n", &to);
            text.replace("INVITE", "ACK")
        };
        server.hear(&ack(&tag));
        assert_eq!(server.sent(), Vec::<String>::new());
        server.hear(&ack(&"0".repeat(tag.len())));
        assert_eq!(server.sent().len(), 1, "the ACK of somebody else goes on");
    }
}

#[test]
fn a_retransmission_of_what_was_accepted_is_not_refused() {
    let mut server = Server::start(SCRIPT, &[], &NoStores);
    let request = invite(1, "sip:bob@example.test", "", "");
    assert_eq!(refused(&mut server, &request, 0), None);
    overload(&mut server, 30);
    assert_eq!(refused(&mut server, &request, 300), None);
    assert!(refused(&mut server, &invite(2, "sip:bob@example.test", "", ""), 300).is_some());
}

#[test]
fn other_numbers_are_emergency_calls_where_the_configuration_says_so() {
    let script = "overload_emergency=\"110 999\"\noverload_retry_after=60\n";
    let script: &'static str = Box::leak(format!("{script}{SCRIPT}").into_boxed_str());
    let mut server = overloaded(script, 30);
    assert_eq!(
        refused(&mut server, &invite(1, "sip:999@example.test", "", ""), 30),
        None
    );
    let retry_after = refused(&mut server, &invite(2, "sip:112@example.test", "", ""), 30);
    assert!((60..=120).contains(&retry_after.expect("a Retry-After")));
}

#[test]
fn it_begins_when_everything_has_waited_for_the_interval() {
    let longer: &'static str =
        Box::leak(format!("overload_interval=400\n{SCRIPT}").into_boxed_str());
    let mut server = overloaded(longer, 30);
    assert!(refused(&mut server, &invite(1, "sip:bob@example.test", "", ""), 30).is_none());
    overload(&mut server, 30);
    assert!(refused(&mut server, &invite(2, "sip:bob@example.test", "", ""), 30).is_some());
}

#[test]
fn it_ends_after_five_seconds_without_long_waits() {
    let mut server = overloaded(SCRIPT, 30);
    server.pass(4000);
    assert!(refused(&mut server, &invite(1, "sip:bob@example.test", "", ""), 30).is_some());
    server.pass(5000);
    assert!(refused(&mut server, &invite(2, "sip:bob@example.test", "", ""), 30).is_none());
}

/// A server that is beyond its capacity: everything has waited so long for an interval.
fn overloaded(script: &'static str, waited_ms: u32) -> Server {
    let mut server = Server::start(script, &[], &NoStores);
    overload(&mut server, waited_ms);
    server
}

fn overload(server: &mut Server, waited_ms: u32) {
    for _ in 0..=20 {
        server.hear_late("\r\n", waited_ms);
        server.pass(10);
    }
    server.sent();
}

/// The seconds of the Retry-After where a request that has waited is answered with 503.
fn refused(server: &mut Server, request: &str, waited_ms: u32) -> Option<u32> {
    server.hear_late(request, waited_ms);
    let sent = server.sent();
    assert!(!sent.is_empty(), "{request} comes to nothing");
    let answer = sent.iter().find(|text| text.starts_with("SIP/2.0 503"))?;
    assert_eq!(sent.len(), 1);
    let after = crowd::header(answer, "Retry-After");
    Some(after.parse().expect("seconds"))
}

fn invite(number: u32, uri: &str, to: &str, more: &str) -> String {
    format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bK{number}{}\r\n\
         From: <sip:alice@example.test>;tag=a\r\nTo: <sip:bob@example.test>{to}\r\nCall-ID: {number}\r\n\
         CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n{more}Contact: <sip:alice@127.0.0.1:5071>\r\n\
         Content-Length: 0\r\n\r\n",
        to.len() + more.len() + uri.len()
    )
}
