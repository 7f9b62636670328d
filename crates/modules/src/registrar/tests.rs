//! `save()` and `lookup()` against what Kamailio 5.6.3 was seen to answer.

use crate::testing::{Bench, Served, UNIX_MS};
use bytes::Bytes;
use policy::{AvpName, Context};
use script::Value;

const SCRIPT: &str = r#"
loadmodule "usrloc"
loadmodule "registrar"
"#;

const ROUTE: &str = r#"
request_route { if (method == "REGISTER") { save("location"); rc(); exit; } lookup("location"); rc(); }
"#;

fn bench(params: &str) -> Bench {
    Bench::new(&format!("{SCRIPT}{params}{ROUTE}"))
}

fn register(contacts: &str, cseq: u32, extra: &str) -> String {
    let contacts: String = contacts
        .lines()
        .map(|contact| format!("Contact: {contact}\n"))
        .collect();
    format!(
        "REGISTER sip:example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKa\n\
         From: <sip:alice@example.test>;tag=a\nTo: <sip:alice@example.test>\nCall-ID: c1\n\
         CSeq: {cseq} REGISTER\n{contacts}{extra}Content-Length: 0\n\n"
    )
}

fn invite(uri: &str) -> String {
    format!(
        "INVITE {uri} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKb\nFrom: <sip:x@x.test>;tag=a\n\
         To: <{uri}>\nCall-ID: i1\nCSeq: 1 INVITE\nContent-Length: 0\n\n"
    )
}

fn at(bench: &Bench, message: &str, after_s: u64) -> Served {
    let mut context = bench.context(message);
    context.now.unix_ms = UNIX_MS + after_s * 1000;
    bench.serve(context)
}

/// What a REGISTER comes to: code, header lines, return code.
fn shown(served: &Served) -> String {
    let codes = &served.ran.codes;
    let replies: Vec<String> = served
        .replies
        .iter()
        .map(|(code, reason, lines)| format!("{code} {reason}\n{}", lines.replace("\r\n", "\n")))
        .collect();
    format!("{}rc {codes:?}", replies.concat())
}

fn go(bench: &Bench, contacts: &str, cseq: u32, extra: &str) -> String {
    shown(&at(bench, &register(contacts, cseq, extra), 0))
}

#[test]
fn a_life_of_bindings() {
    let bench = bench("");
    let steps = [
        (
            "<sip:a@10.0.0.1:5070>",
            1,
            "",
            "200 OK\nContact: <sip:a@10.0.0.1:5070>;expires=3600\nrc [1]",
        ),
        (
            "\"A\" <sip:a@10.0.0.1:5070;transport=tcp>;q=0.7;expires=120;foo=bar",
            2,
            "",
            "200 OK\nContact: <sip:a@10.0.0.1:5070;transport=tcp>;q=0.7;expires=120, <sip:a@10.0.0.1:5070>;expires=3600\nrc [1]",
        ),
        (
            "<sip:b@10.0.0.2>;q=0.5, <sip:c@10.0.0.3>;expires=10",
            3,
            "Expires: 300\n",
            "200 OK\nContact: <sip:a@10.0.0.1:5070;transport=tcp>;q=0.7;expires=120, <sip:b@10.0.0.2>;q=0.5;expires=300, \
             <sip:a@10.0.0.1:5070>;expires=3600, <sip:c@10.0.0.3>;expires=60\nrc [1]",
        ),
        (
            "<sip:b@10.0.0.2>",
            1,
            "",
            "400 Bad Request\nContact: <sip:a@10.0.0.1:5070;transport=tcp>;q=0.7;expires=120, <sip:b@10.0.0.2>;q=0.5;expires=300, \
             <sip:a@10.0.0.1:5070>;expires=3600, <sip:c@10.0.0.3>;expires=60\nP-Registrar-Error: Invalid CSeq number\nrc [-1]",
        ),
        (
            "*",
            5,
            "",
            "400 Bad Request\nP-Registrar-Error: * used in contact and expires is not zero\nrc [-1]",
        ),
        (
            "*\n<sip:a@b.test>",
            5,
            "Expires: 0\n",
            "400 Bad Request\nP-Registrar-Error: * used in contact and more than 1 contact\nrc [-1]",
        ),
        (
            "<sip:b@10.0.0.2>;expires=0",
            6,
            "",
            "200 OK\nContact: <sip:a@10.0.0.1:5070;transport=tcp>;q=0.7;expires=120, <sip:a@10.0.0.1:5070>;expires=3600, \
             <sip:c@10.0.0.3>;expires=60\nrc [3]",
        ),
        ("*", 2, "Expires: 0\n", "200 OK\nrc [3]"),
        ("", 8, "", "200 OK\nrc [4]"),
        ("<sip:zz@10.0.0.2>;expires=0", 10, "", "200 OK\nrc [1]"),
        (
            "<sip:b@10.0.0.2>;q=abc",
            14,
            "",
            "400 Bad Request\nP-Registrar-Error: Invalid q param in contact\nrc [-1]",
        ),
        (
            "<sip:b@10.0.0.2",
            14,
            "",
            "400 Bad Request\nP-Registrar-Error: Contact parse error\nrc [-1]",
        ),
    ];
    for (contacts, cseq, extra, expected) in steps {
        assert_eq!(
            go(&bench, contacts, cseq, extra),
            expected,
            "{contacts} {cseq}"
        );
    }
}

