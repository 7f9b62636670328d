use super::{Defects, Message, Violation};
use crate::{ContactValue, HeaderError, HeaderId, Limits, Method, ParseError, Rewritten};
use bytes::Bytes;

fn try_parse(text: impl AsRef<[u8]>) -> Result<Message, ParseError> {
    Message::parse(Bytes::copy_from_slice(text.as_ref()), &Limits::default())
}

fn parse(text: impl AsRef<[u8]>) -> Message {
    try_parse(text).expect("parses")
}

const INVITE: &str = "INVITE sip:bob@biloxi.com SIP/2.0\r\n\
Via: SIP/2.0/UDP pc33;branch=z9hG4bK1, SIP/2.0/TCP b\r\nv: SIP/2.0/TLS c\r\n\
To: Bob <sip:bob@biloxi.com>\r\nf: Alice <sip:alice@a.com>;tag=19\r\n\
i: a84b4@pc33\r\nCSeq: 31 INVITE\r\nMax-Forwards: 70\r\nX-One: 1\r\nm: *\r\n\
Subject: a\r\n\tb\r\nx-ONE:\r\n 2 \r\nRoute: <sip:r1;lr>,<sip:r2>\r\nRoute: <sip:r3>\r\n\
Expires: 3600\r\nContent-Length: 4\r\n\r\nbodyand more";

#[test]
fn the_parts_of_a_request() {
    let m = parse(INVITE);
    assert!(m.is_request() && m.is_version_2());
    assert_eq!(
        (m.method(), m.method_bytes()),
        (Method::Invite, &b"INVITE"[..])
    );
    assert_eq!(
        (m.request_uri(), m.status(), m.reason()),
        (&b"sip:bob@biloxi.com"[..], None, &b""[..])
    );
    assert_eq!(m.body(), b"body");
    assert_eq!(m.bytes().len(), INVITE.len() - "and more".len());
    assert_eq!(m.defects(), Defects::default());
    assert_eq!(m.check(), Ok(()));
    assert_eq!(m.headers().len(), 15);
}

#[test]
fn the_parts_of_a_reply() {
    let m = parse("SIP/2.0 183 In  Progress\r\nCSeq: 4 BYE\r\n\r\n");
    assert_eq!(
        (m.status(), m.reason(), m.method()),
        (Some(183), &b"In  Progress"[..], Method::Bye)
    );
    assert_eq!((m.request_uri(), m.method_bytes()), (&b""[..], &b"BYE"[..]));
    for line in ["SIP/2.0 100 ", "SIP/2.0 100"] {
        assert_eq!(parse(format!("{line}\r\n\r\n")).reason(), b"");
    }
}

#[test]
fn headers_by_name() {
    let m = parse(INVITE);
    let values = |name: &[u8]| m.named(name).map(|h| h.value.to_vec()).collect::<Vec<_>>();
    assert_eq!(values(b"X-one"), [b"1", b"2"]);
    assert_eq!(values(b"VIA").len(), 2);
    assert_eq!(values(b"s"), [b"a\r\n\tb"]);
    assert!(values(b"None").is_empty());
    let to = m.header(HeaderId::To).expect("there");
    assert_eq!(to.span.of(m.bytes()), b"To: Bob <sip:bob@biloxi.com>\r\n");
    assert_eq!(to.value_span.of(m.bytes()), to.value);
    assert!(m.is_repeated(HeaderId::Via) && !m.is_repeated(HeaderId::To));
    assert!(m.header(HeaderId::Other).is_some() && m.header(HeaderId::Path).is_none());
}

