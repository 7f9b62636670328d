//! What the corpus cannot show: edits of the message, time, shared variables, counters.

use crate::testing;

const REQUEST: &str = "INVITE sip:bob@b.example SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\n\
    From: \"Alice\" <sip:alice@a.example>;tag=1\nTo: sip:bob@b.example\nCall-ID: c\nCSeq: 1 INVITE\n\
    Content-Length: 0\n\n";

fn sent(statements: &str) -> String {
    testing::run(
        &format!("loadmodule \"pv.so\"\nrequest_route {{ {statements} }}"),
        REQUEST,
    )
    .sent
}

fn noted(statements: &str) -> Vec<String> {
    testing::run(
        &format!("loadmodule \"pv.so\"\nrequest_route {{ {statements} }}"),
        REQUEST,
    )
    .notes
}

#[test]
fn from_and_to_change_in_what_is_sent() {
    for (statements, line) in [
        (
            "$fu = \"sip:x@y.example\";",
            "From: \"Alice\" <sip:x@y.example>;tag=1\r\n",
        ),
        (
            "$fu = \"sip:one@y.example\"; $fu = \"sip:two@y.example\";",
            "From: \"Alice\" <sip:two@y.example>;tag=1\r\n",
        ),
        (
            "$fU = \"neo\";",
            "From: \"Alice\" <sip:neo@a.example>;tag=1\r\n",
        ),
        (
            "$fd = \"neo.example\";",
            "From: \"Alice\" <sip:alice@neo.example>;tag=1\r\n",
        ),
        (
            "$fn = \"Neo\";",
            "From: Neo <sip:alice@a.example>;tag=1\r\n",
        ),
        ("$fn = $null;", "From: <sip:alice@a.example>;tag=1\r\n"),
        (
            "$tn = \"\\\"Bob\\\"\";",
            "To: \"Bob\" <sip:bob@b.example>\r\n",
        ),
        (
            "$fn = \"a\\r\\nX: y\";",
            "From: \"Alice\" <sip:alice@a.example>;tag=1\r\n",
        ),
        (
            "$fu = \"sip:a\\r\\nX: y@b\";",
            "From: \"Alice\" <sip:alice@a.example>;tag=1\r\n",
        ),
    ] {
        let sent = sent(statements);
        assert!(sent.contains(line), "{statements}: {sent}");
    }
}

#[test]
fn the_request_uri_refuses_what_is_none() {
    for statements in [
        "$ru = \"garbage\";",
        "$ru = \"\";",
        "$ru = \"sip:a b@c\";",
        "$rd = \"\";",
        "$rp = \"x\";",
        "$rU = \"a@b\\n\";",
    ] {
        assert!(
            sent(statements).starts_with("INVITE sip:bob@b.example SIP/2.0\r\n"),
            "{statements}"
        );
    }
    assert!(sent("$rU = \"carol\";").starts_with("INVITE sip:carol@b.example SIP/2.0\r\n"));
}

#[test]
fn time_is_that_of_the_run() {
    let notes =
        noted("note(\"$TS|$Tf|$timef(%Y-%m-%d)|$utimef(%H:%M)|$time(wday)|$time(yday)|$TV(Sn)\");");
    assert_eq!(
        notes,
        ["1795246834|Sat Nov 21 07:40:34 2026|2026-11-21|07:40|7|325|1795246834.000000"]
    );
}

#[test]
fn the_end_of_a_list_is_minus_one() {
    let notes = noted("$avp(x) = 1; $avp(x) = 2; note(\"$(avp(x)[-1]) $(hfl(Via)[-1])\");");
    assert_eq!(notes, ["1 SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"]);
}

#[test]
fn script_variables_end_with_their_message() {
    let bench = testing::Bench::new(
        "loadmodule \"pv.so\"\nrequest_route { note(\"$var(x) $shv(y)\"); $var(x) = 5; $shv(y) = 6; }",
    );
    assert_eq!(bench.run(REQUEST).notes, ["0 0"]);
    assert_eq!(bench.run(REQUEST).notes, ["0 6"]);
}

#[test]
fn shared_variables_have_commands() {
    let bench = testing::Bench::new("loadmodule \"pv.so\"\nrequest_route { note(\"$shv(y)\"); }");
    let set = bench.rpc("pv.shvSet", serde_json::json!(["y", "int", 3]));
    assert!(set.is_ok());
    assert_eq!(bench.run(REQUEST).notes, ["3"]);
    let shown = bench
        .rpc("pv.shvGet", serde_json::json!(["y"]))
        .expect("a variable");
    assert_eq!(shown["value"], 3);
    assert_eq!(
        bench
            .rpc("pv.shvGet", serde_json::json!(["none"]))
            .map_err(|error| error.code),
        Err(404)
    );
}

#[test]
fn a_reply_has_a_status_and_no_uri() {
    let reply = REQUEST
        .replace(
            "INVITE sip:bob@b.example SIP/2.0",
            "SIP/2.0 183 Session Progress",
        )
        .replace(
            "From:",
            "Via: SIP/2.0/UDP 10.0.0.2:5989;branch=z9hG4bK2\nFrom:",
        );
    let script = "loadmodule \"pv.so\"\nreply_route { note(\"$rs|$rr|$rm|$mt|$ru|$rU|$nh(u)\"); $var(x) = $rs + 1; note(\"$var(x)\"); }";
    assert_eq!(
        testing::run(script, &reply).notes,
        [
            "183|Session Progress|INVITE|2|<null>|<null>|sip:10.0.0.2:5989;transport=udp",
            "184"
        ]
    );
}
