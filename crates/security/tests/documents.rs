//! Configurations put together from what tutorials and talks about Kamailio's security print.

mod support;

use support::{audited, of};

/// What a tutorial is about, its configuration, and every finding in it.
const DOCUMENTS: &[(&str, &str, &[&str])] = &[
    (
        "a registrar without checks",
        r#"loadmodule "registrar.so"
           request_route {
               if (is_method("REGISTER")) { save("location"); exit; }
               if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
               t_relay();
           }"#,
        &[
            "E0604", "W0605", "W0606", "W0607", "W0608", "W0609", "W0617",
        ],
    ),
    (
        "pike, and a header of its own",
        r#"server_header="Server: Simple Server"
           user_agent_header="User-Agent: My SIP Server"
           modparam("pike", "sampling_time_unit", 2)
           route {
               if (!pike_check_req()) { xlog("L_ALERT", "ALERT: pike block $rm from $fu (IP:$si:$sp)\n"); exit; }
               if (!mf_process_maxfwd_header("10")) exit;
               if (uri == myself) { if (lookup("location")) t_relay(); }
           }"#,
        &["W0606", "W0608", "W0609"],
    ),
    (
        "the checks of a talk",
        r#"server_signature=no
           modparam("htable", "htable", "ipban=>size=8;autoexpire=300;")
           request_route {
               if (src_ip!=myself) {
                   if ($sht(ipban=>$si)!=$null) { xdbg("blocked IP - $rm from $fu (IP:$si:$sp)\n"); exit; }
                   if (!pike_check_req()) { $sht(ipban=>$si) = 1; exit; }
               }
               if (!sanity_check("17895", "7")) { xlog("Malformed SIP request from $si:$sp\n"); exit; }
               if ($ua =~ "friendly-scanner|sipcli|sipvicious|VaxSIPUserAgent") { xlog("L_INFO", "scan from $si:$sp - $ua\n"); exit; }
               if ($au =~ "(\=)|(\-\-)|(')|(\#)|(\%27)|(\%24)") { xlog("L_INFO", "injection from $si:$sp - $au\n"); exit; }
               if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
               if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
               t_relay();
           }"#,
        &[],
    ),
    (
        "a limit by method alone",
        r#"server_signature=no
           modparam("ratelimit", "queue", "0:*")
           request_route {
               if (is_method("INVITE|REGISTER|SUBSCRIBE")) {
                   if (!rl_check()) { append_to_reply("Retry-After: 5\r\n"); sl_send_reply("503", "Limiting"); exit; }
               }
               if (ds_select_dst("1", "4")) t_relay();
           }"#,
        &["W0605", "W0606", "W0607", "W0608", "W0609"],
    ),
    (
        "three failures, then fifteen minutes",
        r#"server_signature=no
           modparam("htable", "htable", "a=>size=8;autoexpire=920;")
           request_route {
               if (!is_method("REGISTER")) exit;
               if (is_present_hf("Authorization")) {
                   if ($sht(a=>$au::auth_count) == 3) {
                       $var(exp) = $Ts - 900;
                       if ($sht(a=>$au::last_auth) > $var(exp)) { send_reply("403", "Try later"); exit; }
                       else { $sht(a=>$au::auth_count) = 0; }
                   }
                   if (!www_authenticate("$td", "subscriber")) {
                       switch ($retcode) {
                           case -1: sl_send_reply("403", "Forbidden"); exit;
                           case -2:
                               if ($sht(a=>$au::auth_count) == $null) $sht(a=>$au::auth_count) = 0;
                               $sht(a=>$au::auth_count) = $sht(a=>$au::auth_count) + 1;
                               $sht(a=>$au::last_auth) = $Ts;
                               break;
                       }
                       www_challenge("$td", "0"); exit;
                   }
                   $sht(a=>$au::auth_count) = 0;
               } else { www_challenge("$td", "0"); exit; }
               save("location");
           }"#,
        &["W0605", "W0606", "W0608", "W0609"],
    ),
    (
        "topology hiding",
        r#"server_signature=no
           loadmodule "topoh.so"
           modparam("topoh", "mask_key", "my-random-key")
           modparam("topoh", "mask_ip", "10.0.0.1")
           modparam("topos", "db_url", "mysql://kamailio:kamailiorw@localhost/kamailio")
           request_route { exit; }"#,
        &["E0616", "E0621"],
    ),
    (
        "groups of users, without asking who he is",
        r#"server_signature=no
           request_route {
               if (method=="INVITE") {
                   if (uri=~"sip:00[1-9][0-9]+@.*") {
                       if (!is_user_in("From", "international")) { sl_send_reply("403", "No permission for international calls"); exit; }
                   }
                   t_relay();
               }
           }"#,
        &["E0601", "W0605", "W0606", "W0607", "W0608", "W0609"],
    ),
    (
        "a source that is denied is not one that is trusted",
        r#"server_signature=no
           request_route {
               if (src_ip==10.1.1.10) { sl_send_reply("403", "Forbidden"); exit; }
               if (src_ip==10.1.1.0/24) { sl_send_reply("403", "Forbidden"); exit; }
               $var(myip) = "10.1.1.10";
               if ($si==$var(myip)) { sl_send_reply("403", "Forbidden"); exit; }
               t_relay();
           }"#,
        &["E0601", "W0605", "W0606", "W0607", "W0608", "W0609"],
    ),
    (
        "carriers by address",
        r#"server_signature=no
           request_route {
               if (!allow_source_address("1")) { sl_send_reply("403", "Forbidden"); exit; }
               t_relay();
           }"#,
        &["W0606", "W0607"],
    ),
    (
        "passwords as they are, TLS as it was",
        r#"server_signature=no
           modparam("auth_db", "calculate_ha1", 1)
           modparam("auth_db", "password_column", "password")
           modparam("tls", "tls_method", "TLSv1")
           modparam("tls", "verify_certificate", 0)
           request_route { exit; }"#,
        &["W0613", "W0614", "W0615"],
    ),
    (
        "the table that everybody can drop",
        r#"server_signature=no
           request_route {
               sql_query("db", "SELECT forward_destination FROM routes WHERE dialed_number = '$rU'", "ra");
               exit;
           }"#,
        &["E0611"],
    ),
    (
        "secfilter",
        r#"server_signature=no
           request_route {
               secf_check_ip();
               if ($? == -2) { xlog("L_ALERT", "$rm from $si blocked because IP address is blacklisted"); exit; }
               secf_check_ua();
               if ($? == -2) { xlog("L_ALERT", "$rm from $si blocked because UserAgent is blacklisted"); exit; }
               if (!pike_check_req()) exit;
               if (!maxfwd_process("10") || !sanity_check()) exit;
               if (ds_select_dst("1", "4")) t_relay();
           }"#,
        &[],
    ),
    (
        "commands over HTTP and UDP",
        r#"server_signature=no
           modparam("ctl", "binrpc", "udp:0.0.0.0:2046")
           modparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:8090")
           request_route { exit; }
           event_route[xhttp:request] { if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; } }"#,
        &["E0618"],
    ),
];

#[test]
fn each_is_judged() {
    for (about, text, expected) in DOCUMENTS {
        let memory = of(text);
        let (_, report) = audited(&memory, &[]);
        assert_eq!(
            support::codes(&memory, &[]),
            *expected,
            "{about}:\n{report}"
        );
    }
}
