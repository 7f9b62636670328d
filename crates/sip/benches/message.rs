//! What one message costs: `cargo bench -p ringwall-sip --bench message`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run stops")]

use bytes::Bytes;
use divan::{Bencher, black_box};
use sip::digest::{Hash, Qop, ha1, ha2, response};
use sip::{Edits, Limits, Message};

/// 886 octets, as a desk phone sends them.
const INVITE: &[u8] = include_bytes!("invite.sip");

/// As a phone answers a call that came over a proxy.
const REPLY: &[u8] = b"SIP/2.0 200 OK\r\n\
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK.0a1b2c3d4e5f6071, SIP/2.0/UDP 192.0.2.77:5999;branch=z9hG4bKnashds8\r\n\
From: \"Alice\" <sip:alice@192.0.2.77:5999>;tag=1928301774\r\n\
To: Bob <sip:bob@192.0.2.1:5060>;tag=a6c85cf\r\n\
Call-ID: a84b4c76e66710@192.0.2.77\r\n\
CSeq: 1 INVITE\r\n\
Record-Route: <sip:192.0.2.1;lr>\r\n\
Contact: <sip:bob@192.0.2.4:5060;transport=UDP>\r\n\
Content-Length: 0\r\n\r\n";

fn main() {
    divan::main();
}

fn invite() -> Message {
    Message::parse(Bytes::from_static(INVITE), &Limits::default()).expect("a valid message")
}

#[divan::bench]
fn parse(bencher: Bencher) {
    let (bytes, limits) = (Bytes::from_static(INVITE), Limits::default());
    bencher.bench(|| Message::parse(black_box(bytes.clone()), &limits));
}

#[divan::bench]
fn parse_and_check(bencher: Bencher) {
    let (bytes, limits) = (Bytes::from_static(INVITE), Limits::default());
    bencher.bench(|| {
        let message = Message::parse(black_box(bytes.clone()), &limits);
        message.map(|message| message.check().is_ok())
    });
}

/// A reply with two Vias in one line, and addresses for hosts.
#[divan::bench]
fn parse_and_check_a_reply(bencher: Bencher) {
    let (bytes, limits) = (Bytes::from_static(REPLY), Limits::default());
    bencher.bench(|| {
        let message = Message::parse(black_box(bytes.clone()), &limits);
        message.map(|message| message.check().is_ok())
    });
}

/// With a Via, a Record-Route and `received`, as a proxy sends it on.
#[divan::bench]
fn render_a_branch(bencher: Bencher) {
    let message = invite();
    let mut out = Vec::with_capacity(2048);
    bencher.bench_local(|| {
        let mut edits = Edits::new();
        let via = Bytes::from_static(b"SIP/2.0/UDP p;branch=z9hG4bKx");
        edits.set_via(via).expect("clean");
        let route = Bytes::from_static(b"<sip:p;lr>");
        edits.add_record_route(route).expect("clean");
        edits.note_source("192.0.2.1".parse().ok(), Some(5060));
        out.clear();
        edits.render(black_box(&message), &mut out);
        out.len()
    });
}

/// HA1 from a password, HA2 and the response, with qop.
#[divan::bench(args = [Hash::Md5, Hash::Sha256])]
fn digest(hash: Hash) -> bool {
    let ha1 = ha1(hash, b"alice", b"example.com", black_box(b"secret"));
    let ha2 = ha2(hash, b"REGISTER", b"sip:example.com", Some(Qop::Auth), b"");
    let protection = (&b"00000001"[..], &b"0a4f113b"[..], Qop::Auth);
    let nonce = b"dcd98b7102dd2f0e8b11d0f600bfb0c093";
    let response = response(
        hash,
        ha1.as_bytes(),
        nonce,
        Some(protection),
        ha2.as_bytes(),
    );
    sip::digest::same(
        response.as_bytes(),
        black_box(b"6629fae49393a05397450978507c4ef1"),
    )
}
