//! Every finding: a configuration in which it appears, and the same one as it should be.

mod support;

use support::{codes, of};

/// A code, what is wrong, and what is right.
const CASES: &[(&str, &str, &str)] = &[
    (
        "E0601",
        "request_route { t_relay(); }",
        "request_route { if (uri != myself) exit; t_relay(); }",
    ),
    (
        "E0601",
        // A Route header of the sender's own, outside of dialogs.
        "request_route { if (loose_route()) { t_relay(); exit; } }",
        r#"modparam("rr", "sign_key", "0123456789abcdef")
           request_route { if (has_totag() && loose_route()) { t_relay(); exit; } }"#,
    ),
    (
        "E0601",
        "request_route { route(OUT); } route[OUT] { $ru = \"sip:\" + $rU + \"@\" + $td; forward(); }",
        "request_route { if (!allow_source_address()) exit; route(OUT); } route[OUT] { forward(); }",
    ),
    (
        "E0601",
        // What is refused goes on.
        r#"request_route { if (!proxy_authenticate("$fd", "subscriber")) { proxy_challenge("$fd", "1"); } t_relay(); }"#,
        r#"request_route { if (!proxy_authenticate("$fd", "subscriber")) { proxy_challenge("$fd", "1"); exit; } t_relay(); }"#,
    ),
    (
        "E0601",
        // The printed example with its slip: the password is right, and the caller is asked again.
        r#"request_route { if (www_authorize("kamailio.org", "subscriber")) { www_challenge("kamailio.org", "1"); exit; } t_relay(); }"#,
        r#"request_route { if (!www_authorize("kamailio.org", "subscriber")) { www_challenge("kamailio.org", "1"); exit; } t_relay(); }"#,
    ),
    (
        "E0601",
        // A request fails on purpose, and the route for that sends it on.
        r#"request_route { t_on_failure("NEXT"); if (!lookup("location")) exit; t_relay(); }
           failure_route[NEXT] { $ru = "sip:" + $rU + "@" + $fd; t_relay(); }"#,
        r#"request_route { t_on_failure("NEXT"); if (!lookup("location")) exit; t_relay(); }
           failure_route[NEXT] { if (t_check_status("486")) t_relay(); }"#,
    ),
    (
        "W0602",
        "request_route { if (has_totag()) { if (loose_route()) t_relay(); exit; } if (!allow_trusted()) exit; t_relay(); }",
        r#"modparam("rr", "sign_key", "0123456789abcdef")
           request_route { if (has_totag()) { if (loose_route()) t_relay(); exit; } if (!allow_trusted()) exit; t_relay(); }"#,
    ),
    (
        "W0602",
        r#"request_route { if (has_totag()) { if (check_route_param("nat=yes") && loose_route()) t_relay(); exit; } if (!allow_trusted()) exit; t_relay(); }"#,
        r#"request_route { if (has_totag()) { if (check_route_param("t=3f9a6c01d2b84e57") && loose_route()) t_relay(); exit; } if (!allow_trusted()) exit; t_relay(); }"#,
    ),
    (
        "W0603",
        r#"request_route { if (uri == myself) { $rd = "gateway.test"; t_relay(); } }"#,
        r#"request_route { if (uri == myself && allow_source_address("1")) { $rd = "gateway.test"; t_relay(); } }"#,
    ),
    (
        "W0603",
        r#"request_route { if (from_uri == myself) t_relay_to_udp("192.0.2.1", "5060"); }"#,
        r#"request_route { if (ds_select_dst("1", "4")) t_relay(); }"#,
    ),
    (
        "E0604",
        r#"request_route { if (is_method("REGISTER")) save("location"); }"#,
        r#"request_route { if (is_method("REGISTER")) { if (!www_authenticate("$td", "subscriber")) { www_challenge("$td", "1"); exit; } save("location"); } }"#,
    ),
    (
        "W0605",
        "request_route { pike_check_req(); if (uri == myself) t_relay(); }",
        "request_route { if (!pike_check_req()) exit; if (uri == myself) t_relay(); }",
    ),
    (
        "W0605",
        "request_route { if (is_method(\"INVITE\")) { if (!rl_check()) exit; } if (uri == myself) t_relay(); }",
        "request_route { if ($sht(rate=>$si) > 20) exit; if (uri == myself) t_relay(); }",
    ),
    (
        "W0606",
        "request_route { if (uri == myself) t_relay(); }",
        "request_route { if (!sanity_check(\"17895\", \"7\")) exit; if (uri == myself) t_relay(); }",
    ),
    (
        "W0607",
        "request_route { if (uri == myself) t_relay(); }",
        "request_route { if (!mf_process_maxfwd_header(\"10\")) { sl_send_reply(\"483\", \"Too Many Hops\"); exit; } if (uri == myself) t_relay(); }",
    ),
    (
        "W0608",
        "request_route { if (uri == myself) t_relay(); }",
        "request_route { if ($ua =~ \"friendly-scanner|sipcli\") exit; if (uri == myself) t_relay(); }",
    ),
    (
        "W0608",
        "request_route { secf_check_ip(); if (uri == myself) t_relay(); }",
        "request_route { secf_check_ua(); if ($? == -2) exit; if (uri == myself) t_relay(); }",
    ),
    (
        "W0609",
        "request_route { if (uri == myself) t_relay(); }",
        "request_route { if ($sht(ipban=>$si) != $null) exit; if (uri == myself) t_relay(); }",
    ),
    (
        "W0609",
        "request_route { if ($sht(count=>$ci) != $null) exit; if (uri == myself) t_relay(); }",
        "request_route { if (!pike_check_req()) { ban_add($si, 60); exit; } if (uri == myself) t_relay(); }",
    ),
    (
        "W0610",
        r#"request_route { if (!proxy_authenticate("$fd", "subscriber")) exit; t_relay(); }"#,
        r#"request_route { if (!proxy_authenticate("$fd", "subscriber")) exit; consume_credentials(); t_relay(); }"#,
    ),
    (
        "W0610",
        r#"request_route { if (!auth_check("$fd", "subscriber", "1")) exit; remove_hf("Route"); t_relay(); }"#,
        r#"request_route { if (!auth_check("$fd", "subscriber", "1")) exit; remove_hf("Proxy-Authorization"); t_relay(); }"#,
    ),
    (
        "E0611",
        r#"request_route { sql_query("ca", "select d from t where n='$rU'", "ra"); }"#,
        r#"request_route { sql_query("ca", "select d from t where n='$(rU{s.escape.common})'", "ra"); }"#,
    ),
    (
        "E0611",
        r#"request_route { $var(q) = "select d from t where n='" + $rU + "'"; sql_xquery("ca", "$var(q)", "ra"); }"#,
        r#"request_route { $var(q) = "select d from t where n=" + $(rU{sql.val}); sql_xquery("ca", "$var(q)", "ra"); }"#,
    ),
    (
        "E0611",
        // A test of a part of the text lets the rest pass.
        r#"request_route { if ($rU !~ "^[0-9]+") exit; sql_query("ca", "select d from t where n='$rU'"); }"#,
        r#"request_route { if ($rU !~ "^\+?[0-9]+$") exit; sql_query("ca", "select d from t where n='$rU'"); }"#,
    ),
    (
        "E0611",
        r#"request_route { $var(n) = $hdr(X-Number); route(DB); } route[DB] { if (sql_query("ca", "select $var(n)") < 0) exit; }"#,
        r#"request_route { $var(n) = $(hdr(X-Number){s.int}); route(DB); } route[DB] { if (sql_query("ca", "select $var(n)") < 0) exit; }"#,
    ),
    (
        "E0611",
        // A dollar sign that begins no variable hides nothing.
        r#"request_route { sql_query("ca", "select '$', d from t where n='$rU'"); }"#,
        r#"request_route { sql_query("ca", "select '$', d from t where n='$(rU{re.subst,/[^0-9]//g})'"); }"#,
    ),
    (
        "E0611",
        r#"request_route { sql_query("ca", "select d from t where n='$(rU{s.tolower})' and s='$si'"); }"#,
        r#"request_route { sql_query("ca", "select d from t where n='$(rU{s.md5})' and s='$si'"); }"#,
    ),
    (
        "E0611",
        // A double quote ends the text where the database knows no backslash.
        r#"modparam("sqlops", "sqlcon", "ca=>sqlite:///a.db") request_route { sql_query("ca", "select d from t where n=\"$(rU{s.escape.common})\""); }"#,
        r#"modparam("sqlops", "sqlcon", "ca=>mysql://u:p@h/d") request_route { sql_query("ca", "select d from t where n=\"$(rU{s.escape.common})\""); }"#,
    ),
    (
        "E0611",
        r#"request_route { sql_query("ca", "select d from t where n=$(rU{s.escape.common})"); }"#,
        r#"request_route { sql_query("ca", "select d from t where m='x' and n='$(rU{s.escape.common})'"); }"#,
    ),
    (
        "E0611",
        // It closes the quotes around it.
        r#"request_route { sql_query("ca", "select d from t where n='$(rU{sql.val})'"); }"#,
        r#"request_route { sql_query("ca", "select d from t where m='it''s' and n=$(rU{sql.val})"); }"#,
    ),
    (
        "E0611",
        r#"request_route { $var(n) = $(rU{s.escape.common}); sql_query("ca", "select d from t where n=$var(n)"); }"#,
        r#"request_route { $var(n) = $(rU{s.escape.common}); sql_query("ca", "select d from t where n='$var(n)'"); }"#,
    ),
    (
        "E0611",
        r#"request_route { $var(n) = "$(rU{s.escape.common})@$rd"; sql_query("ca", "select d from t where n='$var(n)'"); }"#,
        r#"request_route { $var(n) = "$(rU{s.escape.common})@$si"; sql_query("ca", "select d from t where n='$var(n)'"); }"#,
    ),
    (
        "E0611",
        r#"request_route { $var(q) = "select d from t where n=" + $(rU{s.escape.common}) + " or m='x'"; sql_query("ca", "$var(q)"); }"#,
        r#"request_route { $var(q) = "select d from t where n='" + $(rU{s.escape.common}) + "' or m='x'"; sql_query("ca", "$var(q)"); }"#,
    ),
    (
        "E0612",
        r#"request_route { exec_msg("/usr/bin/note $(fU{s.escape.common})"); }"#,
        r#"request_route { exec_msg("/usr/bin/note $(fU{s.encode.hexa}) $si"); }"#,
    ),
    (
        "W0613",
        r#"modparam("auth_db", "calculate_ha1", yes) modparam("auth_db", "password_column", "password")"#,
        r#"modparam("auth_db", "calculate_ha1", 0) modparam("auth_db", "password_column", "ha1")"#,
    ),
    (
        "W0614",
        r#"modparam("tls", "tls_method", "TLSv1")"#,
        r#"modparam("tls", "tls_method", "TLSv1.2+")"#,
    ),
    (
        "W0614",
        r#"modparam("tls", "cipher_list", "HIGH:RC4-SHA")"#,
        r#"modparam("tls", "cipher_list", "HIGH:!RC4:!aNULL")"#,
    ),
    (
        "W0615",
        r#"modparam("tls", "verify_certificate", 0)"#,
        r#"modparam("tls", "verify_certificate", 1)"#,
    ),
    (
        "E0616",
        r#"loadmodule "topoh.so" modparam("topoh", "mask_key", "YouDoHaveToChangeThisKey")"#,
        r#"loadmodule "topoh.so" modparam("topoh", "mask_key", "pQ7zr0dXWc4m9VtL")"#,
    ),
    (
        "E0616",
        r#"loadmodule "topoh.so" modparam("topoh", "mask_key", "my secret here")"#,
        r#"loadmodule "topoh.so" modparam("topoh", "mask_key", "random") modparam("topoh", "mask_mode", "sealed")"#,
    ),
    (
        "E0616",
        r#"loadmodule "topoh.so" modparam("topoh", "mask_key", "random") modparam("topoh", "mask_mode", "migrate")"#,
        r#"loadmodule "topoh.so" modparam("topoh", "mask_key", "xQ5-0kVvZ") modparam("topoh", "mask_mode", "migrate")"#,
    ),
    (
        "E0621",
        r#"loadmodule "topoh.so" modparam("topoh", "mask_mode", "kamailio")"#,
        r#"loadmodule "topoh.so" modparam("topoh", "mask_mode", "sealed")"#,
    ),
    (
        "E0621",
        r#"loadmodule "topoh.so""#,
        r#"loadmodule "topoh.so" modparam("topoh", "mask_mode", "migrate")"#,
    ),
    (
        "E0616",
        r#"loadmodule "topoh.so""#,
        r#"loadmodule "topos.so""#,
    ),
    (
        "E0616",
        r#"loadmodule "topos.so" modparam("topos", "mask_callid", 1) modparam("topos", "mask_key", "secret")"#,
        r#"loadmodule "topos.so" modparam("topos", "mask_callid", 1) modparam("topos", "mask_key", "xQ5-0kVvZ")"#,
    ),
    (
        "E0616",
        r#"loadmodule "topos.so" modparam("topos", "mask_callid", 1) modparam("topos", "db_url", "sqlite:///x")"#,
        r#"loadmodule "topos.so" modparam("topos", "mask_callid", 1) modparam("topos", "storage", "memory")"#,
    ),
    (
        "E0616",
        r#"loadmodule "topos.so" modparam("topos", "mask_callid", 1)"#,
        r#"loadmodule "topos.so" modparam("topos", "mask_callid", 1) modparam("topos", "db_url", "mysql://k:xQ5-0kVvZ@h/k")"#,
    ),
    (
        "W0622",
        r#"loadmodule "topoh.so" request_route { remove_hf("User-Agent"); t_relay(); } reply_route { route(HIDE); } route[HIDE] { remove_hf_re("^(.*)$"); }"#,
        r#"loadmodule "topoh.so" request_route { route(HIDE); t_relay(); } reply_route { route(HIDE); } route[HIDE] { remove_hf_re("^(.*)$"); }"#,
    ),
    (
        "W0622",
        // On one way.
        r#"loadmodule "topos.so" request_route { if (src_ip == 10.0.0.1) remove_hf_re("."); t_relay(); } reply_route { remove_hf_re("."); }"#,
        r#"loadmodule "topos.so" request_route { t_on_branch("OUT"); t_relay(); } branch_route[OUT] { remove_hf_re("."); } reply_route { keep_hf("^(Via|From|To)$"); }"#,
    ),
    (
        "W0622",
        // In replies.
        r#"loadmodule "topoh.so" request_route { remove_hf_re("."); t_relay(); }"#,
        r#"loadmodule "topoh.so" request_route { remove_hf_re("."); t_on_reply("BACK"); t_relay(); } onreply_route[BACK] { remove_hf_re("."); }"#,
    ),
    (
        "W0622",
        r#"loadmodule "topoh.so" request_route { if (is_method("CANCEL|BYE")) { t_relay(); exit; } }"#,
        // Nothing is hidden.
        r#"request_route { t_relay(); }"#,
    ),
    ("W0617", r#"server_signature=yes"#, "server_signature=no"),
    (
        "W0617",
        r#"server_header="Server: kamailio (5.6.3)" user_agent_header="User-Agent: sip""#,
        r#"server_header="Server: Kamailio" user_agent_header="User-Agent: Kamailio" sip_warning=0"#,
    ),
    (
        "W0617",
        "server_signature=no sip_warning=1",
        "server_signature=no sip_warning=0",
    ),
    (
        "E0618",
        r#"modparam("ctl", "binrpc", "tcp:0.0.0.0:2049")"#,
        r#"modparam("ctl", "binrpc", "tcp:127.0.0.1:2049") modparam("ctl", "binrpc", "unix:/run/ctl.sock")"#,
    ),
    (
        "E0618",
        r#"modparam("jsonrpcs", "dgram_socket", "udp:[2001:db8::1]:8090")"#,
        r#"modparam("jsonrpcs", "dgram_socket", "udp:10.0.0.1:8090")"#,
    ),
    (
        "E0618",
        r#"event_route[xhttp:request] { if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; } } request_route { exit; }"#,
        r#"event_route[xhttp:request] { if (src_ip != 127.0.0.1) exit; jsonrpc_dispatch(); } request_route { exit; }"#,
    ),
    (
        "E0618",
        r#"listen=tcp:0.0.0.0:8080 event_route[xhttp:request] { jsonrpc_dispatch(); } request_route { exit; }"#,
        r#"listen=udp:192.0.2.1:5060 listen=tcp:127.0.0.1:8080 event_route[xhttp:request] { jsonrpc_dispatch(); } request_route { exit; }"#,
    ),
    (
        "E0618",
        r#"event_route[xhttp:request] { if ($hdr(X-Key) == "x") jsonrpc_dispatch(); } request_route { exit; }"#,
        r#"event_route[xhttp:request] { if ($hdr(X-Key) == "9f2c44d07be1a835") jsonrpc_dispatch(); } request_route { exit; }"#,
    ),
    (
        "W0619",
        r#"modparam("auth_db", "db_url", "mysql://k:k@198.51.100.7/k")"#,
        r#"modparam("auth_db", "db_url", "mysql://k:k@10.1.2.3:3306/k") modparam("usrloc", "db_url", "mysql://k:k@db.test/k")"#,
    ),
];

#[test]
fn each_appears_and_disappears() {
    for (code, wrong, right) in CASES {
        let found = codes(&of(wrong), &[]);
        assert!(
            found.iter().any(|found| found == code),
            "{code} is missing in {found:?}:\n{wrong}"
        );
        let found = codes(&of(right), &[]);
        assert!(
            !found.iter().any(|found| found == code),
            "{code} is too much in {found:?}:\n{right}"
        );
    }
}

#[test]
fn a_readable_file_gives_its_password_away() {
    let mut memory = of(
        "#!define DBURL \"mysql://kamailio:kamailiorw@localhost/kamailio\"\nmodparam(\"auth_db\", \"db_url\", DBURL)\n",
    );
    assert_eq!(codes(&memory, &[]), ["W0617"]);
    memory.world_readable = true;
    let (lines, text) = support::audited(&memory, &[]);
    assert!(lines.contains(&"E0620 1".to_owned()), "{text}");
    assert!(text.contains("chmod o-rwx main.cfg"), "{text}");
    memory.files.insert(
        "main.cfg".to_owned(),
        b"modparam(\"auth_db\", \"db_url\", \"sqlite:///var/k.sqlite\")".to_vec(),
    );
    assert_eq!(codes(&memory, &[]), ["W0617"]);
}

#[test]
fn profiles_of_tls_are_read_too() {
    let mut memory = of("server_signature=no\nmodparam(\"tls\", \"config\", \"tls.cfg\")\n");
    let mut profiles = |text: &str| {
        memory
            .files
            .insert("tls.cfg".to_owned(), text.as_bytes().to_vec());
        support::audited(&memory, &[])
    };
    let (lines, text) = profiles(
        "[server:default]\nmethod = TLSv1\nverify_certificate = no\n\n[client:default]\nverify_certificate = no\n",
    );
    assert_eq!(lines, ["W0614 2", "W0615 6"], "{text}");
    assert!(text.contains("tls.cfg:2:1"), "{text}");
    let (lines, text) = profiles("[client:10.0.0.1:5061]\nmethod = TLSv1.3\n[server:default]\n");
    assert_eq!(lines, ["W0615 1"], "{text}");
    let (lines, text) = profiles(
        "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\n[client:default]\nmethod=TLSv1.3 # TLSv1\nverify_certificate = yes\n",
    );
    assert!(lines.is_empty(), "{text}");
}

#[test]
fn what_cannot_be_looked_at_in_full_is_said() {
    let mut text = "request_route {\n".to_owned();
    for number in 0..40 {
        text +=
            &format!("if ($si == \"$var(x)\") $var(v{number}) = 1; else $var(v{number}) = 2;\n");
        text += &format!(
            "if ($rU =~ \"^{number}\") setflag({number}); if ($fU =~ \"{number}\") setbflag({number});\n"
        );
    }
    for number in 0..1500 {
        text += &format!("$avp(y) = {number};\n");
    }
    text += "}\n";
    assert!(codes(&of(&text), &[]).contains(&"W0600".to_owned()));
    assert!(!codes(&of("request_route { exit; }"), &[]).contains(&"W0600".to_owned()));
}

#[test]
fn no_nesting_is_too_deep() {
    let mut text = "request_route { route(0); }\n".to_owned();
    for number in 0..150 {
        let (open, close) = ("if ($rU =~ \"^1\") { ".repeat(50), " }".repeat(50));
        text += &format!(
            "route[{number}] {{ {open} route({}); {close} }}\n",
            number + 1
        );
    }
    assert!(codes(&of(&text), &[]).contains(&"W0600".to_owned()));
    // Routes that call each other end.
    let text = "request_route { route(A); } route[A] { route(B); t_relay(); } route[B] { if ($rU == $null) route(A); }";
    assert!(codes(&of(text), &[]).contains(&"E0601".to_owned()));
}

#[test]
fn every_finding_says_what_to_write_and_has_a_page() {
    for (code, wrong, _) in CASES {
        let (_, text) = support::audited(&of(wrong), &[]);
        assert!(text.contains("= help: "), "{text}");
        assert!(script::explain(code).is_some(), "{code} has no page");
    }
}

#[test]
fn a_finding_shows_the_way() {
    let (lines, text) = support::audited(
        &of(
            "request_route {\n\troute(A);\n}\nroute[A] {\n\troute(B);\n}\nroute[B] {\n\tt_relay();\n}\n",
        ),
        &[],
    );
    assert!(lines.contains(&"E0601 8".to_owned()), "{text}");
    for part in [
        "main.cfg:8:2",
        "main.cfg:2:2",
        "main.cfg:5:2",
        "on the way from here",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}
