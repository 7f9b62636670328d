//! Connections that we open, to another server of ours that tells what it sees.

use super::{Secure, header};
use ringwall_e2e::{Authority, PATIENCE, Probe, Scratch, status_of, until};
use std::path::Path;

/// Tells what it knows of who connects.
const TELLS: &str = "request_route {\n\tappend_to_reply(\"X-name: $tls_peer_server_name\\r\\nX-peer: $tls_peer_subject_cn\\r\\nX-from: $sp\\r\\n\");\n\tsl_send_reply(\"200\", \"There\");\n}\n";

struct Two {
    _scratch: Scratch,
    near: Secure,
    far: Secure,
}

/// A server with client profiles, and one it connects to. `{far}` in the script is the address of the other.
fn two(profiles: impl FnOnce(&Authority) -> String, script: &str) -> Two {
    let scratch = Scratch::new();
    let authority = Authority::create(&scratch, "root");
    let certificate = authority.issue("far.test", |_| {});
    let far = format!(
        "[server:default]\ncertificate = {}\nverify_client = optional_no_ca\nca_list = {}\n",
        certificate.display(),
        authority.path().display()
    );
    let far = Secure::start(&scratch, "far", &far, TELLS);
    let own = authority.issue("near.test", |_| {});
    let near = format!(
        "[server:default]\ncertificate = {}\n{}",
        own.display(),
        profiles(&authority)
    );
    let script = script.replace("{port}", &far.tls_port().to_string());
    let near = Secure::start(&scratch, "near", &near, &script);
    Two {
        _scratch: scratch,
        near,
        far,
    }
}

fn client(
    section: &str,
    certificate: Option<&Path>,
    authority: Option<&Authority>,
    more: &str,
) -> String {
    let certificate = certificate.map(|path| format!("certificate = {}\n", path.display()));
    let list = authority.map(|authority| {
        format!(
            "verify_certificate = yes\nca_list = {}\n",
            authority.path().display()
        )
    });
    format!(
        "[client:{section}]\n{}{}{more}\n",
        certificate.unwrap_or_default(),
        list.unwrap_or_default()
    )
}

/// Sends a request over UDP that the script relays; the final answer.
fn relayed(probe: &mut Probe, user: &str) -> String {
    let uri = format!("sip:{user}@example.test");
    probe.send("MESSAGE", &uri, &uri, "");
    until("a final answer", PATIENCE, || {
        let answer = probe.receive()?;
        (status_of(&answer)? >= 200).then_some(answer)
    })
}

#[test]
fn every_way_to_a_tls_hop_works_and_a_script_sees_it() {
    let script = "request_route {\n\
        if ($rU == \"tls\") { t_relay_to_tls(\"127.0.0.1\", \"{port}\"); exit; }\n\
        if ($rU == \"to\") { t_relay_to(\"tls:127.0.0.1:{port}\"); exit; }\n\
        if ($rU == \"hop\") { $du = \"sip:127.0.0.1:{port};transport=tls\"; t_relay(); exit; }\n\
        if ($rU == \"uri\") { $ru = \"sip:127.0.0.1:{port};transport=tls\"; t_relay(); exit; }\n\
        if ($rU == \"stateless\") { $du = \"sip:127.0.0.1:{port};transport=tls\"; forward(); exit; }\n\
        if ($rU == \"forward\") { forward_tls(\"127.0.0.1\", \"{port}\"); exit; }\n\
        sl_send_reply(\"404\", \"Nobody\");\n}\n\
        onsend_route { if ($snd(proto) == 3 && $snd(sproto) == \"tls\") { xlog(\"L_WARN\", \"leaves over TLS\\n\"); } }\n";
    let two = two(|_| String::new(), script);
    let mut probe = Probe::new(two.near.server.port());
    let mut sources = Vec::new();
    for (count, user) in ["tls", "to", "hop", "uri", "stateless", "forward"]
        .iter()
        .enumerate()
    {
        let answer = relayed(&mut probe, user);
        assert!(answer.starts_with("SIP/2.0 200 There"), "{user}: {answer}");
        sources.push(header(&answer, "X-from"));
        let seen = two.near.server.printed().matches("leaves over TLS").count();
        assert_eq!(seen, count + 1, "{user}");
    }
    sources.dedup();
    assert_eq!(sources.len(), 1, "one connection serves all: {sources:?}");
}

