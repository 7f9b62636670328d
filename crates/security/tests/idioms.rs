//! Authentication as it is written in the field: right ones are not reported, and the same with a slip are.

mod support;

use support::{audited, codes, of};

/// What stands around each idiom: checks, registrations, dialogs and CANCEL as they should be.
const AROUND: &str = r#"
server_signature=no
loadmodule "rr.so"
modparam("rr", "sign_key", "0123456789abcdef")
request_route {
	if ($sht(ipban=>$si) != $null) exit;
	if (src_ip != myself && !pike_check_req()) { $sht(ipban=>$si) = 1; exit; }
	if ($ua =~ "friendly-scanner|sipcli") exit;
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (!sanity_check("17895", "7")) exit;
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
		sl_send_reply("404", "Not here");
		exit;
	}
	if (is_method("ACK")) exit;
	t_check_trans();
	BODY
}
"#;

/// Name, the body, the routes beside it.
const RIGHT: &[(&str, &str, &str)] = &[
    (
        "trusted sources, then passwords",
        r#"if (!allow_source_address("1")) {
               if (!proxy_authenticate("$fd", "subscriber")) { proxy_challenge("$fd", "0"); exit; }
               consume_credentials();
           }
           t_relay();"#,
        "",
    ),
    (
        "a route that returns for friends",
        r#"route(AUTH); if (is_method("REGISTER")) { save("location"); exit; } t_relay();"#,
        r#"route[AUTH] {
               if (!is_method("REGISTER") && allow_source_address()) return;
               if (!auth_check("$fd", "subscriber", "1")) { auth_challenge("$fd", "0"); exit; }
               if (!is_method("REGISTER|PUBLISH")) consume_credentials();
               return;
           }"#,
    ),
    (
        "a route whose code decides",
        r#"if (!route(IS_KNOWN)) { sl_send_reply("403", "Forbidden"); exit; } t_relay();"#,
        r#"route[IS_KNOWN] {
               if (ds_is_from_list("1")) return 1;
               if (is_from_gw()) return 1;
               return -1;
           }"#,
    ),
    (
        "a route that gives the code of its last call",
        r#"if (route(IS_KNOWN) != 1) { exit; } t_relay();"#,
        r#"route[IS_KNOWN] { allow_trusted(); }"#,
    ),
    (
        "a return code asked for by a switch",
        r#"www_authenticate("$td", "subscriber");
           switch ($rc) {
               case -1: case -2: case -3:
                   sl_send_reply("403", "Forbidden"); exit;
               case 1: break;
               default: www_challenge("$td", "1"); exit;
           }
           consume_credentials(); t_relay();"#,
        "",
    ),
    (
        "a return code kept in a variable",
        r#"auth_check("$fd", "subscriber", "1"); $var(rc) = $rc;
           xlog("code $var(rc)\n"); remove_hf("X-Old");
           if ($var(rc) < 0) { auth_challenge("$fd", "0"); exit; }
           consume_credentials(); t_relay();"#,
        "",
    ),
    (
        "one of two, in one condition",
        r#"if (!(allow_source_address("1") || proxy_authenticate("$fd", "subscriber"))) {
               proxy_challenge("$fd", "1"); exit;
           }
           consume_credentials(); t_relay();"#,
        "",
    ),
    (
        "a flag for friends",
        r#"if (src_ip == 192.0.2.0/24 || $si == "198.51.100.7") setflag(5);
           if (!isflagset(5)) {
               if (!pv_proxy_authenticate("$fd", "$avp(password)", "0")) { proxy_challenge("$fd", "1"); exit; }
               consume_credentials();
           }
           t_relay();"#,
        "",
    ),
    (
        "a variable for friends",
        r#"$var(known) = 0;
           if (allow_address("1", "$si", "$sp")) { $var(known) = 1; }
           if ($var(known) == 0) { sl_send_reply("403", "Forbidden"); exit; }
           t_relay();"#,
        "",
    ),
    (
        "foreigners only to us",
        r#"if (from_uri == myself) {
               if (!proxy_authorize("$fd", "subscriber")) { proxy_challenge("$fd", "1"); exit; }
               consume_credentials();
           } else if (uri != myself) { sl_send_reply("403", "No relaying"); exit; }
           if (uri == myself) { if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; } }
           t_relay();"#,
        "",
    ),
    (
        "many domains",
        r#"if (is_from_local()) {
               if (!proxy_authenticate("$fd", "subscriber")) { proxy_challenge("$fd", "1"); exit; }
               consume_credentials();
           } else if (!is_uri_host_local()) { sl_send_reply("403", "No relaying"); exit; }
           t_relay();"#,
        "",
    ),
    (
        "the domain as a text",
        r#"if ($rd != "example.test" && $rd !~ "^(sip|voip)\.example\.test$") { sl_send_reply("404", "Not here"); exit; }
           if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
           t_relay();"#,
        "",
    ),
    (
        "a balancer",
        r#"if (!ds_select_dst("1", "4")) { send_reply("503", "Unavailable"); exit; }
           t_on_failure("NEXT"); t_relay();"#,
        r#"failure_route[NEXT] { if (t_check_status("503|408") && ds_next_dst()) { t_relay(); } }"#,
    ),
    (
        "carriers in a table",
        r#"if ($sht(carriers=>$si) == $null) { sl_send_reply("403", "Forbidden"); exit; }
           $ru = "sip:" + $rU + "@gateway.test"; t_relay();"#,
        "",
    ),
    (
        "methods one by one",
        r#"switch ($rm) {
               case "REGISTER":
                   if (!www_authenticate("$td", "subscriber")) { www_challenge("$td", "1"); exit; }
                   save("location"); exit;
               case "INVITE": case "MESSAGE": break;
               default: sl_send_reply("405", "Method Not Allowed"); exit;
           }
           if (!is_method("INVITE|MESSAGE")) t_relay();
           if (!proxy_authenticate("$fd", "subscriber")) { proxy_challenge("$fd", "1"); exit; }
           consume_credentials(); t_relay();"#,
        "",
    ),
    (
        "a token instead of a password",
        r#"if (!jwt_verify("/etc/key.pem", "RS256", "caller='$fU'", "$hdr(Authorization)")) { exit; } t_relay();"#,
        "",
    ),
    (
        "a client certificate",
        r#"if (proto != TLS || $tls_peer_verified != 1) { sl_send_reply("403", "Forbidden"); exit; } t_relay();"#,
        "",
    ),
];

