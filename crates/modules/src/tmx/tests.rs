//! Functions and variables outside of a transaction, as Kamailio 5.6.3 was seen to answer; those
//! inside one are in the scenarios.

use crate::testing::{problems, run};
use policy::{Effect, TransactionAction};

fn message(method: &str) -> String {
    format!(
        "{method} sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n\
         To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

fn script(body: &str) -> String {
    format!("loadmodule \"tmx\"\nrequest_route {{ {body} }}\nroute[GO] {{ rc(); }}")
}

fn wish(method: &str, call: &str) -> Option<TransactionAction> {
    match run(&script(&format!("{call};")), &message(method)).effect {
        Some(Effect::Transaction(action)) => Some(action),
        _ => None,
    }
}

#[test]
fn the_kind_of_the_route_is_known() {
    let body = "t_is_request_route(); rc(); t_is_failure_route(); rc(); t_is_branch_route(); rc(); t_is_reply_route(); rc();";
    assert_eq!(
        run(&script(body), &message("INVITE")).codes,
        [1, -1, -1, -1]
    );
}

#[test]
fn functions_ask_the_transaction_layer() {
    assert!(matches!(
        wish("INVITE", "t_precheck_trans()"),
        Some(TransactionAction::Precheck)
    ));
    assert!(matches!(
        wish("INVITE", "t_suspend()"),
        Some(TransactionAction::Suspend)
    ));
    assert!(matches!(
        wish("INVITE", "t_drop()"),
        Some(TransactionAction::Drop)
    ));
    let continued = wish(
        "INVITE",
        "t_continue(\"18364758544493064720\", \"4294967295\", \"GO\")",
    );
    let Some(TransactionAction::Continue { index, label, .. }) = continued else {
        panic!("no wish")
    };
    assert_eq!((index, label), (18_364_758_544_493_064_720, u32::MAX));
}

#[test]
fn some_requests_are_never_looked_at() {
    for method in ["ACK", "CANCEL"] {
        assert!(wish(method, "t_precheck_trans()").is_none(), "{method}");
    }
    assert!(wish("ACK", "t_suspend()").is_none());
    assert!(wish("INVITE", "t_continue(\"x\", \"1\", \"GO\")").is_none());
    let off = "loadmodule \"tmx\"\nmodparam(\"tmx\", \"precheck_trans\", 0)\nrequest_route { t_precheck_trans(); rc(); }";
    assert_eq!(run(off, &message("INVITE")).codes, [-1]);
}

#[test]
fn without_a_transaction_variables_say_little() {
    let body = "note(\"$T_branch_idx $T_reply_code [$T_reply_reason] [$T_reply_last] [$T_reply_ruid] $T(id_label) $T(method)\"); \
                note(\"$T_req($out(x)) $T_rpl($out(x)) $T_branch(uri)\"); t_flush_flags(); rc(); t_reuse_branch(); rc();";
    let ran = run(&script(body), &message("INVITE"));
    assert_eq!(
        ran.notes,
        ["0 0 [] [] [] <null> <null>", "<null> <null> <null>"]
    );
    assert_eq!(ran.codes, [-1, -1]);
}

#[test]
fn unknown_parts_are_named() {
    assert!(problems(&script("note(\"$T(shoe_size)\");")).contains("no such part"));
    assert!(problems(&script("note(\"$T_branch(x)\");")).contains("no such part"));
}