#[test]
fn typed_values() {
    let m = parse(INVITE);
    for _ in 0..2 {
        assert_eq!(
            m.from().map(|a| (a.display, a.uri, a.tag())),
            Ok((&b"Alice"[..], &b"sip:alice@a.com"[..], Some(&b"19"[..])))
        );
        assert_eq!(
            m.to().map(|a| a.span.of(m.bytes())),
            Ok(&b"Bob <sip:bob@biloxi.com>"[..])
        );
        assert_eq!(
            m.cseq().map(|c| (c.number, c.method)),
            Ok((31, Method::Invite))
        );
        assert_eq!(
            m.top_via().map(|v| (v.host, v.branch)),
            Ok((&b"pc33"[..], Some(&b"z9hG4bK1"[..])))
        );
        assert_eq!(m.top_via(), m.vias().next().expect("one"));
    }
    let hosts: Vec<_> = m
        .vias()
        .map(|via| via.expect("valid").host.to_vec())
        .collect();
    assert_eq!(hosts, [&b"pc33"[..], b"b", b"c"]);
    let routes: Vec<_> = m.routes().map(|r| r.expect("valid").uri.to_vec()).collect();
    assert_eq!(routes, [&b"sip:r1;lr"[..], b"sip:r2", b"sip:r3"]);
    assert_eq!(m.contacts().collect::<Vec<_>>(), [Ok(ContactValue::Star)]);
    assert_eq!(
        (m.max_forwards(), m.expires()),
        (Ok(Some(70)), Ok(Some(3600)))
    );
    assert_eq!(
        (m.call_id(), m.content_type()),
        (Ok(&b"a84b4@pc33"[..]), None)
    );
}

#[test]
fn missing_and_bad_values() {
    let m = parse(
        "A sip:x SIP/2.0\r\nMax-Forwards: 256\r\nExpires: -1\r\nCall-ID: a b\r\nMin-SE: 99999999999\r\n\r\n",
    );
    assert_eq!(
        (m.from().err(), m.top_via().err()),
        (Some(HeaderError::Missing), Some(HeaderError::Missing))
    );
    assert_eq!(
        (m.max_forwards(), m.expires()),
        (Err(HeaderError::Range), Err(HeaderError::Malformed))
    );
    assert_eq!(
        (m.call_id(), m.number_of(HeaderId::MinSe)),
        (Err(HeaderError::Malformed), Err(HeaderError::Range))
    );
}

#[test]
fn slices_share_the_buffer() {
    let m = parse(INVITE);
    let call_id = m.slice_of(m.call_id().expect("there"));
    assert_eq!(call_id.as_ptr(), m.call_id().expect("there").as_ptr());
    assert_eq!(m.slice_of(b"elsewhere"), &b"elsewhere"[..]);
}

#[test]
fn odd_spelling_becomes_canonical() {
    let canonical = "A sip:x SIP/2.0\r\nX-One: 1\r\n 2\r\nY: 3\r\n\r\n\nbody\r";
    for text in [
        canonical,
        "\r\n\r\nA sip:x SIP/2.0\r\nX-One: 1\r\n 2\r\nY: 3\r\n\r\n\nbody\r",
        "A sip:x SIP/2.0\nX-One: 1\n 2\nY: 3\n\n\nbody\r",
        "A sip:x SIP/2.0\r\nX-One \t: 1\r\n 2\r\nY: 3\r\n\r\n\nbody\r",
        "A sip:x SIP/2.0\r\nX-One: 1\r\n \t\r\n 2\r\nY: 3\r\n\r\n\nbody\r",
        "A sip:x SIP/2.0\r\nX-One: 1\n 2\r\nY: 3\r\n\n\nbody\r",
    ] {
        let m = parse(text);
        assert_eq!(m.bytes(), canonical.as_bytes(), "{text:?}");
        assert_eq!(m.defects(), Defects::default(), "{text:?}");
    }
}

#[test]
fn what_is_more_than_spelling_is_noted() {
    let defects = |text: &str| {
        let m = parse(text);
        assert!(m.check().is_err(), "{text:?}");
        let d = m.defects();
        (
            String::from_utf8_lossy(m.bytes()).into_owned(),
            [d.octets, d.truncated, d.start_line],
        )
    };
    for (text, expect, flags) in [
        (
            "A sip:x SIP/2.0\r\nX: a\0b\r\n\r\n",
            "A sip:x SIP/2.0\r\nX: a?b\r\n\r\n",
            [true, false, false],
        ),
        (
            "A sip:x SIP/2.0\r\nX: a\rb\r\n\r\n",
            "A sip:x SIP/2.0\r\nX: a?b\r\n\r\n",
            [true, false, false],
        ),
        (
            "A sip:x SIP/2.0\r\nX: a\r\n",
            "A sip:x SIP/2.0\r\nX: a\r\n\r\n",
            [false, true, false],
        ),
        (
            "A sip:x SIP/2.0\r\nX: a",
            "A sip:x SIP/2.0\r\nX: a\r\n\r\n",
            [false, true, false],
        ),
        (
            "A  sip:x  SIP/2.0 \r\n\r\n",
            "A sip:x SIP/2.0\r\n\r\n",
            [false, false, true],
        ),
        (
            "A  sip:x SIP/2.0\r\n\r\n",
            "A sip:x SIP/2.0\r\n\r\n",
            [false, false, true],
        ),
        (
            "A sip:x SIP/2.0  \r\n\r\n",
            "A sip:x SIP/2.0\r\n\r\n",
            [false, false, true],
        ),
        (
            "A sip:x SIP/2.0",
            "A sip:x SIP/2.0\r\n\r\n",
            [false, true, false],
        ),
    ] {
        assert_eq!(defects(text), (expect.to_string(), flags), "{text:?}");
    }
}