#[test]
fn what_is_right_is_not_reported() {
    for (name, body, beside) in RIGHT {
        let memory = of(&(AROUND.replace("BODY", body) + beside));
        let (lines, text) = audited(&memory, &[]);
        assert!(lines.is_empty(), "{name}:\n{text}");
    }
}

/// Name, the code, the body, the routes beside it.
const WRONG: &[(&str, &str, &str, &str)] = &[
    (
        "a claim in From",
        "E0601",
        r#"if (from_uri != myself) exit; t_relay();"#,
        "",
    ),
    (
        "credentials that nobody looks at",
        "E0601",
        r#"if ($au == $null) { proxy_challenge("$fd", "1"); exit; } t_relay();"#,
        "",
    ),
    (
        "or instead of and",
        "E0601",
        r#"if (from_uri == myself || uri == myself) t_relay(); else { sl_send_reply("403", "No relaying"); exit; }"#,
        "",
    ),
    (
        "one method forgotten",
        "E0601",
        r#"if (is_method("INVITE")) { if (!proxy_authenticate("$fd", "subscriber")) { proxy_challenge("$fd", "1"); exit; } consume_credentials(); } t_relay();"#,
        "",
    ),
    (
        "a route that succeeds for all",
        "E0601",
        r#"if (!route(IS_KNOWN)) exit; t_relay();"#,
        r#"route[IS_KNOWN] { if (!allow_source_address()) { xlog("stranger\n"); return; } return 1; }"#,
    ),
    (
        "refused, but not ended",
        "E0601",
        r#"if (!allow_source_address("1")) sl_send_reply("403", "Forbidden"); t_relay();"#,
        "",
    ),
    (
        "an address that the caller names",
        "E0601",
        r#"if (!allow_address("1", "$rd", "0")) exit; t_relay();"#,
        "",
    ),
    (
        "domains compared with each other",
        "E0601",
        r#"if ($rd != $fd) { sl_send_reply("403", "Forbidden"); exit; } t_relay();"#,
        "",
    ),
    (
        "a flag that means something else",
        "E0601",
        r#"if (allow_source_address("1")) setflag(5); if (!isflagset(5)) resetflag(6); t_relay();"#,
        "",
    ),
    (
        "the destination changes after it was looked at",
        "E0601",
        r#"if (uri != myself) exit; $ru = $hdr(X-Forward-To); t_relay();"#,
        "",
    ),
    (
        "a registrar behind a wrong condition",
        "E0604",
        r#"if (is_method("REGISTER") && from_uri != myself) { if (!www_authenticate("$td", "subscriber")) { www_challenge("$td", "1"); exit; } } if (is_method("REGISTER")) { save("location"); exit; }"#,
        "",
    ),
];

#[test]
fn a_slip_is_reported() {
    for (name, code, body, beside) in WRONG {
        let memory = of(&(AROUND.replace("BODY", body) + beside));
        let found = codes(&memory, &[]);
        assert!(found.iter().any(|found| found == code), "{name}: {found:?}");
    }
}
