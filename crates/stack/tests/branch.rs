//! Our branch parameter: it comes back whole, cannot be made up, and tells loops from spirals.

use std::net::IpAddr;

use bytes::Bytes;
use proptest::prelude::*;
use sip::{Message, Method};
use stack::Transport;
use stack::branch::{
    Branch, Brancher, DEFAULT_MAX_BREADTH, Decoded, Matched, StatelessFields, Token, shares,
};
use stack::reply::{Return, SentBy};
use stack::table::TxId;

fn brancher() -> Brancher {
    Brancher::new([[1; 16], [2; 16], [3; 16]])
}

fn message(text: &str) -> Message {
    let text = text.replace('\n', "\r\n") + "\r\n";
    Message::parse(Bytes::from(text), &sip::Limits::default()).expect("parses")
}

fn request(uri: &str, lines: &str) -> Message {
    message(&format!(
        "INVITE {uri} SIP/2.0\n{lines}Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKup\n\
         From: <sip:a@a>;tag=from\nTo: <sip:b@b>\nCall-ID: call\nCSeq: 7 INVITE\n"
    ))
}

fn source(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn loop_part(uri: &str, lines: &str, from: &str) -> u32 {
    brancher()
        .loop_part(&request(uri, lines), source(from))
        .expect("complete")
}

#[test]
fn a_branch_is_a_token_with_the_cookie() {
    let branch = Branch {
        id: TxId {
            hash: u64::MAX,
            label: 0,
        },
        index: 3,
        loop_part: 9,
    };
    let token = brancher().encode(&branch);
    let text = std::str::from_utf8(token.as_bytes()).expect("text");
    assert!(text.starts_with("z9hG4bK") && text.len() <= 43, "{text}");
    assert!(
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
        "{text}"
    );
}

proptest! {
    #[test]
    fn a_branch_comes_back_whole(hash: u64, label: u32, index: u16, loop_part: u32) {
        let branch = Branch { id: TxId { hash, label }, index, loop_part };
        let token = brancher().encode(&branch);
        prop_assert_eq!(brancher().decode(token.as_bytes()), Some(Decoded::Transaction(branch)));
        prop_assert_eq!(Brancher::new([[9; 16]; 3]).decode(token.as_bytes()), None);
    }

    #[test]
    fn a_changed_character_is_noticed(hash: u64, label: u32, at in 8usize..43, to in "[A-Za-z0-9_-]") {
        let token = brancher().encode(&Branch { id: TxId { hash, label }, index: 0, loop_part: 0 });
        let mut text = token.as_bytes().to_vec();
        prop_assume!(text[at] != to.as_bytes()[0]);
        text[at] = to.as_bytes()[0];
        prop_assert_eq!(brancher().decode(&text), None);
    }

    #[test]
    fn foreign_branches_are_not_ours(text in prop::collection::vec(any::<u8>(), 0..60)) {
        prop_assert_eq!(brancher().decode(&text), None);
        let ours = [b"z9hG4bKt".as_slice(), &text].concat();
        prop_assert_eq!(brancher().decode(&ours), None);
    }
}

/// Matches the reply to a request forwarded without state, with `second` as the Via below ours.
fn stateless(second: &str, call_id: &str, cseq: &str) -> bool {
    let request = request("sip:b@b", "");
    let via = request.top_via().expect("a Via");
    let from = "198.51.100.1:4000".parse().expect("an address");
    let way_back = Return::of(&SentBy::of(&via, Transport::Udp), from, true);
    let fields = StatelessFields::of_request(&request, &way_back).expect("complete");
    let reply = reply(
        &brancher().encode_stateless(&fields, 5),
        "us",
        second,
        call_id,
        cseq,
    );
    brancher().match_reply(&reply, is_own) == Matched::Stateless
}

fn reply(token: &Token, host: &str, second: &str, call_id: &str, cseq: &str) -> Message {
    let branch = String::from_utf8_lossy(token.as_bytes()).into_owned();
    message(&format!(
        "SIP/2.0 200 OK\nVia: SIP/2.0/UDP {host};branch={branch}\nVia: {second}\n\
         From: <sip:a@a>;tag=from\nTo: <sip:b@b>;tag=to\nCall-ID: {call_id}\nCSeq: {cseq}\n"
    ))
}

fn is_own(via: &sip::Via<'_>) -> bool {
    via.host == b"us"
}

#[test]
fn a_reply_finds_its_branch_only_with_our_via_on_top() {
    let branch = Branch {
        id: TxId { hash: 1, label: 2 },
        index: 3,
        loop_part: 4,
    };
    let token = brancher().encode(&branch);
    let matched = |host: &str, cseq: &str| {
        let reply = reply(
            &token,
            host,
            "SIP/2.0/UDP up;branch=z9hG4bKup",
            "call",
            cseq,
        );
        brancher().match_reply(&reply, is_own)
    };
    assert_eq!(
        matched("us", "7 INVITE"),
        Matched::Transaction(branch, Method::Invite)
    );
    assert_eq!(
        matched("us", "7 CANCEL"),
        Matched::Transaction(branch, Method::Cancel)
    );
    assert_eq!(matched("them", "7 INVITE"), Matched::Nothing);
    assert_eq!(matched("us", "nonsense"), Matched::Nothing);
}

#[test]
fn a_stateless_reply_goes_only_where_its_request_came_from() {
    let good = "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKup;rport=4000;received=198.51.100.1";
    assert!(stateless(good, "call", "7 INVITE"));
    assert!(
        stateless(good, "call", "7 ACK"),
        "ACK and CANCEL share the branch of their INVITE"
    );
    assert!(!stateless(good, "other", "7 INVITE"));
    assert!(!stateless(good, "call", "8 INVITE"));
    for victim in [
        "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKup;rport=4000;received=203.0.113.9",
        "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKup;rport=53;received=198.51.100.1",
        "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKup",
        "SIP/2.0/UDP 203.0.113.9:5070;branch=z9hG4bKup;rport=4000;received=198.51.100.1",
        "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKxx;rport=4000;received=198.51.100.1",
    ] {
        assert!(!stateless(victim, "call", "7 INVITE"), "{victim}");
    }
}

#[test]
fn a_loop_is_told_from_a_spiral() {
    let part = loop_part("sip:b@b", "", "192.0.2.1");
    let token = brancher().encode(&Branch {
        id: TxId { hash: 1, label: 2 },
        index: 0,
        loop_part: part,
    });
    let branch = String::from_utf8_lossy(token.as_bytes()).into_owned();
    let comes_back = |host: &str| {
        request(
            "sip:b@b",
            &format!("Via: SIP/2.0/UDP {host};branch={branch}\n"),
        )
    };
    let is_loop = |host: &str, part| brancher().is_loop(&comes_back(host), || Some(part), is_own);
    assert!(is_loop("us", part));
    assert!(!is_loop("them", part), "only Vias of our own count");
    let list = "them;branch=z9hG4bKq, SIP/2.0/UDP us";
    assert!(is_loop(list, part), "also behind others in one line");
    for (uri, lines, from) in [
        ("sip:c@b", "", "192.0.2.1"),
        ("sip:b@b", "Route: <sip:us;lr>\n", "192.0.2.1"),
        ("sip:b@b", "", "192.0.2.2"),
    ] {
        assert!(
            !is_loop("us", loop_part(uri, lines, from)),
            "{uri} {lines} {from}"
        );
    }
    assert_eq!(
        part,
        loop_part("sip:b@b", "X: y\n", "::ffff:192.0.2.1"),
        "the rest does not count"
    );
}

#[test]
fn breadth_is_shared_out() {
    let share = |breadth, branches| shares(breadth, branches).map(Iterator::collect::<Vec<u32>>);
    assert_eq!(share(DEFAULT_MAX_BREADTH, 4), Some(vec![15, 15, 15, 15]));
    assert_eq!(share(10, 3), Some(vec![4, 3, 3]));
    assert_eq!(share(2, 2), Some(vec![1, 1]));
    assert_eq!(share(1, 2), None);
    assert_eq!(share(0, 1), None);
    assert_eq!(share(0, 0), Some(vec![]));
}
