use super::Edits;
use crate::{HeaderId, Limits, Message, Span};
use bytes::Bytes;

const REQUEST: &str = "MESSAGE sip:x SIP/2.0\r\nTo: <sip:x@y>\r\nX-S: orig\r\n\
v: SIP/2.0/UDP 127.0.0.1:9;foo;rport;branch=z9hG4bKb, SIP/2.0/UDP h\r\ni: abc\r\nl: 2\r\n\r\nhi";

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).expect("parses")
}

fn rendered(message: &Message, edits: &Edits) -> String {
    let mut out = Vec::new();
    edits.render(message, &mut out);
    String::from_utf8(out).expect("text")
}

/// What comes out of `REQUEST` after `edit`.
fn edited(edit: impl FnOnce(&Message, &mut Edits)) -> String {
    let message = message(REQUEST);
    let mut edits = Edits::new();
    edit(&message, &mut edits);
    rendered(&message, &edits)
}

#[test]
fn nothing_edited_is_nothing_changed() {
    assert_eq!(edited(|_, _| {}), REQUEST);
    assert!(Edits::new().is_empty());
}

/// The order Kamailio 5.6.3 sends.
#[test]
fn a_forwarded_request_looks_as_kamailios() {
    let out = edited(|m, e| {
        e.insert_header(m, "X-I1: 1\r\n");
        e.insert_header(m, "X-I2: 2\r\n");
        e.reserve_record_route();
        e.append_header(m, "X-A1: 1\r\n");
        e.append_header(m, "X-A2: 2");
        e.insert_header(m, "X-I3: 3\r\n");
        e.replace(
            m.named(b"x-s").next().expect("there").span,
            "X-S: changed\r\n",
        );
        e.add_record_route("<sip:p;lr>").expect("clean");
        e.set_via("SIP/2.0/UDP p;branch=z9hG4bKn").expect("clean");
        e.set_request_uri("sip:z").expect("clean");
        e.note_source("127.0.0.1".parse().ok(), Some(77));
    });
    assert_eq!(
        out,
        "MESSAGE sip:z SIP/2.0\r\nX-I1: 1\r\nX-I2: 2\r\nRecord-Route: <sip:p;lr>\r\nX-I3: 3\r\n\
To: <sip:x@y>\r\nX-S: changed\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKn\r\n\
v: SIP/2.0/UDP 127.0.0.1:9;received=127.0.0.1;foo;rport=77;branch=z9hG4bKb, SIP/2.0/UDP h\r\n\
i: abc\r\nl: 2\r\nX-A1: 1\r\nX-A2: 2\r\n\r\nhi"
    );
}

#[test]
fn a_source_that_the_peer_made_up_goes() {
    let text = REQUEST.replace(";rport;", " ; received=6.6.6.6 ;x=1;");
    let message = message(&text);
    let mut edits = Edits::new();
    edits.note_source("::1".parse().ok(), Some(5));
    let out = rendered(&message, &edits);
    assert!(
        out.contains("127.0.0.1:9;received=::1;rport=5;foo  ;x=1;branch"),
        "{out}"
    );
}

#[test]
fn the_top_via_goes_alone() {
    let out = edited(|_, e| e.drop_top_via());
    assert!(out.contains("\r\nv: SIP/2.0/UDP h\r\n"), "{out}");
    let single = message("SIP/2.0 200 OK\r\nVia: a\r\nVia: b\r\n\r\n");
    let mut edits = Edits::new();
    edits.drop_top_via();
    assert_eq!(
        rendered(&single, &edits),
        "SIP/2.0 200 OK\r\nVia: b\r\n\r\n"
    );
}

#[test]
fn a_route_set_goes_before_the_first_route_or_last() {
    let add = |m: &Message| {
        let mut edits = Edits::new();
        edits.set_route_set("<sip:r>").expect("clean");
        rendered(m, &edits)
    };
    let with = message("A sip:x SIP/2.0\r\nA: 1\r\nRoute: <sip:q>\r\nB: 2\r\n\r\n");
    assert!(add(&with).contains("A: 1\r\nRoute: <sip:r>\r\nRoute: <sip:q>\r\n"));
    assert!(add(&message(REQUEST)).contains("l: 2\r\nRoute: <sip:r>\r\n\r\nhi"));
}

