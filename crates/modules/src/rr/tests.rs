//! Tables of requests, calls and what Kamailio 5.6.3 was seen to make of them.

use crate::testing::{Ran, run};

fn request(method: &str, uri: &str, routes: &[&str], to_tag: &str) -> String {
    let routes: String = routes
        .iter()
        .map(|route| format!("Route: {route}\r\n"))
        .collect();
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=ft1\r\n\
         To: <sip:b@x>{to_tag}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n{routes}Content-Length: 0\r\n\r\n"
    )
}

fn script(body: &str) -> String {
    format!("loadmodule \"rr\"\nrequest_route {{ {body} }}")
}

fn loose(routes: &[&str], to_tag: &str, call: &str) -> Ran {
    run(
        &script(&format!("{call}; rc(); rr_next_hop_route(); rc();")),
        &request("BYE", "sip:bob@10.9.9.9", routes, to_tag),
    )
}

const ME: &str = "<sip:127.0.0.1:5060;lr;ftag=ft1>";
const ME_TCP: &str = "<sip:127.0.0.1:5060;r2=on;lr;ftag=ft1>";

/// Routes, To tag, return code, whether a Route names the next hop, `$du`, Request-URI, Routes left.
type Case = (
    &'static [&'static str],
    &'static str,
    i32,
    i32,
    Option<&'static str>,
    &'static str,
    &'static str,
);
const CASES: [Case; 9] = [
    (&[], ";tag=tt", -1, -1, None, "sip:bob@10.9.9.9", ""),
    (&[ME], ";tag=tt", 1, -1, None, "sip:bob@10.9.9.9", ""),
    (&[ME], "", -3, -1, None, "sip:bob@10.9.9.9", ""),
    (
        &[ME, "<sip:10.0.0.1;lr>"],
        "",
        1,
        1,
        Some("sip:10.0.0.1;lr"),
        "sip:bob@10.9.9.9",
        "Route: <sip:10.0.0.1;lr>",
    ),
    (
        &["<sip:10.0.0.1;lr>"],
        ";tag=tt",
        1,
        -1,
        Some("sip:10.0.0.1;lr"),
        "sip:bob@10.9.9.9",
        "Route: <sip:10.0.0.1;lr>",
    ),
    (
        &[ME_TCP, ME_TCP, "<sip:10.0.0.1;lr>"],
        ";tag=tt",
        1,
        1,
        Some("sip:10.0.0.1;lr"),
        "sip:bob@10.9.9.9",
        "Route: <sip:10.0.0.1;lr>",
    ),
    (
        &[ME, "<sip:10.0.0.1>"],
        ";tag=tt",
        1,
        -1,
        None,
        "sip:10.0.0.1",
        "Route: <sip:bob@10.9.9.9>",
    ),
    (
        &["<sip:"],
        ";tag=tt",
        -1,
        -1,
        None,
        "sip:bob@10.9.9.9",
        "Route: <sip:",
    ),
    (
        &[ME, "<sip:"],
        ";tag=tt",
        -1,
        -1,
        None,
        "sip:bob@10.9.9.9",
        "Route: <sip:127.0.0.1:5060;lr;ftag=ft1>,Route: <sip:",
    ),
];

#[test]
fn routes_are_followed() {
    for (routes, to_tag, code, next_hop, dst_uri, uri, left) in CASES {
        let ran = loose(routes, to_tag, "loose_route()");
        assert_eq!(ran.codes, [code, next_hop], "{routes:?}");
        assert_eq!(
            ran.context.target.dst_uri.as_deref(),
            dst_uri.map(str::as_bytes),
            "{routes:?}"
        );
        assert_eq!(ran.context.target.uri, uri.as_bytes(), "{routes:?}");
        let lines: Vec<&str> = ran
            .sent
            .lines()
            .filter(|line| line.starts_with("Route"))
            .collect();
        assert_eq!(lines.join(","), left, "{routes:?}");
    }
}

#[test]
fn a_pair_of_ours_chooses_the_socket() {
    assert!(
        loose(&[ME_TCP, ME_TCP], ";tag=tt", "loose_route()")
            .context
            .target
            .socket
            .is_some()
    );
    assert!(
        loose(&[ME], ";tag=tt", "loose_route()")
            .context
            .target
            .socket
            .is_none()
    );
}

#[test]
fn a_preloaded_route_is_told_apart() {
    assert_eq!(loose(&[ME], "", "loose_route_preloaded()").codes[0], 1);
    assert_eq!(
        loose(&[ME], ";tag=tt", "loose_route_preloaded()").codes[0],
        -1
    );
    assert_eq!(loose(&[], "", "loose_route_preloaded()").codes[0], -1);
}

