//! Path headers against what Kamailio 5.6.3 was seen to write.

use crate::testing::{Bench, run};
use bytes::Bytes;

const REGISTER: &str = "REGISTER sip:example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKa\n\
    From: <sip:a@example.test>;tag=a\nTo: <sip:a@example.test>\nCall-ID: c1\nCSeq: 1 REGISTER\nContact: <sip:a@1.1.1.1>\n\n";

fn paths(params: &str, call: &str, message: &str) -> Vec<String> {
    let ran = run(
        &format!("loadmodule \"path\"\n{params}request_route {{ {call}; rc(); }}"),
        message,
    );
    let lines = ran.sent.lines().filter(|line| line.starts_with("Path: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn paths_are_written_as_kamailio_writes_them() {
    let cases = [
        ("", "add_path()", vec!["Path: <sip:127.0.0.1;lr>"]),
        (
            "",
            "add_path(\"joe\")",
            vec!["Path: <sip:joe@127.0.0.1;lr>"],
        ),
        (
            "",
            "add_path(\"joe\", \"ob;x=y\")",
            vec!["Path: <sip:joe@127.0.0.1;lr;ob;x=y>"],
        ),
        (
            "",
            "add_path_received()",
            vec!["Path: <sip:127.0.0.1;lr;received=sip:127.0.0.1:5062>"],
        ),
        (
            "",
            "add_path_received(\"u\", \"p=1\")",
            vec!["Path: <sip:u@127.0.0.1;lr;received=sip:127.0.0.1:5062;p=1>"],
        ),
        (
            "modparam(\"path\", \"received_format\", 1)\nmodparam(\"path\", \"received_name\", \"rcv\")\n",
            "add_path_received()",
            vec!["Path: <sip:127.0.0.1;lr;rcv=127.0.0.1~5062~1>"],
        ),
        (
            "modparam(\"path\", \"enable_r2\", 1)\n",
            "add_path_received(\"u\")",
            vec!["Path: <sip:u@127.0.0.1;lr;received=sip:127.0.0.1:5062;r2=on>"; 2],
        ),
    ];
    for (params, call, expected) in cases {
        assert_eq!(paths(params, call, REGISTER), expected, "{call}");
    }
}

#[test]
fn ours_stands_above_those_that_are_there() {
    let message = REGISTER.replace("\n\n", "\nPath: <sip:9.9.9.9;lr>\n\n");
    assert_eq!(
        paths("", "add_path()", &message),
        ["Path: <sip:127.0.0.1;lr>", "Path: <sip:9.9.9.9;lr>"]
    );
}

#[test]
fn a_user_that_would_end_the_uri_is_refused() {
    let ran = run(
        "loadmodule \"path\"\nrequest_route { add_path(\"a>b\"); rc(); }",
        REGISTER,
    );
    assert_eq!(ran.codes, [-1]);
}

#[test]
fn the_source_in_our_route_is_the_next_hop() {
    let script = "loadmodule \"rr\"\nloadmodule \"path\"\nmodparam(\"path\", \"use_received\", 1)\n\
                  request_route { loose_route(); rc(); }";
    let invite = |route: &str| {
        let line = format!("Route: <sip:127.0.0.1:5060;lr;{route}>\n\n");
        REGISTER
            .replace("REGISTER sip:example.test", "INVITE sip:a@1.1.1.1")
            .replace("1 REGISTER", "1 INVITE")
            .replace("\n\n", &format!("\n{line}"))
    };
    let bench = Bench::new(script);
    let hop = |route: &str| bench.run(&invite(route)).context.target.dst_uri;
    assert_eq!(
        hop("received=sip:9.9.9.9:99%3Btransport%3Dtcp"),
        Some(Bytes::from("sip:9.9.9.9:99;transport=tcp"))
    );
    assert_eq!(
        hop("received=9.9.9.9~99~2"),
        Some(Bytes::from("sip:9.9.9.9:99;transport=tcp"))
    );
    assert_eq!(hop("received=sip:evil.test"), None);
    assert_eq!(hop("x=y"), None);
}
