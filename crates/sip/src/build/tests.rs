use super::{Reply, Request, ack, cancel, header_lines};
use crate::{Injection, Limits, Message};
use bytes::Bytes;

fn message(text: impl Into<Bytes>) -> Message {
    Message::parse(text.into(), &Limits::default()).expect("parses")
}

fn text(bytes: Bytes) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const OPTIONS: &str = "OPTIONS sip:h SIP/2.0\r\nTo: <sip:x@y>\r\nRecord-Route: <sip:r;lr>\r\n\
CSeq: 1 OPTIONS\r\nv: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa;rport\r\nVia: SIP/2.0/TCP b\r\n\
Max-Forwards: 70\r\ni: abc\r\nFrom : <sip:a@b>;tag=1\r\nContent-Length: 0\r\n\r\n";

/// The reply that Kamailio 5.6.3 sends to that request.
#[test]
fn a_reply_looks_as_kamailios() -> Result<(), Injection> {
    let request = message(OPTIONS);
    let reply = Reply::new(&request, 200, "OK")?
        .to_tag("78c1")?
        .note_source("127.0.0.1".parse().ok(), Some(25993))
        .record_routes()
        .header("Server", "ringwall")?;
    assert_eq!(
        text(reply.to_bytes()),
        "SIP/2.0 200 OK\r\nTo: <sip:x@y>;tag=78c1\r\nRecord-Route: <sip:r;lr>\r\n\
CSeq: 1 OPTIONS\r\nv: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa;rport=25993;received=127.0.0.1\r\n\
Via: SIP/2.0/TCP b\r\ni: abc\r\nFrom: <sip:a@b>;tag=1\r\nServer: ringwall\r\n\
Content-Length: 0\r\n\r\n"
    );
    let parsed = message(reply.to_bytes());
    assert_eq!(parsed.check(), Ok(()));
    Ok(())
}

#[test]
fn a_tag_that_is_there_stays() -> Result<(), Injection> {
    let request = message(OPTIONS.replace("<sip:x@y>", "<sip:x@y>;tag=theirs"));
    let reply = text(
        Reply::new(&request, 481, "Gone")?
            .to_tag("ours")?
            .to_bytes(),
    );
    assert!(reply.contains("To: <sip:x@y>;tag=theirs\r\n") && !reply.contains("Record-Route"));
    Ok(())
}

#[test]
fn a_body_comes_with_type_and_length() -> Result<(), Injection> {
    let request = message(OPTIONS);
    let reply = text(
        Reply::new(&request, 200, "OK")?
            .body("a/b", "xyz")?
            .to_bytes(),
    );
    assert!(reply.ends_with("Content-Type: a/b\r\nContent-Length: 3\r\n\r\nxyz"));
    Ok(())
}

#[test]
fn nothing_breaks_out_of_its_header() {
    let request = message(OPTIONS);
    let reply = || Reply::new(&request, 200, "OK").expect("clean");
    assert!(Reply::new(&request, 200, "OK\r\nX: 1").is_err());
    assert!(Reply::new(&request, 99, "OK").is_err());
    assert!(reply().to_tag("a;b").is_err());
    assert!(reply().header("X", "a\r\nY: b").is_err());
    assert!(reply().header("X: 1\r\nY", "b").is_err());
    assert!(reply().body("a\nb", "").is_err());
    for lines in [
        "X: 1",
        "X: 1\n",
        "X\r\n",
        "\r\n",
        "X : 1\r\n",
        "X: a\rb\r\n",
        ": 1\r\n",
    ] {
        assert!(reply().lines(lines).is_err(), "{lines:?}");
    }
    assert!(Request::new("IN VITE", "sip:a").is_err());
    assert!(Request::new("INVITE", "sip:a\r\nX: 1").is_err());
}

const INVITE: &str = "INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKp, SIP/2.0/UDP q\r\n\
Via: SIP/2.0/UDP r\r\nRoute: <sip:r1>\r\nRoute: <sip:r2>\r\nf: <sip:a@b>;tag=1\r\nt: <sip:x@y>\r\n\
i: abc\r\nCSeq: 7 INVITE\r\nContact: <sip:a>\r\nl: 0\r\n\r\n";

#[test]
fn ack_and_cancel_follow_the_invite() {
    let sent = message(INVITE);
    let reply = message(
        INVITE
            .replace("INVITE sip:x@y SIP/2.0", "SIP/2.0 486 Busy")
            .replace("<sip:x@y>", "<sip:x@y>;tag=2"),
    );
    let head = |method: &str, to: &str| {
        format!(
            "{method} sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKp\r\nFrom: <sip:a@b>;tag=1\r\n\
To: {to}\r\nCall-ID: abc\r\nCSeq: 7 {method}\r\nRoute: <sip:r1>\r\nRoute: <sip:r2>\r\nMax-Forwards: 70\r\n"
        )
    };
    let acked = text(ack(&sent, &reply, b"X: y\r\n").expect("complete"));
    assert_eq!(
        acked,
        head("ACK", "<sip:x@y>;tag=2") + "X: y\r\nContent-Length: 0\r\n\r\n"
    );
    let cancelled = text(cancel(&sent, b"Reason: SIP;cause=200\r\n").expect("complete"));
    let expect = head("CANCEL", "<sip:x@y>") + "Reason: SIP;cause=200\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(cancelled, expect);
    assert!(cancel(&sent, b"no header").is_err());
    assert!(ack(&message("INVITE sip:x SIP/2.0\r\n\r\n"), &reply, b"").is_err());
}

#[test]
fn a_request_of_our_own() -> Result<(), Injection> {
    let request = Request::new("OPTIONS", "sip:h")?
        .header("Call-ID", "1")?
        .cseq(5)
        .lines("A: 1\r\nB: 2\r\n")?;
    let expect = "OPTIONS sip:h SIP/2.0\r\nCall-ID: 1\r\nCSeq: 5 OPTIONS\r\nA: 1\r\nB: 2\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(text(request.to_bytes()), expect);
    Ok(())
}

#[test]
fn header_lines_are_whole_lines_or_none() {
    for (text, lines) in [
        ("A: 1\r\n", "A: 1\r\n"),
        ("A: 1", "A: 1\r\n"),
        ("A: 1\n", "A: 1\r\n"),
        ("A: 1\nB:2\r\n", "A: 1\r\nB:2\r\n"),
    ] {
        assert_eq!(
            header_lines(text.as_bytes()).as_deref(),
            Ok(lines.as_ref()),
            "{text:?}"
        );
    }
    let broken = [
        "",
        "\r\n",
        "A: 1\r\nb",
        "A: 1\r\n\r\n",
        "A: 1\r\n b: 2",
        "A: 1\rB: 2",
        "A B: 1",
        "A: \0",
    ];
    for text in broken {
        assert_eq!(header_lines(text.as_bytes()), Err(Injection), "{text:?}");
    }
}