#[test]
fn a_strict_router_is_recognised_unless_the_mode_forbids_it() {
    let strict = request(
        "BYE",
        "sip:127.0.0.1:5060;lr",
        &["<sip:bob@10.0.0.9>"],
        ";tag=tt",
    );
    let ran = run(
        &script("loose_route(); check_route_param(\"^lr\"); rc();"),
        &strict,
    );
    assert_eq!(
        (ran.codes.as_slice(), ran.context.target.uri.as_ref()),
        (&[1][..], &b"sip:bob@10.0.0.9"[..])
    );
    let ran = run(&script("loose_route_mode(\"1\"); rc();"), &strict);
    assert_eq!(
        (ran.codes.as_slice(), ran.context.target.uri.as_ref()),
        (&[1][..], &b"sip:bob@10.0.0.9"[..])
    );
}

/// Route, pattern, return code.
const PARAMS: [(&str, &str, i32); 6] = [
    ("<sip:127.0.0.1:5060;lr;ftag=ft1;a=b>", "a=b", 1),
    ("<sip:127.0.0.1:5060;lr;ftag=ft1;a=b>", "^a=b", -1),
    ("<sip:127.0.0.1:5060;lr;ftag=ft1;a=b>", "^lr", -1),
    ("<sip:127.0.0.1:5060;lr;ftag=ft1;a=b>", ";lr", 1),
    ("<sip:10.0.0.1;lr;a=b>", "a=b", -1),
    ("abc", ".*", -1),
];

#[test]
fn parameters_of_our_own_route_are_searched() {
    for (route, pattern, code) in PARAMS {
        for before in ["", "loose_route();"] {
            let body = format!("{before} check_route_param(\"{pattern}\"); rc();");
            let ran = run(
                &script(&body),
                &request("BYE", "sip:bob@10.9.9.9", &[route], ";tag=tt"),
            );
            assert_eq!(ran.codes, [code], "{before} {route} {pattern}");
        }
    }
}

#[test]
fn the_from_tag_in_the_route_tells_the_direction() {
    for (route, notes) in [
        ("<sip:127.0.0.1:5060;lr;ftag=ft1>", "1 downstream ft1 tt"),
        ("<sip:127.0.0.1:5060;lr;ftag=tt>", "2 upstream tt ft1"),
        ("<sip:127.0.0.1:5060;lr>", "1 downstream ft1 tt"),
    ] {
        let body = "loose_route(); note(\"$rdir(id) $rdir(name) $fti $tti\"); is_direction(\"upstream\"); rc(); \
                    is_direction(\"downstream\"); rc();";
        let ran = run(
            &script(body),
            &request("BYE", "sip:bob@10.9.9.9", &[route], ";tag=tt"),
        );
        assert_eq!(ran.notes, [notes]);
        let upstream = if notes.starts_with('2') { 1 } else { -1 };
        assert_eq!(ran.codes, [upstream, -upstream], "{route}");
    }
}

#[test]
fn the_topmost_route_is_a_variable() {
    let ran = run(
        &script("note(\"$route_uri\");"),
        &request(
            "BYE",
            "sip:b@x",
            &["<sip:10.0.0.1;lr>, <sip:10.0.0.2;lr>"],
            "",
        ),
    );
    assert_eq!(ran.notes, ["sip:10.0.0.1;lr"]);
    assert_eq!(
        run(
            &script("note(\"$route_uri.\");"),
            &request("BYE", "sip:b@x", &[], "")
        )
        .notes,
        ["."]
    );
}

#[test]
fn one_record_route_a_request() {
    let invite = request("INVITE", "sips:bob@x", &[], "");
    let ran = run(
        &script("record_route(\";a=b\"); rc(); record_route(); rc(); add_rr_param(\";c\"); rc();"),
        &invite,
    );
    assert_eq!(ran.codes, [1, -1, 1]);
    let [route] = ran.context.record_routes.as_slice() else {
        panic!("one Record-Route")
    };
    assert_eq!(
        (route.params.as_ref(), route.ftag.as_deref(), route.sips),
        (&b";a=b"[..], Some(&b"ft1"[..]), true)
    );
    assert_eq!(ran.context.rr_params, b";c");
    assert!(
        ran.log
            .iter()
            .any(|line| line.contains("Double attempt to record-route")),
        "{:?}",
        ran.log
    );
    let ran = run(
        &script("record_route(); remove_record_route(); rc();"),
        &invite,
    );
    assert!(ran.context.record_routes.is_empty());
}

#[test]
fn towards_the_caller_the_tag_is_that_of_to() {
    let upstream = request(
        "INVITE",
        "sip:a@x",
        &["<sip:127.0.0.1:5060;lr;ftag=tt>"],
        ";tag=tt",
    );
    let ran = run(&script("loose_route(); record_route();"), &upstream);
    assert_eq!(
        ran.context.record_routes[0].ftag.as_deref(),
        Some(&b"tt"[..])
    );
}