#[test]
fn contacts_of_one_header_are_taken_from_the_last() {
    let bench = bench("");
    let three = go(
        &bench,
        "<sip:a@1.1.1.1>,<sip:b@1.1.1.1>,<sip:c@1.1.1.1>",
        1,
        "",
    );
    assert!(
        three.contains(
            "<sip:c@1.1.1.1>;expires=3600, <sip:b@1.1.1.1>;expires=3600, <sip:a@1.1.1.1>"
        ),
        "{three}"
    );
    for (contacts, cseq, code) in [
        ("<sip:a@1.1.1.1>;expires=0,<sip:d@1.1.1.1>", 2, 3),
        ("<sip:b@1.1.1.1>,<sip:c@1.1.1.1>;expires=0", 4, 2),
        ("<sip:z@1.1.1.1>,<sip:b@1.1.1.1>", 5, 1),
        ("<sip:zzz@1.1.1.1>;expires=0,<sip:b@1.1.1.1>", 6, 2),
        ("<sip:b@1.1.1.1>,<sip:q@1.1.1.1>", 6, 1),
        ("<sip:new@1.1.1.1>,<sip:b@1.1.1.1>", 5, -1),
    ] {
        assert!(
            go(&bench, contacts, cseq, "").ends_with(&format!("rc [{code}]")),
            "{contacts}"
        );
    }
    // All or none: the new one of the last step is not there.
    assert!(!go(&bench, "", 9, "").contains("new@"));
}

#[test]
fn a_repeated_cseq_is_a_retransmission_for_a_while() {
    let bench = bench("modparam(\"usrloc\", \"cseq_delay\", 20)\n");
    go(&bench, "<sip:c@1.1.1.1>;q=0.2", 4, "");
    let message = register("<sip:c@1.1.1.1>;q=0.5", 4, "");
    let soon = shown(&at(&bench, &message, 19));
    assert!(
        soon.starts_with("200 OK") && soon.contains("q=0.2") && soon.contains("expires=3581"),
        "{soon}"
    );
    let late = shown(&at(&bench, &message, 20));
    assert!(
        late.starts_with("400 Bad Request") && late.contains("Invalid CSeq number"),
        "{late}"
    );
}

