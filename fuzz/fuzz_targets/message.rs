#![no_main]
//! A message from any octets: parsed, asked for everything, edited, rendered, parsed again.

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sip::build::{Reply, ack, cancel};
use sip::{Edits, HeaderId, Limits, Message, Span};

fuzz_target!(|data: &[u8]| {
    let Ok(message) = Message::parse(Bytes::copy_from_slice(data), &Limits::default()) else { return };
    interrogate(&message);
    assert_clean(&message.bytes()[..message.headers_end()]);
    let rendered = render(&message, &Edits::new());
    assert_eq!(rendered, message.bytes()[..]);
    let again = Message::parse(rendered.into(), &Limits::default()).expect("what is sent parses");
    assert!(again.headers().eq(message.headers()));
    edit(&message, data);
    build(&message);
});

fn interrogate(message: &Message) {
    let inside = |span: Span| assert!(span.start <= span.end && span.end as usize <= message.bytes().len());
    for header in message.headers() {
        inside(header.span);
        inside(header.value_span);
        assert!(message.named(header.name).any(|other| other.span == header.span));
        message.addresses(header.id).flatten().for_each(|address| inside(address.span));
    }
    message.vias().flatten().for_each(|via| inside(via.span));
    let _ = (message.check(), message.method(), message.call_id(), message.max_forwards(), message.expires());
    let _ = (message.from().map(|a| inside(a.span)), message.to().map(|a| inside(a.span)));
    let _ = message.contacts().filter(Result::is_ok).count();
    let _ = message.credentials(HeaderId::Authorization).filter(Result::is_ok).count();
}

/// Edits at places that the data chooses.
fn edit(message: &Message, data: &[u8]) {
    let mut edits = Edits::new();
    let span = message.headers_end() - message.headers_start() + 1;
    for piece in data.chunks_exact(3).take(8) {
        let start = message.headers_start() + usize::from(piece[0]) % span;
        let end = start + usize::from(piece[1] % 16);
        edits.replace(Span::from(start..end), Bytes::copy_from_slice(&piece[1..]));
    }
    edits.note_source("192.0.2.1".parse().ok(), Some(5060));
    edits.set_body("12345", None).expect("clean");
    let rendered = render(message, &edits);
    assert_clean(&rendered[..rendered.len() - 7]);
}

fn build(message: &Message) {
    let reply = Reply::new(message, 400, "Bad Request").expect("clean").to_tag("t").expect("clean");
    let reply = reply.note_source("192.0.2.1".parse().ok(), Some(5060)).to_bytes();
    let reply = Message::parse(reply, &Limits { header_bytes: u16::MAX, ..Limits::default() });
    if let Ok(reply) = reply {
        assert_eq!(reply.status(), Some(400));
        let _ = (ack(message, &reply, b""), cancel(message, b""));
    }
}

fn render(message: &Message, edits: &Edits) -> Vec<u8> {
    let mut out = Vec::new();
    edits.render(message, &mut out);
    out
}

/// Start line and headers: CR and LF only as pairs, no empty line, no bare NUL.
fn assert_clean(head: &[u8]) {
    for (at, &byte) in head.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(head.get(at + 1), Some(&b'\n')),
            b'\n' => assert!(at > 0 && head[at - 1] == b'\r' && head.get(at + 1) != Some(&b'\r')),
            0 => assert!(at > 0 && head[at - 1] == b'\\'),
            _ => {}
        }
    }
}