#[test]
fn preset_addresses_carry_what_is_there_already() {
    let body = "add_rr_param(\";c=d\"); record_route_preset(\"192.0.2.1:5090;x=y\", \"192.0.2.2\"); add_rr_param(\";e\");";
    let ran = run(&script(body), &request("INVITE", "sip:b@x", &[], ""));
    let preset = ran.context.record_routes[0].preset.clone();
    let (inner, outer) = preset.expect("a preset address");
    assert_eq!(inner, "192.0.2.2;ftag=ft1;c=d");
    assert_eq!(
        outer.as_deref(),
        Some(&b"192.0.2.1:5090;x=y;ftag=ft1;c=d"[..])
    );
    assert_eq!(ran.context.rr_params, b";e");
}

#[test]
fn parameters_change_what_is_written() {
    let params = "modparam(\"rr\", \"add_username\", 1)\nmodparam(\"rr\", \"append_fromtag\", 0)\n\
                  modparam(\"rr\", \"ignore_sips\", 1)\nmodparam(\"rr\", \"enable_full_lr\", 1)\n";
    let ran = run(
        &format!("loadmodule \"rr\"\n{params}request_route {{ record_route(); }}"),
        &request("INVITE", "sips:bob@x", &[], ""),
    );
    let route = &ran.context.record_routes[0];
    assert_eq!(
        (route.user.as_deref(), route.sips, route.full_lr),
        (Some(&b"bob"[..]), false, true)
    );
    assert_eq!(route.ftag, None);
}

const SIGNED: &str = "loadmodule \"rr\"\nmodparam(\"rr\", \"sign_key\", \"0123456789abcdef\")\n";

/// The Route that a request of this dialog gets from us.
fn signed_route(before: &str) -> String {
    let script = format!("{SIGNED}{before}request_route {{ record_route(\";a=b\"); }}");
    let ran = run(&script, &request("INVITE", "sip:bob@x", &[], ""));
    let params = ran.context.record_routes[0].params.clone();
    let params = String::from_utf8(params.to_vec()).unwrap();
    assert!(
        params.starts_with(";sg=") && params.ends_with(";a=b"),
        "{params}"
    );
    format!("<sip:127.0.0.1:5060;lr;ftag=ft1{params}>")
}

#[test]
fn with_a_key_only_routes_of_this_dialog_are_followed() {
    let ours = signed_route("");
    let bent = ours.replace(";sg=", ";sg=A");
    let far = "<sip:10.0.0.1;lr>";
    for (routes, to_tag, code, next) in [
        (&[ours.as_str()][..], ";tag=tt", 1, None),
        (&[&ours, far], ";tag=tt", 1, Some("sip:10.0.0.1;lr")),
        (&[bent.as_str()], ";tag=tt", -2, None),
        (&[ME], ";tag=tt", -2, None),
        (&[ME, far], ";tag=tt", -2, None),
        (&[far, &ours], ";tag=tt", -2, None),
        (&[far], ";tag=tt", -2, None),
        (&[], ";tag=tt", -1, None),
        (&["abc"], ";tag=tt", -1, None),
        (&[ME], "", -3, None),
        (&[ME, far], "", 1, Some("sip:10.0.0.1;lr")),
    ] {
        let script = format!("{SIGNED}request_route {{ loose_route(); rc(); }}");
        let ran = run(&script, &request("BYE", "sip:bob@10.9.9.9", routes, to_tag));
        assert_eq!(ran.codes, [code], "{routes:?}");
        let hop = ran.context.target.dst_uri.as_deref();
        assert_eq!(hop, next.map(str::as_bytes), "{routes:?}");
    }
}

#[test]
fn a_strict_router_shows_the_signature_in_the_request_uri() {
    let ours = signed_route("");
    let script = format!("{SIGNED}request_route {{ loose_route(); rc(); }}");
    let uri = ours.trim_start_matches('<').trim_end_matches('>');
    for (uri, code) in [(uri, 1), ("sip:127.0.0.1:5060;lr", -2)] {
        let ran = run(
            &script,
            &request("BYE", uri, &["<sip:bob@10.0.0.9>"], ";tag=tt"),
        );
        assert_eq!(ran.codes, [code], "{uri}");
    }
}

#[test]
fn a_signature_expires() {
    let ours = signed_route("modparam(\"rr\", \"sign_expire\", 10)\n");
    let script = format!("{SIGNED}request_route {{ loose_route(); rc(); }}");
    let bench = crate::testing::Bench::new(&script);
    for (after_s, code) in [(0, 1), (10, 1), (11, -2)] {
        let bye = request("BYE", "sip:bob@10.9.9.9", &[&ours], ";tag=tt");
        let mut context = bench.context(&bye);
        context.now.unix_ms += after_s * 1000;
        let ran = bench.run_in(context);
        assert_eq!(ran.codes, [code], "{after_s}");
    }
}

#[test]
fn keys_and_lifetimes_are_checked_at_load() {
    for (name, value) in [
        ("sign_key", "\"short\""),
        ("sign_expire", "0"),
        ("sign_expire", "400000000"),
    ] {
        let script = format!(
            "loadmodule \"rr\"\nmodparam(\"rr\", \"{name}\", {value})\nrequest_route {{ }}"
        );
        assert!(
            crate::testing::problems(&script).contains("expected"),
            "{name}"
        );
    }
}
