//! How long one INVITE takes, beside httparse on the same lines: `cargo bench -p ringwall-sip`.
//!
//! The budget is 2.1 times httparse for parse and index with validation.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use bytes::Bytes;
use sip::{Edits, Limits, Message};
use std::hint::black_box;
use std::time::Instant;

/// 886 octets, as a desk phone sends them.
const INVITE: &str = include_str!("invite.sip");

fn main() {
    let sip = Bytes::from_static(INVITE.as_bytes());
    let http = INVITE.replacen("SIP/2.0\r\n", "HTTP/1.1\r\n", 1);
    let limits = Limits::default();
    let valid = Message::parse(sip.clone(), &limits).map(|message| message.check());
    assert_eq!((sip.len(), valid), (886, Ok(Ok(()))));
    for _ in 0..3 {
        let base = ns_each("httparse", || {
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut request = httparse::Request::new(&mut headers);
            black_box(request.parse(black_box(http.as_bytes())).is_ok());
        });
        let parse = ns_each("parse", || {
            black_box(Message::parse(black_box(sip.clone()), &limits).is_ok());
        });
        println!("  {:.2} x httparse", parse / base);
    }
    ns_each("parse and check", || {
        let message = Message::parse(black_box(sip.clone()), &limits).expect("valid");
        black_box(message.check().is_ok());
    });
    let message = Message::parse(sip.clone(), &limits).expect("valid");
    let mut out = Vec::with_capacity(2048);
    ns_each("render a proxied branch", || {
        let mut edits = Edits::new();
        edits
            .set_via(Bytes::from_static(b"SIP/2.0/UDP p;branch=z9hG4bKx"))
            .expect("clean");
        edits
            .add_record_route(Bytes::from_static(b"<sip:p;lr>"))
            .expect("clean");
        edits.note_source("192.0.2.1".parse().ok(), Some(5060));
        out.clear();
        edits.render(black_box(&message), &mut out);
    });
}

fn ns_each(name: &str, mut work: impl FnMut()) -> f64 {
    const ROUNDS: u32 = 300_000;
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            (0..ROUNDS).for_each(|_| work());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
        })
        .fold(f64::INFINITY, f64::min);
    println!("{name}: {best:.0} ns");
    best
}