#[test]
fn a_script_chooses_the_profile_of_a_connection() {
    let script = "request_route {\n\
        $du = \"sip:127.0.0.1:{port};transport=tls\";\n\
        if ($rU == \"one\") { $xavp(tls=>server_id) = \"one\"; }\n\
        if ($rU == \"two\") { $xavp(tls=>server_id) = \"two\"; $xavp(tls[0]=>server_name) = \"asked.test\"; }\n\
        if ($rU == \"set\") { tls_set_connect_server_id(\"two\"); }\n\
        if (!t_relay()) { sl_reply_error(); }\n}\n";
    let two = two(
        |authority| {
            let (one, two) = (
                authority.issue("one.test", |_| {}),
                authority.issue("two.test", |_| {}),
            );
            client("default", None, None, "server_name = default.test")
                + &client("any", Some(&one), None, "server_id = one")
                + &client(
                    "127.0.0.1:1",
                    Some(&two),
                    None,
                    "server_id = two\nserver_name = two.test",
                )
        },
        script,
    );
    let mut probe = Probe::new(two.near.server.port());
    for (user, peer, name) in [
        ("plain", "<null>", "default.test"),
        ("one", "one.test", "<null>"),
        ("two", "two.test", "asked.test"),
        ("set", "two.test", "two.test"),
    ] {
        let answer = relayed(&mut probe, user);
        assert_eq!(
            header(&answer, "X-peer").as_deref(),
            Some(peer),
            "{user}: {answer}"
        );
        assert_eq!(
            header(&answer, "X-name").as_deref(),
            Some(name),
            "{user}: {answer}"
        );
    }
}

#[test]
fn a_server_must_prove_its_name_and_its_authority() {
    let script = "request_route {\n\
        $xavp(tls=>server_name) = $rU + \".test\";\n\
        $xavp(tls[0]=>server_id) = $rU;\n\
        $du = \"sip:127.0.0.1:{port};transport=tls\";\n\
        if (!t_relay()) { sl_reply_error(); }\n}\n";
    let two = two(
        |authority| {
            client("default", None, Some(authority), "")
                + "[client:any]\nserver_id = nobody\nca_list = \n"
        },
        script,
    );
    let mut probe = Probe::new(two.near.server.port());
    assert_eq!(status_of(&relayed(&mut probe, "far")), Some(200));
    // The connection that stands is for another name.
    let refused = relayed(&mut probe, "other");
    assert!(status_of(&refused) >= Some(400), "{refused}");
    let refused = relayed(&mut probe, "nobody");
    assert!(status_of(&refused) >= Some(400), "{refused}");
    assert_eq!(status_of(&relayed(&mut probe, "far")), Some(200));
}

#[test]
fn domains_have_connections_of_their_own_where_that_is_asked_for() {
    let script = "tls_connection_match_domain=1\nrequest_route {\n\
        $xavp(tls=>server_name) = $rU + \".test\";\n\
        $du = \"sip:127.0.0.1:{port};transport=tls\";\n\
        t_relay();\n}\n";
    for (switch, connections) in [("=1", 2), ("=0", 1)] {
        let script = script.replacen("=1", switch, 1);
        let two = two(|_| String::new(), &script);
        let mut probe = Probe::new(two.near.server.port());
        let mut sources: Vec<_> = ["a", "b", "a"]
            .iter()
            .map(|user| header(&relayed(&mut probe, user), "X-from"))
            .collect();
        sources.sort();
        sources.dedup();
        assert_eq!(sources.len(), connections, "{switch}: {sources:?}");
    }
}

#[test]
fn a_script_may_forbid_a_connection() {
    let script = "request_route {\n\
        $du = \"sip:127.0.0.1:{port};transport=tls\";\n\
        if (!t_relay()) { sl_reply_error(); }\n}\n\
        event_route[tls:connection-out] {\n\
        xlog(\"L_WARN\", \"asked about $sndto(ip):$sndto(port)\\n\");\n\
        if ($sndto(ip) == \"127.0.0.1\") { drop; }\n}\n";
    let two = two(|_| String::new(), script);
    let mut probe = Probe::new(two.near.server.port());
    let answer = relayed(&mut probe, "x");
    assert!(status_of(&answer) >= Some(400), "{answer}");
    let printed = two.near.server.printed();
    let asked = format!("asked about 127.0.0.1:{}", two.far.tls_port());
    assert!(printed.contains(&asked), "{printed}");
    let (_, listed) = two.far.rpc(&["tls.list"]);
    assert!(!listed.contains("127.0.0.1"), "{listed}");
}
