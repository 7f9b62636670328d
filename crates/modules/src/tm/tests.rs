//! Calls and what they ask of the transaction layer; return codes as Kamailio 5.6.3 gives them.

use crate::testing::{Ran, run};
use policy::{Effect, ReplyHow, TransactionAction};

const INVITE: &str = "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n\
                      To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

const PARAMS: &str = "loadmodule \"tm\"\nmodparam(\"tm\", \"contacts_avp\", \"tc\")\nmodparam(\"tm\", \"contact_flows_avp\", \"tf\")\n";

const ROUTES: &str = "failure_route[F] { rc(); }\nbranch_route[B] { rc(); }\nonreply_route[R] { rc(); }\n\
                      event_route[tm:branch-failure:X] { rc(); }\n";

fn route(body: &str) -> Ran {
    run(
        &format!("{PARAMS}request_route {{ {body} }}\n{ROUTES}"),
        INVITE,
    )
}

fn wish(call: &str) -> String {
    match route(&format!("{call};")).effect {
        Some(Effect::Transaction(action)) => shown(&action),
        Some(Effect::Reply(reply)) => format!("reply {} {:?}", reply.code, reply.how),
        _ => "nothing".to_owned(),
    }
}

fn shown(action: &TransactionAction) -> String {
    let TransactionAction::Relay(relay) = action else {
        return format!("{action:?}");
    };
    let to = relay.to.as_ref().map(|to| {
        format!(
            "{:?} {} {}",
            to.proto,
            String::from_utf8_lossy(&to.host),
            to.port
        )
    });
    format!("relay {to:?} {:?} {}", relay.proto, relay.flags)
}

/// A call and what it asks for.
const WISHES: [(&str, &str); 16] = [
    ("t_relay()", "relay None None 0"),
    (
        "t_relay(\"192.0.2.1\", \"5070\")",
        "relay Some(\"None 192.0.2.1 5070\") None 0",
    ),
    (
        "t_relay_to_udp(\"192.0.2.1\", \"5070\")",
        "relay Some(\"Some(Udp) 192.0.2.1 5070\") Some(Udp) 0",
    ),
    ("t_relay_to_tls()", "relay None Some(Tls) 0"),
    ("t_relay_to(\"0x01\")", "relay None None 1"),
    (
        "t_relay_to(\"tcp:192.0.2.1:5070\", \"4\")",
        "relay Some(\"Some(Tcp) 192.0.2.1 5070\") None 4",
    ),
    ("t_replicate()", "Replicate(None)"),
    ("t_newtran()", "New"),
    ("t_check_trans()", "Check"),
    ("t_lookup_request()", "LookupRequest"),
    ("t_lookup_cancel()", "LookupCancel"),
    ("t_release()", "Release"),
    ("t_send_reply(\"404\", \"x\")", "reply 404 Transaction"),
    ("t_relay_cancel()", "nothing"),
    ("t_forward_nonack(\"192.0.2.1\", \"5070\")", "nothing"),
    ("t_reply(\"404\", \"x\")", "nothing"),
];

#[test]
fn calls_ask_the_transaction_layer() {
    for (call, wanted) in WISHES {
        assert_eq!(wish(call), wanted, "{call}");
    }
}

/// A call outside of a transaction, and its return code.
const CODES: [(&str, i32); 14] = [
    ("t_reply(\"404\", \"x\")", -1),
    ("t_is_canceled()", -1),
    ("t_is_expired()", -1),
    ("t_check_status(\"4[0-9][0-9]\")", -1),
    ("t_get_status_code()", -1),
    ("t_any_replied()", -1),
    ("t_any_timeout()", -1),
    ("t_branch_timeout()", -1),
    ("t_retransmit_reply()", -1),
    ("t_save_lumps()", -1),
    ("t_is_set(\"failure_route\")", -1),
    ("t_relay_cancel()", 1),
    ("t_use_uac_headers()", 1),
    ("t_next_contacts()", -2),
];

#[test]
fn without_a_transaction_there_is_little_to_say() {
    for (call, code) in CODES {
        assert_eq!(route(&format!("{call}; rc();")).codes, [code], "{call}");
    }
}

#[test]
fn routes_are_armed_by_name_and_taken_back() {
    let ran = route(
        "t_on_failure(\"F\"); t_on_branch(\"B\"); t_on_reply(\"R\"); t_on_branch_failure(\"X\"); \
         t_is_set(\"failure_route\"); rc(); t_is_set(\"branch_route\"); rc(); t_on_reply(\"0\"); \
         t_is_set(\"onreply_route\"); rc();",
    );
    assert_eq!(ran.codes, [1, 1, -1]);
    assert!(
        ran.context.armed.on_failure.is_some() && ran.context.armed.on_branch_failure.is_some()
    );
}

#[test]
fn timers_change_one_by_one() {
    let ran = route(
        "t_set_fr(10000); t_set_fr(0, 2000); t_set_retr(100, 0); t_set_max_lifetime(0, 7000);",
    );
    let timers = ran.context.armed.timers.expect("timers");
    assert_eq!(
        (timers.fr_inv_timer_ms, timers.fr_timer_ms),
        (10_000, 2_000)
    );
    assert_eq!((timers.retr_timer1_ms, timers.retr_timer2_ms), (100, 4_000));
    assert_eq!(
        (timers.max_inv_lifetime_ms, timers.max_noninv_lifetime_ms),
        (180_000, 7_000)
    );
    let ran = route("t_set_fr(10000, 2000); t_set_retr(100, 0); t_reset_fr();");
    let timers = ran.context.armed.timers.expect("timers");
    assert_eq!(
        (
            timers.fr_inv_timer_ms,
            timers.fr_timer_ms,
            timers.retr_timer1_ms
        ),
        (120_000, 30_000, 100)
    );
}

#[test]
fn switches_are_set() {
    let ran = route(
        "t_set_auto_inv_100(0); t_set_disable_6xx(1); t_set_disable_failover(1); \
         t_set_disable_internal_reply(1); t_set_no_e2e_cancel_reason(1);",
    );
    let armed = &ran.context.armed;
    assert_eq!(armed.auto_100, Some(false));
    assert!(armed.no_6xx && armed.no_failover && armed.no_internal_reply && armed.no_cancel_reason);
}

#[test]
fn serial_forking_without_further_targets_does_nothing() {
    let ran = route("t_load_contacts(); rc(); t_next_contacts(); rc();");
    assert_eq!(ran.codes, [1, -2]);
    let ran = run(
        "loadmodule \"tm\"\nrequest_route { t_load_contacts(); rc(); t_next_contacts(); rc(); }",
        INVITE,
    );
    assert_eq!(ran.codes, [-1, -1]);
    assert!(
        ran.log
            .iter()
            .any(|line| line.contains("feature has been disabled")),
        "{:?}",
        ran.log
    );
}

#[test]
fn a_bad_code_takes_the_default() {
    let ran = route("t_send_reply(\"$out(none)\", \"$out(none)\");");
    let Some(Effect::Reply(reply)) = ran.effect else {
        panic!("no reply")
    };
    assert_eq!((reply.code, reply.how), (500, ReplyHow::Transaction));
    assert_eq!(reply.reason, "Server Internal Error");
}