/// RFC 4475 section 3.1.1.2 has a NUL as a quoted pair.
#[test]
fn a_quoted_nul_is_not_bare() {
    let text = "A sip:x SIP/2.0\r\nX: \"a\\\0\r\n \\\0\"\r\nY: 1\r\n\r\n";
    let m = parse(text);
    assert_eq!((m.bytes(), m.defects().octets), (&Bytes::from(text), false));
    assert_eq!(m.headers().len(), 2);
    for text in [
        "X: \\\0",
        "X: \"\\\\\0\"",
        "X: \"a\" \\\0",
        "X: \"\\\\\"\\\0",
    ] {
        assert!(
            parse(format!("A sip:x SIP/2.0\r\n{text}\r\n\r\n"))
                .defects()
                .octets,
            "{text:?}"
        );
    }
}

#[test]
fn no_message() {
    for (text, error) in [
        ("", ParseError::Empty),
        ("\r\n\r\n", ParseError::Empty),
        ("x", ParseError::NotSip),
        ("GET / HTTP/1.1\r\n\r\n", ParseError::NotSip),
        ("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", ParseError::NotSip),
        ("INVITE sip:x\r\n\r\n", ParseError::NotSip),
        ("INVITE\tsip:x\tSIP/2.0\r\n\r\n", ParseError::NotSip),
        ("INVITE SIP/2.0\r\n\r\n", ParseError::NotSip),
        ("IN(VITE sip:x SIP/2.0\r\n\r\n", ParseError::NotSip),
        ("\u{16}\u{3}\u{1}", ParseError::NotSip),
        ("SIP/2.0 4294967301 x\r\n\r\n", ParseError::StatusCode),
        ("SIP/2.0 099 x\r\n\r\n", ParseError::StatusCode),
        ("SIP/2.0 -10 x\r\n\r\n", ParseError::StatusCode),
        ("SIP/2.0 700 x\r\n\r\n", ParseError::StatusCode),
        ("SIP/2.0\r\n\r\n", ParseError::NotSip),
        (
            "A sip:x SIP/2.0\r\nno colon\r\n\r\n",
            ParseError::HeaderName,
        ),
        ("A sip:x SIP/2.0\r\n: x\r\n\r\n", ParseError::HeaderName),
        ("A sip:x SIP/2.0\r\n : x\r\n\r\n", ParseError::HeaderName),
        (
            "A sip:x SIP/2.0\r\nX\u{b}: x\r\n\r\n",
            ParseError::HeaderName,
        ),
        ("A sip:x SIP/2.0\r\nX\0: x\r\n\r\n", ParseError::HeaderName),
        (
            "A sip:x SIP/2.0\r\nX\u{a0}: x\r\n\r\n",
            ParseError::HeaderName,
        ),
        (
            "A sip:x SIP/2.0\r\nX\r\n : x\r\n\r\n",
            ParseError::HeaderName,
        ),
        ("A sip:x SIP/2.0\n\rX: x\r\n\r\n", ParseError::HeaderName),
    ] {
        assert_eq!(
            try_parse(text).map(|m| m.bytes().clone()),
            Err(error),
            "{text:?}"
        );
    }
}