#[test]
fn bounds_are_kept() {
    let params = "modparam(\"registrar\", \"max_contacts\", 3)\nmodparam(\"registrar\", \"retry_after\", 30)\n\
                  modparam(\"registrar\", \"min_expires_mode\", 1)\nmodparam(\"registrar\", \"max_expires\", 7200)\n\
                  modparam(\"registrar\", \"contact_max_size\", 40)\n";
    let bench = bench(params);
    go(
        &bench,
        "<sip:a1@1.1.1.1>;q=1, <sip:a2@1.1.1.1>;q=0, <sip:a3@1.1.1.1>;q=0.50",
        1,
        "",
    );
    let listed = "Contact: <sip:a1@1.1.1.1>;q=1;expires=3600, <sip:a3@1.1.1.1>;q=0.5;expires=3600, <sip:a2@1.1.1.1>;q=0;expires=3600\n";
    let full = format!(
        "503 Service Unavailable\n{listed}P-Registrar-Error: Too many registered contacts\nRetry-After: 30\nrc [-2]"
    );
    assert_eq!(go(&bench, "<sip:a4@1.1.1.1>", 2, ""), full);
    assert!(
        go(
            &bench,
            "<sip:a4@1.1.1.1>, <sip:a1@1.1.1.1>;expires=0",
            3,
            ""
        )
        .starts_with("200 OK")
    );
    let brief = go(&bench, "<sip:a4@1.1.1.1>;expires=5", 4, "");
    assert!(
        brief.starts_with("423 Interval Too Brief\nContact: "),
        "{brief}"
    );
    assert!(
        brief.ends_with("\nMin-Expires: 60\nP-Registrar-Error: Interval too brief\nrc [-1]"),
        "{brief}"
    );
    assert!(
        go(&bench, "<sip:a4@1.1.1.1>;expires=50000", 4, "")
            .contains("<sip:a4@1.1.1.1>;expires=7200")
    );
    let long = go(&bench, &format!("<sip:{}@1.1.1.1>", "b".repeat(40)), 5, "");
    assert_eq!(
        long,
        "400 Bad Request\nP-Registrar-Error: Contact/received too long\nrc [-1]"
    );
    assert_eq!(
        bench
            .counters
            .find("registrar", "rejected_regs")
            .map(|c| c.value()),
        Some(3)
    );
    assert_eq!(
        bench
            .counters
            .find("registrar", "accepted_regs")
            .map(|c| c.value()),
        Some(3)
    );
    assert_eq!(
        bench
            .counters
            .find("usrloc", "location_contacts")
            .map(|c| c.value()),
        Some(3)
    );
}

#[test]
fn gruu_and_outbound() {
    let bench = bench(
        "modparam(\"registrar\", \"outbound_mode\", 1)\nmodparam(\"registrar\", \"flow_timer\", 25)\n",
    );
    let contact = "<sip:a@1.1.1.1>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"";
    let reply = go(&bench, contact, 1, "Supported: outbound, gruu, path\n");
    let (before, after) = reply.split_once("temp-gruu=\"").expect("a GRUU");
    let (temporary, after) = after.split_once('"').expect("its end");
    assert_eq!(
        before,
        "200 OK\nContact: <sip:a@1.1.1.1>;expires=3600;pub-gruu=\"sip:alice@example.test;gr=urn:uuid:1\";"
    );
    let end = ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\nSupported: outbound\nRequire: outbound\nFlow-Timer: 25\nrc [1]";
    assert_eq!(after, end);
    // The same instance and reg-id is the same contact, whatever its URI.
    let moved = go(
        &bench,
        "<sip:a@1.1.1.2>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"",
        2,
        "Supported: outbound\n",
    );
    assert!(
        moved.contains(
            "Contact: <sip:a@1.1.1.2>;expires=3600;+sip.instance=\"<urn:uuid:1>\";reg-id=1\n"
        ),
        "{moved}"
    );
    for (uri, code) in [
        ("sip:alice@example.test;gr=urn:uuid:1", 1),
        ("sip:alice@example.test;gr=urn:uuid:2", -1),
        ("sip:alice@example.test;gr", -3),
        (temporary, 1),
    ] {
        let ran = at(&bench, &invite(uri), 0).ran;
        assert_eq!(ran.codes, [code], "{uri}");
        assert!(
            code < 0 || ran.context.target.uri == "sip:a@1.1.1.2",
            "{uri}"
        );
    }
    let hop = format!(
        "Via: SIP/2.0/UDP 9.9.9.9;branch=z9hG4bKxx\n{}",
        "Supported: outbound\n"
    );
    let refused = go(&bench, contact, 7, &hop);
    assert_eq!(
        refused,
        "439 First Hop Lacks Outbound Support\nP-Registrar-Error: No support for Outbound on edge proxy\nrc [-1]"
    );
}

