//! Dialogs that are read after calls have begun.

use crate::testing::Bench;
use policy::{Answer, Effect};
use serde_json::json;
use std::sync::Arc;
use store::{Cell, Memory, Name, Write, name};

const SCRIPT: &str = r#"
loadmodule "pv.so"
loadmodule "dialog.so"
modparam("dialog", "db_url", "memory://x")
modparam("dialog", "db_mode", 3)
request_route {
    if ($rm == "OPTIONS") { dlg_db_load_callid("another"); exit; }
    dlg_manage();
    if ($rm == "INFO") $dlg_var(x) = "of-script";
    note("$dlg(h_entry) $dlg(h_id)");
}
"#;

const INVITE: &str = "INVITE sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKa\n\
    From: <sip:alice@example.test>;tag=a\nTo: <sip:bob@example.test>\nCall-ID: mine\nCSeq: 1 INVITE\n\
    Contact: <sip:alice@127.0.0.1:5062>\nMax-Forwards: 70\nContent-Length: 0\n\n";

const INFO: &str = "INFO sip:bob@127.0.0.1:5072 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bKb\n\
    From: <sip:alice@example.test>;tag=f\nTo: <sip:bob@example.test>;tag=t\nCall-ID: another\nCSeq: 2 INFO\n\
    Max-Forwards: 70\nContent-Length: 0\n\n";

fn insert(store: &Memory, table: Name, row: Vec<(Name, Cell)>) {
    store::wait(store, Write::Insert { table, row }.into()).expect("a row");
}

/// The row of a confirmed call.
fn call(store: &Memory, call_id: &str, entry: i64, id: i64) {
    let number = |name, number: i64| (name, Cell::from(number));
    let text = |name, text: &str| (name, Cell::from(text));
    let row = vec![
        number(name!("hash_entry"), entry),
        number(name!("hash_id"), id),
        number(name!("state"), 4),
        number(name!("start_time"), 1_700_000_000),
        number(name!("timeout"), 4_000_000_000),
        text(name!("callid"), call_id),
        text(name!("from_tag"), "f"),
        text(name!("to_tag"), "t"),
        text(name!("from_uri"), "sip:alice@example.test"),
        text(name!("to_uri"), "sip:bob@example.test"),
        text(name!("caller_cseq"), "1"),
        text(name!("callee_cseq"), "1"),
        text(name!("caller_contact"), "sip:alice@127.0.0.1:5071"),
        text(name!("callee_contact"), "sip:bob@127.0.0.1:5072"),
        text(name!("caller_sock"), "udp:127.0.0.1:5060"),
        text(name!("callee_sock"), "udp:127.0.0.1:5060"),
        text(name!("req_uri"), "sip:bob@example.test"),
    ];
    insert(store, name!("dialog"), row);
}

fn variable(store: &Memory, entry: i64, id: i64, value: &str) {
    let row = vec![
        (name!("hash_entry"), entry.into()),
        (name!("hash_id"), id.into()),
        (name!("dialog_key"), "x".into()),
        (name!("dialog_value"), value.into()),
    ];
    insert(store, name!("dialog_vars"), row);
}

fn list(bench: &Bench) -> String {
    let list = bench.rpc("dlg.list", json!([]));
    list.expect("a list").to_string()
}

#[test]
fn variables_of_a_row_do_not_reach_the_call_that_has_its_name_since() {
    let store = Arc::new(Memory::standard());
    let bench = Bench::with_late_store(SCRIPT, store.clone());
    let mine = bench.run(INVITE);
    let mut name = mine.notes[0]
        .split(' ')
        .map(|part| part.parse().expect("a number"));
    let (entry, id): (i64, i64) = (name.next().expect("h_entry"), name.next().expect("h_id"));
    call(&store, "theirs", entry, id);
    variable(&store, entry, id, "of-theirs");
    call(&store, "another", entry, id + 1);
    variable(&store, entry, id + 1, "of-another");
    bench.run_start_tasks(|_| true);
    let list = list(&bench);
    assert!(
        list.contains("mine") && list.contains("of-another"),
        "{list}"
    );
    assert!(!list.contains("of-theirs"), "{list}");
}

#[test]
fn a_variable_that_a_script_has_set_meanwhile_stays() {
    let store = Arc::new(Memory::standard());
    let bench = Bench::with_late_store(SCRIPT, store.clone());
    call(&store, "another", 7, 1);
    variable(&store, 7, 1, "of-row");
    let asked = std::cell::Cell::new(0);
    let load = bench.context(&INVITE.replace("INVITE", "OPTIONS"));
    bench.serve_answering(load, |effect| {
        let Effect::Store { store, operation } = effect else {
            return Answer::TimedOut;
        };
        // The dialog is there, its variables are asked for.
        if asked.replace(asked.get() + 1) == 1 {
            bench.run(INFO);
        }
        Answer::Store(store::wait(&*store, *operation))
    });
    let list = list(&bench);
    assert!(
        list.contains("of-script") && !list.contains("of-row"),
        "{list}"
    );
    assert_eq!(asked.get(), 2);
}