#[test]
fn every_bound_holds() {
    let with = |line: &str, times: usize| format!("A sip:x SIP/2.0\r\n{}\r\n", line.repeat(times));
    let tight = Limits {
        headers: 3,
        vias: 2,
        header_line_bytes: 20,
        start_line_bytes: 16,
        message_bytes: 200,
        ..Limits::default()
    };
    let tight = |text: String| Message::parse(text.into(), &tight).map(|_| ());
    assert_eq!(tight(with("X: 1\r\n", 3)), Ok(()));
    assert_eq!(tight(with("X: 1\r\n", 4)), Err(ParseError::TooManyHeaders));
    assert_eq!(tight(with("v: 1\r\n", 3)), Err(ParseError::TooManyVias));
    assert_eq!(tight(with("v: 1,2,3\r\n", 1)), Err(ParseError::TooManyVias));
    assert_eq!(
        tight(with("X: 1234567890123456789\r\n", 1)),
        Err(ParseError::HeaderTooLong)
    );
    assert_eq!(
        tight(with("X: 1\r\n", 1).replace("sip:x", "sip:xxx")),
        Err(ParseError::StartLineTooLong)
    );
    assert_eq!(tight("A".repeat(201)), Err(ParseError::MessageTooLong));
    assert_eq!(
        try_parse(with(&format!("{}: 1\r\n", "X".repeat(256)), 1)).err(),
        Some(ParseError::HeaderTooLong)
    );
    let small = Limits {
        header_bytes: 40,
        ..Limits::default()
    };
    let small = |text: String| Message::parse(text.into(), &small).map(|_| ());
    assert_eq!(small(with("X: 1\r\n", 3)), Ok(()));
    assert_eq!(small(with("X: 1\r\n", 4)), Err(ParseError::HeadersTooLong));
    assert_eq!(small(with("X: 1\r\n", 3) + &"b".repeat(100)), Ok(()));
    assert_eq!(small(with("X: 1\n", 5)), Err(ParseError::HeadersTooLong));
    let strict = Limits {
        bare_lf: false,
        ..Limits::default()
    };
    assert_eq!(
        Message::parse("A sip:x SIP/2.0\nX: 1\r\n\r\n".into(), &strict).err(),
        Some(ParseError::BareLf)
    );
}

#[test]
fn content_length_in_doubt_cuts_nothing() {
    let length = |lines: &str| {
        let m = parse(format!("A sip:x SIP/2.0\r\n{lines}\r\nbody"));
        (m.declared_content_length(), m.body().len())
    };
    assert_eq!(length(""), (Ok(None), 4));
    assert_eq!(length("l: 2\r\n"), (Ok(Some(2)), 2));
    assert_eq!(length("Content-Length : 0002\r\n"), (Ok(Some(2)), 2));
    assert_eq!(length("l: 5\r\n"), (Ok(Some(5)), 4));
    assert_eq!(
        length("l: 2\r\nContent-Length: 2\r\n"),
        (Err(HeaderError::Duplicate), 4)
    );
    assert_eq!(length("l: 4294967298\r\n"), (Err(HeaderError::Range), 4));
    for bad in ["-1", "+2", "0x2", "2,2", "2 2", "", "\u{b}2"] {
        assert_eq!(
            length(&format!("l: {bad}\r\n")),
            (Err(HeaderError::Malformed), 4),
            "{bad}"
        );
    }
}