#[test]
fn outbound_that_is_required_and_off() {
    let refused = go(&bench(""), "<sip:b@10.0.0.2>", 1, "Require: outbound\n");
    assert_eq!(
        refused,
        "420 Bad Extension\nUnsupported: outbound\nP-Registrar-Error: No support for Outbound on server\nrc [-1]"
    );
}

#[test]
fn paths() {
    let strict = bench("modparam(\"registrar\", \"use_path\", 1)\n");
    assert_eq!(
        go(&strict, "<sip:p@1.1.1.1>", 1, "Path: <sip:1.2.3.4;lr>\n"),
        "420 Bad Extension\nContact: <sip:p@1.1.1.1>;expires=3600\nUnsupported: path\nPath: <sip:1.2.3.4;lr>\n\
         P-Registrar-Error: No support for found Path indicated\nrc [1]"
    );
    let extra = "Path: <sip:1.2.3.4;lr>,<sip:u@1.2.3.5;lr>\nPath: <sip:2.2.2.2;lr>\nSupported: path, gruu\n";
    let path = "<sip:1.2.3.4;lr>,<sip:u@1.2.3.5;lr>,<sip:2.2.2.2;lr>";
    let taken = go(&strict, "<sip:p@1.1.1.1>", 2, extra);
    assert_eq!(
        taken,
        format!("200 OK\nContact: <sip:p@1.1.1.1>;expires=3600\nPath: {path}\nrc [2]")
    );
    let target = at(&strict, &invite("sip:alice@example.test"), 0)
        .ran
        .context
        .target;
    assert_eq!(
        (target.uri, target.dst_uri, target.path),
        (
            "sip:p@1.1.1.1".into(),
            Some("sip:1.2.3.4;lr".into()),
            Some(path.into())
        )
    );
    let lazy = bench(
        "modparam(\"usrloc\", \"nat_bflag\", 6)\nmodparam(\"registrar\", \"use_path\", 1)\nmodparam(\"registrar\", \"path_mode\", 1)\n\
         modparam(\"registrar\", \"path_use_received\", 1)\nmodparam(\"registrar\", \"received_param\", \"rcv\")\n",
    );
    let extra = "Path: <sip:1.2.3.4;lr;received=sip:9.9.9.9:99%3btransport%3dtcp>\n";
    let reply = go(&lazy, "<sip:u@1.1.1.1>", 1, extra);
    assert_eq!(
        reply,
        "200 OK\nContact: <sip:u@1.1.1.1>;expires=3600;rcv=\"sip:9.9.9.9:99;transport=tcp\"\nrc [1]"
    );
    assert_eq!(
        at(&lazy, &invite("sip:alice@example.test"), 0)
            .ran
            .context
            .target
            .flags,
        64
    );
}

#[test]
fn matching_modes() {
    let mode = |mode: u8| {
        bench(&format!(
            "modparam(\"usrloc\", \"matching_mode\", {mode})\nmodparam(\"registrar\", \"use_path\", 1)\nmodparam(\"registrar\", \"path_mode\", 0)\n"
        ))
    };
    let steps = [
        ("c1", "<sip:a@1.1.1.1>", 1, ""),
        ("c9", "<sip:a@1.1.1.1>", 1, ""),
        ("c1", "<sip:b@1.1.1.1>", 2, ""),
        ("c1", "<sip:b@1.1.1.1>", 3, "Path: <sip:7.7.7.7;lr>\n"),
    ];
    for (number, codes) in [
        (0, [1, 2, 1, 2]),
        (1, [1, 1, 1, 2]),
        (2, [1, 2, 1, 1]),
        (3, [1, 1, 2, 2]),
    ] {
        let bench = mode(number);
        for ((call_id, contact, cseq, extra), code) in steps.iter().zip(codes) {
            let message = register(contact, *cseq, extra)
                .replace("Call-ID: c1", &format!("Call-ID: {call_id}"));
            assert_eq!(
                at(&bench, &message, 0).ran.codes,
                [code],
                "mode {number}, {contact} {cseq}"
            );
        }
    }
}

