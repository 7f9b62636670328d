#![no_main]
//! A byte stream, whole and cut: the same events, and what comes out as a message is one.

use libfuzzer_sys::fuzz_target;
use stack::framing::{Event, Framer};
use stack::{Instant, Limits};

fuzz_target!(|data: &[u8]| {
    let Some((cut, stream)) = data.split_first() else { return };
    let (accept_no_length, cut) = (cut & 128 != 0, usize::from(cut & 127) + 1);
    let whole = events(stream, stream.len().max(1), accept_no_length);
    assert_eq!(whole, events(stream, cut, accept_no_length));
    assert_eq!(whole, events(stream, 1, accept_no_length));
    whole.iter().for_each(check);
});

fn events(stream: &[u8], cut: usize, accept_no_length: bool) -> Vec<Event> {
    let mut framer = Framer::new(&Limits::default(), accept_no_length);
    let mut events = Vec::new();
    for piece in stream.chunks(cut) {
        framer.feed(piece);
        events.extend(std::iter::from_fn(|| framer.next_event(Instant::ZERO)));
    }
    events
}

/// The parser must see the body that the framer did, or requests can be smuggled.
fn check(event: &Event) {
    let Event::Message(bytes) = event else { return };
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head") + 4;
    if let Ok(message) = sip::Message::parse(bytes.clone(), &sip::Limits::default()) {
        assert_eq!(message.body(), &bytes[end..]);
    }
}