#[test]
fn violations() {
    let valid = INVITE.replace("and more", "");
    for (from, to, status, reason) in [
        (
            "SIP/2.0\r\nVia",
            "SIP/7.0\r\nVia",
            505,
            "Version Not Supported",
        ),
        (
            "f: Alice <sip:alice@a.com>;tag=19\r\n",
            "",
            400,
            "Missing From Header",
        ),
        (
            "To: Bob <sip:bob@biloxi.com>\r\n",
            "",
            400,
            "Missing To Header",
        ),
        ("i: a84b4@pc33\r\n", "", 400, "Missing Call-ID Header"),
        ("CSeq: 31 INVITE\r\n", "", 400, "Missing CSeq Header"),
        ("To: B", "t: <sip:z>\r\nTo: B", 400, "Multiple To Headers"),
        ("X-One: 1", "From: <sip:a>", 400, "Multiple From Headers"),
        ("X-One: 1", "Call-ID: x", 400, "Multiple Call-ID Headers"),
        ("X-One: 1", "CSeq: 31 INVITE", 400, "Multiple CSeq Headers"),
        (
            "X-One: 1",
            "Max-Forwards: 1",
            400,
            "Multiple Max-Forwards Headers",
        ),
        ("X-One: 1", "l: 4", 400, "Multiple Content-Length Headers"),
        ("Via: SIP", "X: SIP", 400, "Bad Via Header"),
        ("UDP pc33;", "UDP ;", 400, "Bad Via Header"),
        ("TCP b", "TCP ;", 400, "Bad Via Header"),
        ("Alice <", "\"Alice <", 400, "Bad From Header"),
        (";tag=19", ";tag=", 400, "Bad From Header"),
        (";tag=19", ";tag=1;tag=2", 400, "Bad From Header"),
        ("<sip:alice@a.com>", "<sip:@a.com>", 400, "Bad From Header"),
        ("Bob <", "< ", 400, "Bad To Header"),
        ("a84b4@pc33", "a84b4 pc33", 400, "Bad Call-ID Header"),
        ("31 INVITE", "x INVITE", 400, "Bad CSeq Header"),
        (
            "31 INVITE",
            "2147483648 INVITE",
            400,
            "CSeq Number Out of Range",
        ),
        ("31 INVITE", "31 OPTIONS", 400, "CSeq Method Mismatch"),
        (
            "Length: 4",
            "Length: 5",
            400,
            "Content-Length Larger Than Message",
        ),
        ("Length: 4", "Length: -4", 400, "Bad Content-Length Header"),
        (
            "INVITE sip:bob@biloxi.com",
            "INVITE soap.beep://h:1",
            416,
            "Unsupported URI Scheme",
        ),
        (
            "INVITE sip:bob@biloxi.com",
            "INVITE <sip:bob@biloxi.com>",
            400,
            "Bad Request-URI",
        ),
        (
            "INVITE sip:bob@biloxi.com",
            "INVITE sip:bob@biloxi.com; lr",
            400,
            "Bad Request-URI",
        ),
        (
            "INVITE sip:bob@biloxi.com",
            "INVITE sip:h?Route=x",
            400,
            "Headers in Request-URI",
        ),
    ] {
        let text = valid.replacen(from, to, 1);
        let expect = match (from, reason) {
            // The second Via line is left, and well-formed.
            ("Via: SIP", _) => Ok(()),
            _ => Err(Violation { status, reason }),
        };
        assert_eq!(parse(&text).check(), expect, "{from:?} -> {to:?}");
        // Made of one that passed, it is refused all the same.
        let former = parse(INVITE);
        assert_eq!(former.check(), Ok(()));
        assert_eq!(
            parse(&text).check_again(&former, &Rewritten::default()),
            expect,
            "{from:?} -> {to:?}"
        );
    }
    assert_eq!(
        parse("A sip:x SIP/2.0\r\nf: <sip:a>\r\nt: <sip:a>\r\ni: 1\r\nCSeq: 1 A\r\n\r\n")
            .check()
            .map_err(|v| v.reason),
        Err("Missing Via Header")
    );
}

#[test]
fn of_sound_values_the_request_uri_and_open_quotes_are_checked() {
    let former = parse(INVITE);
    assert_eq!(former.check(), Ok(()));
    let made = Rewritten::default().of_sound_values();
    let checked = |from: &str, to: &str| {
        let again = parse(INVITE.replacen(from, to, 1)).check_again(&former, &made);
        again.map_err(|violation| violation.reason)
    };
    assert_eq!(checked("sip:bob@biloxi.com", "sip:bob@10.0.0.1"), Ok(()));
    let uri = "INVITE sip:bob@biloxi.com";
    assert_eq!(
        checked(uri, "INVITE nobody:knows"),
        Err("Unsupported URI Scheme")
    );
    assert_eq!(
        checked(uri, "INVITE sip:h?Route=x"),
        Err("Headers in Request-URI")
    );
    assert_eq!(checked(";branch=", ";x=\",branch="), Err("Bad Via Header"));
}

#[test]
fn tags_and_branch_are_those_of_the_whole_values() {
    let text = |from: &str, to: &str| {
        parse(format!(
            "BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: {from}\r\nTo: {to}\r\n\r\n"
        ))
    };
    let request = text("<sip:a@b>;tag=1", "\"B\" <sip:b@[::1]>;x;tag=2");
    assert_eq!(request.from_tag(), Ok(&b"1"[..]));
    assert_eq!(
        (request.to_tag(), request.has_to_tag()),
        (Ok(&b"2"[..]), true)
    );
    assert_eq!(request.top_branch(), Ok(Some(&b"z9hG4bKx"[..])));
    let request = text("sip:a", "<sip:b");
    assert_eq!(request.from_tag(), Ok(&b""[..]));
    assert_eq!(
        (request.to_tag(), request.has_to_tag()),
        (Err(HeaderError::Malformed), false)
    );
}