#[test]
fn one_contact_and_silent_flags() {
    let script = format!(
        "{SCRIPT}request_route {{ if (has_body()) {{ save(\"location\", \"0x04\"); rc(); exit; }} save(\"location\", \"0x02\"); rc(); \
         note(\"between\"); reg_send_reply(); rc(); }}"
    )
    .replace("has_body()", "method == \"PUBLISH\"");
    let bench = Bench::new(&script);
    let kept = at(
        &bench,
        &register("<sip:f1@1.1.1.1>,<sip:f2@1.1.1.1>", 1, ""),
        0,
    );
    assert_eq!(kept.ran.codes, [1, 1]);
    assert_eq!(kept.replies.len(), 1);
    assert!(
        kept.replies[0]
            .2
            .starts_with("Contact: <sip:f2@1.1.1.1>;expires=3600, <sip:f1@")
    );
    let one = register("<sip:g3@1.1.1.1>,<sip:g4@1.1.1.1>", 2, "").replace("REGISTER", "PUBLISH");
    assert_eq!(
        shown(&at(&bench, &one, 0)),
        "200 OK\nContact: <sip:g4@1.1.1.1>;expires=3600\nrc [1]"
    );
}

#[test]
fn the_source_is_kept_and_used() {
    let bench = bench(
        "modparam(\"registrar\", \"received_avp\", \"$avp(s:rcv)\")\nmodparam(\"registrar\", \"method_filtering\", 1)\n",
    );
    let mut context: Context = bench.context(&register(
        "<sip:n@1.1.1.1>",
        1,
        "Allow: INVITE, ACK, BYE\nUser-Agent: Foo/1 (bar)\n",
    ));
    let name = AvpName::Text(Bytes::from_static(b"rcv"));
    context
        .vars
        .avps
        .add(name, Value::Str(Bytes::from_static(b"sip:127.0.0.1:47416")));
    context.target.flags = 4;
    let reply = shown(&bench.serve(context));
    assert_eq!(
        reply,
        "200 OK\nContact: <sip:n@1.1.1.1>;expires=3600;received=\"sip:127.0.0.1:47416\"\nrc [1]"
    );
    let target = at(&bench, &invite("sip:Alice@example.test"), 0)
        .ran
        .context
        .target;
    assert_eq!(target.dst_uri.as_deref(), Some(&b"sip:127.0.0.1:47416"[..]));
    assert_eq!(
        (target.flags, target.socket),
        (4, Some(policy::SocketId(0)))
    );
    let subscribe = invite("sip:alice@example.test").replace("INVITE", "SUBSCRIBE");
    assert_eq!(at(&bench, &subscribe, 0).ran.codes, [-2]);
    assert_eq!(
        at(&bench, &invite("sip:nobody@example.test"), 0).ran.codes,
        [-1]
    );
}

#[test]
fn further_contacts_become_branches() {
    for (params, branches) in [
        ("", vec!["sip:a3@1.1.1.1", "sip:a2@1.1.1.1"]),
        ("modparam(\"registrar\", \"append_branches\", 0)\n", vec![]),
    ] {
        let bench = bench(params);
        go(
            &bench,
            "<sip:a1@1.1.1.1>;q=1, <sip:a2@1.1.1.1>;q=0, <sip:a3@1.1.1.1>;q=0.50",
            1,
            "",
        );
        let context = at(&bench, &invite("sip:alice@example.test"), 0).ran.context;
        assert_eq!(context.target.uri, "sip:a1@1.1.1.1");
        let found: Vec<_> = context
            .branches
            .iter()
            .map(|branch| String::from_utf8_lossy(&branch.uri).into_owned())
            .collect();
        assert_eq!(found, branches);
    }
}