#[test]
fn content_length_follows_the_body() {
    let body = |text: &'static str, kind: Option<&'static str>| {
        edited(|_, e| e.set_body(text, kind.map(Bytes::from)).expect("clean"))
    };
    assert!(body("hello", None).ends_with("l: 5\r\n\r\nhello"));
    assert!(body("x", Some("a/b")).ends_with("l: 1\r\nContent-Type: a/b\r\n\r\nx"));
    assert!(body("", None).ends_with("l: 0\r\n\r\n"));
    let piecewise = edited(|m, e| e.insert(m.body_offset() + 1, "-"));
    assert!(piecewise.ends_with("l: 3\r\n\r\nh-i"), "{piecewise}");
    assert_eq!(edited(|_, e| e.ensure_content_length()), REQUEST);
    let removed = edited(|m, e| {
        e.remove_headers(m, b"content-length");
        e.ensure_content_length();
    });
    assert!(
        removed.ends_with("i: abc\r\nContent-Length: 2\r\n\r\nhi"),
        "{removed}"
    );
}

#[test]
fn an_emptied_body_has_no_type() {
    let typed = message("A sip:x SIP/2.0\r\nc: a/b\r\nl: 1\r\n\r\nx");
    let mut edits = Edits::new();
    edits.set_body("", None).expect("clean");
    assert_eq!(rendered(&typed, &edits), "A sip:x SIP/2.0\r\nl: 0\r\n\r\n");
}

#[test]
fn removals_overlap_and_swallow_what_is_inside() {
    let text = "A sip:x SIP/2.0\r\nX: 0123456789\r\n\r\n";
    let m = message(text);
    let at = m.headers_start() + 3;
    let span = |from: usize, to: usize| Span::from(at + from..at + to);
    let mut edits = Edits::new();
    edits.remove(span(2, 5));
    edits.insert(at + 3, "gone");
    edits.remove(span(4, 7));
    edits.insert_before(span(2, 5), "[");
    edits.insert_after(span(4, 7), "]");
    edits.remove(span(3, 4));
    assert_eq!(
        rendered(&m, &edits),
        "A sip:x SIP/2.0\r\nX: 01[]789\r\n\r\n"
    );
}

#[test]
fn no_edit_breaks_the_header_section() {
    let out = edited(|m, e| {
        e.append_header(m, "X-A: a\rb\0c\nX-B: d\r\n\r\n");
        e.replace(m.header(HeaderId::To).expect("there").span, "\r\n \r\n");
        let call_id = m.header(HeaderId::CallId).expect("there").span;
        e.remove(Span::new(call_id.start, call_id.end - 2));
    });
    assert!(
        out.ends_with("l: 2\r\nX-A: a?b?c\r\nX-B: d\r\n\r\nhi"),
        "{out}"
    );
    assert!(
        out.starts_with("MESSAGE sip:x SIP/2.0\r\nX-S: orig\r\nv: "),
        "{out}"
    );
}

#[test]
fn slots_refuse_line_breaks() {
    let mut edits = Edits::new();
    assert!(edits.set_via("a\r\nX: 1").is_err());
    assert!(edits.add_record_route("a\n").is_err());
    assert!(edits.set_route_set("a\0").is_err());
    assert!(edits.set_request_uri("sip:a b").is_err());
    assert!(edits.set_request_uri("").is_err());
    assert!(edits.set_status(99, "x").is_err());
    assert!(edits.set_status(200, "x\n").is_err());
    assert!(edits.set_body("", Some(Bytes::from("a\n"))).is_err());
    assert!(edits.is_empty());
}

#[test]
fn a_reply_takes_another_status() {
    let reply = message("SIP/2.0 180 Ringing\r\nVia: a\r\n\r\n");
    let mut edits = Edits::new();
    edits.set_status(183, "Progress").expect("clean");
    edits.set_request_uri("sip:ignored").expect("clean");
    assert_eq!(
        rendered(&reply, &edits),
        "SIP/2.0 183 Progress\r\nVia: a\r\n\r\n"
    );
}
