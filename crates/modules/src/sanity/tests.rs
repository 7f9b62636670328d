use crate::testing::{Ran, run};
use policy::Effect;

const BASE: &str = "INVITE sip:bob@ex.a SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\n\
    From: <sip:alice@ex.a>;tag=f1\nTo: <sip:bob@ex.a>\nCall-ID: c\nCSeq: 1 INVITE\nContent-Length: 0\n\n";

fn checked(mask: &str, old: &str, new: &str, params: &str) -> Ran {
    assert!(BASE.contains(old), "{old}");
    let script =
        format!("loadmodule \"sanity\"\n{params}request_route {{ sanity_check({mask}); rc(); }}");
    run(&script, &BASE.replacen(old, new, 1))
}

const USUAL: &str = "\"17895\", \"7\"";

type Reply = Option<(u16, &'static str)>;

/// Mask, what is changed in a sane request, the reply of Kamailio 5.6.3 (none: the checks pass).
const CASES: [(&str, &str, &str, Reply); 46] = [
    (USUAL, "x", "x", None),
    (
        USUAL,
        "1 INVITE",
        "1 ACK",
        Some((400, "CSeq method does not match request method")),
    ),
    (
        USUAL,
        "1 INVITE",
        "1 BYE",
        Some((400, "CSeq method does not match request method")),
    ),
    (
        USUAL,
        "1 INVITE",
        "1 FOO",
        Some((400, "CSeq method does not match request method")),
    ),
    (
        USUAL,
        "1 INVITE",
        "-1 INVITE",
        Some((400, "CSeq number is illegal")),
    ),
    (
        USUAL,
        "1 INVITE",
        "1x INVITE",
        Some((400, "CSeq number is illegal")),
    ),
    (USUAL, "1 INVITE", "2147483648 INVITE", None),
    (
        USUAL,
        "1 INVITE",
        "4294967296 INVITE",
        Some((400, "CSeq number is illegal")),
    ),
    (
        USUAL,
        "Length: 0",
        "Length: 10",
        Some((400, "Content-Length mis-match")),
    ),
    (
        USUAL,
        "Length: 0",
        "Length: x",
        Some((400, "Content-Length mis-match")),
    ),
    (
        USUAL,
        "CSeq",
        "Expires: x\nCSeq",
        Some((400, "Expires value is illegal")),
    ),
    (
        USUAL,
        "CSeq",
        "Expires: -1\nCSeq",
        Some((400, "Expires value is illegal")),
    ),
    (
        USUAL,
        "CSeq",
        "Expires: 12x\nCSeq",
        Some((400, "Expires value is illegal")),
    ),
    (
        USUAL,
        "CSeq",
        "Expires: 4294967296\nCSeq",
        Some((400, "Expires value is illegal")),
    ),
    (
        USUAL,
        "CSeq",
        "Expires:\nCSeq",
        Some((400, "Bad Expires Header")),
    ),
    (USUAL, "CSeq", "Expires: 3600\nCSeq", None),
    ("512", "CSeq", "Proxy-Require: foo, bar\nCSeq", None),
    (
        "512",
        "CSeq",
        "Proxy-Require: baz, bar,path\nCSeq",
        Some((420, "Bad Proxy Require Extension")),
    ),
    (USUAL, "CSeq", "Proxy-Require: baz\nCSeq", None),
    (
        USUAL,
        "INVITE sip:bob",
        "INVITE http:bob",
        Some((400, "Bad Request URI")),
    ),
    (USUAL, "INVITE sip:bob@ex.a", "INVITE tel:+123", None),
    (USUAL, "INVITE sip:bob@ex.a", "INVITE urn:service:sos", None),
    (
        USUAL,
        "INVITE sip:bob@ex.a",
        "INVITE mailto:a@b",
        Some((400, "Bad Request URI")),
    ),
    (
        USUAL,
        "INVITE sip:bob@ex.a",
        "INVITE sip:bob@ex.a:99x",
        Some((400, "Bad Request URI")),
    ),
    (
        USUAL,
        "INVITE sip:bob@ex.a",
        "INVITE sip:",
        Some((400, "Bad Request URI")),
    ),
    (
        USUAL,
        "<sip:alice@ex.a>;tag=f1",
        "<sip:alice@>;tag=f1",
        Some((400, "Invalid From Header")),
    ),
    (
        USUAL,
        "<sip:alice@ex.a>;tag=f1",
        "foo",
        Some((400, "Invalid From Header")),
    ),
    (
        USUAL,
        "<sip:alice@ex.a>;tag=f1",
        "\"al <sip:a@b>",
        Some((400, "Invalid From Header")),
    ),
    (
        USUAL,
        "<sip:alice@ex.a>;tag=f1",
        "<http://foo>;tag=f1",
        Some((400, "Invalid From Header")),
    ),
    (
        USUAL,
        "<sip:bob@ex.a>",
        "<sip:bob@:99999999>",
        Some((400, "Ivalid To Header")),
    ),
    (
        USUAL,
        "To: <sip:bob@ex.a>",
        "To: foo",
        Some((400, "Ivalid To Header")),
    ),
    (USUAL, "CSeq", "Contact: <sip:a@b:xx>\nCSeq", None),
    (
        "1024, 15",
        "CSeq",
        "Contact: <sip:a@b:xx>\nCSeq",
        Some((400, "Bad Contact URI")),
    ),
    (
        "1024, 15",
        "CSeq",
        "Contact: <sip:a@b>,<sip:a@b:xx>\nCSeq",
        Some((400, "Bad Contact URI")),
    ),
    (
        "1024, 15",
        "CSeq",
        "Contact: <sip:a@b\nCSeq",
        Some((400, "Bad Contact Header")),
    ),
    (
        USUAL,
        "To: <sip:bob@ex.a>\n",
        "",
        Some((400, "Missing Required Header in Request")),
    ),
    (
        "2048",
        "CSeq",
        "Authorization: Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"sip:x\", response=\"0\"\nCSeq",
        None,
    ),
    (
        "2048",
        "CSeq",
        "Authorization: Digest username=\"a\", realm=\"b\"\nCSeq",
        Some((400, "Bad Auth Credentials")),
    ),
    (
        "2048",
        "CSeq",
        "Proxy-Authorization: Digest username=\"a\"\nCSeq",
        Some((400, "Bad Auth Credentials")),
    ),
    (
        "2048",
        "CSeq",
        "Authorization: Digest xx\nCSeq",
        Some((400, "Bad Auth Header")),
    ),
    (
        "8192",
        "CSeq",
        "Authorization: Digest username=\"a\", realm=\"b\"\nCSeq",
        Some((400, "Bad Auth Credentials")),
    ),
    ("8192", "CSeq", "Authorization: Basic abc\nCSeq", None),
    (
        "4096",
        "tag=f1",
        "tag=f1;tag=f2",
        Some((400, "Many From Tag Params")),
    ),
    (
        "4096",
        "To: <sip:bob@ex.a>",
        "To: <sip:bob@ex.a>;tag=1;tag=2",
        Some((400, "Many To Tag Params")),
    ),
    (USUAL, "tag=f1", "tag=f1;tag=f2", None),
    (
        "16384",
        "UDP 127.0.0.1:5062;",
        "UDP ;",
        Some((400, "Bad Via Header")),
    ),
];

#[test]
fn every_check_has_its_reply() {
    let params = "modparam(\"sanity\", \"proxy_require\", \"foo, bar\")\n";
    for (mask, old, new, expected) in CASES {
        let ran = checked(mask, old, new, params);
        let replied = match &ran.effect {
            Some(Effect::Reply(reply)) => Some((
                reply.code,
                String::from_utf8_lossy(&reply.reason).into_owned(),
            )),
            _ => None,
        };
        assert_eq!(
            replied,
            expected.map(|(code, reason)| (code, reason.to_owned())),
            "{mask} {new}"
        );
        assert_eq!(
            ran.codes,
            if expected.is_none() { vec![1] } else { vec![] },
            "{mask} {new}"
        );
    }
}

#[test]
fn the_tag_that_is_not_supported_is_named() {
    let ran = checked("512", "CSeq", "Proxy-Require: path,gruu\nCSeq", "");
    assert_eq!(ran.context.reply_lines, b"Unsupported: path\r\n");
}

#[test]
fn an_ack_and_another_scheme_get_no_reply() {
    let script = "loadmodule \"sanity\"\nmodparam(\"sanity\", \"autodrop\", 0)\nrequest_route { sanity_check(\"17895\"); rc(); }";
    let ran = run(script, &BASE.replacen("INVITE", "ACK", 1));
    assert_eq!((ran.codes, ran.effect.is_none()), (vec![-1], true));
    let ran = checked(
        "2048",
        "CSeq",
        "Authorization: Basic abc\nCSeq",
        "modparam(\"sanity\", \"autodrop\", 0)\n",
    );
    assert_eq!((ran.codes, ran.effect.is_none()), (vec![-1], true));
}

#[test]
fn autodrop_ends_the_script_and_noreply_keeps_the_reply() {
    let params = "modparam(\"sanity\", \"noreply\", 1)\n";
    let ran = checked(USUAL, "1 INVITE", "1 BYE", params);
    assert!(ran.effect.is_none() && ran.codes.is_empty());
    assert_eq!(ran.end.map(|end| end.kind), Some(script::EndKind::Exit));
    let script = "loadmodule \"sanity\"\nmodparam(\"sanity\", \"noreply\", 1)\nmodparam(\"sanity\", \"autodrop\", 0)\n\
        request_route { sanity_reply(); rc(); sanity_check(\"17895\", 7); rc(); sanity_reply(); }";
    let ran = run(script, &BASE.replacen("1 INVITE", "1 BYE", 1));
    assert_eq!(ran.codes, [-1, -1]);
    assert!(
        matches!(ran.effect, Some(Effect::Reply(reply)) if reply.reason.starts_with(b"CSeq method"))
    );
}

#[test]
fn the_default_checks_are_kamailios() {
    let ran = checked("", "CSeq", "Proxy-Require: baz\nCSeq", "");
    assert!(matches!(ran.effect, Some(Effect::Reply(reply)) if reply.code == 420));
}