#[test]
fn contacts_can_be_read_and_removed() {
    let script = format!(
        "{SCRIPT}request_route {{ save(\"location\"); reg_fetch_contacts(\"location\", \"$tu\", \"x\"); rc(); \
         note(\"$(ulc(x=>aor)) $(ulc(x=>count)) $(ulc(x=>addr)[1]) $(ulc(x=>expires)) $(ulc(x=>q)) $(ulc(x=>socket)) $(ulc(x=>methods)) $(ulc(x=>instance)) $(ulc(x=>addr)[9])\"); \
         registered(\"location\", \"$tu\"); rc(); unregister(\"location\", \"$tu\", \"nope\"); rc(); unregister(\"location\", \"$tu\"); rc(); \
         unregister(\"location\", \"$tu\"); rc(); registered(\"location\", \"$tu\"); rc(); reg_fetch_contacts(\"location\", \"$tu\", \"x\"); rc(); }}"
    );
    let script = script.replace(
        "loadmodule \"usrloc\"",
        "loadmodule \"pv\"\nloadmodule \"usrloc\"",
    );
    let bench = Bench::new(&script);
    let ran = at(
        &bench,
        &register("<sip:a@1.1.1.1>;q=0.5,<sip:b@1.1.1.1>", 1, ""),
        0,
    )
    .ran;
    assert_eq!(ran.codes, [1, 1, -3, 1, 1, -1, -1]);
    let end_s = UNIX_MS / 1000 + 3600;
    assert_eq!(
        ran.notes,
        [format!(
            "alice 2 sip:b@1.1.1.1 {end_s} 500 udp:127.0.0.1:5060 4294967295 <null> <null>"
        )]
    );
}

#[test]
fn new_contacts_displace_the_oldest_on_wish() {
    let bench = bench(
        "modparam(\"registrar\", \"max_contacts\", 2)\nmodparam(\"registrar\", \"displace_contacts\", 1)\n",
    );
    let last = |reply: String, name: &str| reply.contains(&format!("<sip:{name}@1.1.1.1>"));
    go(&bench, "<sip:a1@1.1.1.1>", 1, "");
    go(&bench, "<sip:a2@1.1.1.1>", 2, "");
    let third = go(&bench, "<sip:a3@1.1.1.1>", 3, "");
    assert!(third.starts_with("200 OK"), "{third}");
    assert_eq!(third.matches("<sip:").count(), 2, "{third}");
    assert!(last(third, "a3"));
    let many = "<sip:b1@1.1.1.1>, <sip:b2@1.1.1.1>, <sip:b3@1.1.1.1>";
    assert!(go(&bench, many, 4, "").starts_with("503"));
}

#[test]
fn contacts_at_this_server_are_refused_on_wish() {
    let contact = "<sip:loop@127.0.0.1>";
    assert!(go(&bench(""), contact, 1, "").starts_with("200 OK"));
    let strict = bench("modparam(\"registrar\", \"reject_self_contacts\", 1)\n");
    for contact in [
        contact,
        "<sip:127.0.0.1:5060;transport=udp>",
        "<sip:loop@[::ffff:127.0.0.1]>",
        "<sip:loop@0.0.0.0:5070>",
        "<sip:loop@192.0.2.1;maddr=127.0.0.1>",
        "<sip:a@192.0.2.1>, <sip:loop@127.0.0.1>",
    ] {
        assert_eq!(
            go(&strict, contact, 1, ""),
            "403 Forbidden\nP-Registrar-Error: Contact points at this server\nrc [-1]",
            "{contact}"
        );
    }
    assert!(go(&strict, "<sip:loop@127.0.0.1:5099>", 1, "").starts_with("200 OK"));
}

#[test]
fn a_fold_in_a_path_ends_no_line() {
    let bench = bench("modparam(\"registrar\", \"use_path\", 1)\n");
    let extra = "Path: <sip:1.2.3.4;lr>\n ;x=y\nSupported: path\n";
    let reply = go(&bench, "<sip:a@1.1.1.1>", 1, extra);
    assert!(
        reply.contains("\nPath: <sip:1.2.3.4;lr>   ;x=y\n"),
        "{reply}"
    );
}
