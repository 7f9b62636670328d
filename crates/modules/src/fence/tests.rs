//! What the function answers to targets as they are written.

use crate::testing::run;

/// Runs `fence_target()` on a request to this host; 1 or -1.
fn code(settings: &str, call: &str, host: &str) -> i32 {
    let script = format!("loadmodule \"fence\"\n{settings}\nrequest_route {{ {call}; rc(); }}");
    let message = format!("INVITE sip:x@{host} SIP/2.0\nVia: SIP/2.0/UDP h\n\n");
    run(&script, &message).codes[0]
}

#[test]
fn public_addresses_and_names_are_targets() {
    for host in ["9.9.9.9", "9.9.9.9:5080", "[2606:4700::1]", "example.test"] {
        assert_eq!(code("", "fence_target()", host), 1, "{host}");
    }
}

#[test]
fn the_inside_is_no_target() {
    for host in [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::]:5060",
        "[::ffff:10.0.0.1]",
        "[fe80::1]",
        "[fd00::1]",
        "224.0.1.75",
    ] {
        assert_eq!(code("", "fence_target()", host), -1, "{host}");
    }
}

#[test]
fn operators_name_what_may_be_reached() {
    let allow = "modparam(\"fence\", \"allow\", \"10.0.0.0/8\")";
    assert_eq!(code(allow, "fence_target()", "10.1.2.3"), 1);
    assert_eq!(code(allow, "fence_target()", "192.168.1.1"), -1);
    assert_eq!(code("", "fence_target(\"192.168.1.1\")", "192.168.1.1"), 1);
    assert_eq!(code("", "fence_target(\"192.168.1.1\")", "192.168.1.2"), -1);
}

#[test]
fn the_next_hop_counts_where_there_is_one() {
    let call = "$du = \"sip:10.0.0.1\"; fence_target()";
    let script =
        format!("loadmodule \"fence\"\nloadmodule \"pv\"\nrequest_route {{ {call}; rc(); }}");
    let ran = run(
        &script,
        "INVITE sip:x@9.9.9.9 SIP/2.0\nVia: SIP/2.0/UDP h\n\n",
    );
    assert_eq!(ran.codes, [-1]);
}

#[test]
fn a_party_of_a_call_names_itself_and_the_public() {
    for (party, host, code_of_it) in [
        ("192.168.1.1", "192.168.1.1", 1),
        ("192.168.1.1", "192.168.1.2", -1),
        ("192.168.1.1", "9.9.9.9", 1),
        ("", "9.9.9.9", 1),
        ("", "127.0.0.1", -1),
    ] {
        let call = format!("fence_party(\"{party}\")");
        assert_eq!(code("", &call, host), code_of_it, "{party} {host}");
    }
}
