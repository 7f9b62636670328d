//! Tests over whole messages and timers.

use super::DialogModule;
use super::call::{Beginning, Dialog, Leg, Live};
use super::names::Numbers;
use super::profile::Profile;
use super::table::{Full, Inserted, Table};
use crate::testing::{Bench, UNIX_MS, problems};
use ahash::RandomState;
use policy::Module;
use serde_json::json;
use std::sync::Arc;

const MODULES: &str = r#"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "dialog.so"
"#;

fn invite(call_id: &str) -> String {
    format!(
        "INVITE sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK{call_id}\n\
         From: <sip:alice@example.test>;tag=a\nTo: <sip:bob@example.test>\nCall-ID: {call_id}\n\
         CSeq: 1 INVITE\nContact: <sip:alice@127.0.0.1:5062>\nMax-Forwards: 70\nContent-Length: 0\n\n"
    )
}

fn hasher() -> RandomState {
    RandomState::with_seeds(1, 2, 3, 4)
}

fn insert(table: &Table, call_id: &str, most: usize) -> Result<Arc<Dialog>, Full> {
    let beginning = Beginning {
        call_id: call_id.as_bytes(),
        from_tag: b"as31f7cb2e",
        from_uri: b"sip:alice@sip.example.test",
        to_uri: b"sip:+4930123456@sip.example.test",
        request_uri: b"sip:+4930123456@sip.example.test;transport=udp",
    };
    let hash = table.hash(beginning.call_id);
    let made = table.insert(
        (beginning.call_id, hash),
        most,
        |_| false,
        |did| {
            let contact = b"sip:alice@192.0.2.17:5060;transport=udp;ob";
            let live = Live::new(Leg::new(b"", contact, b"")?, 100);
            Dialog::new(did, hash, 1, &beginning, live)
        },
    )?;
    match made {
        Inserted::New(dialog) => Ok(dialog),
        _ => panic!("{call_id} should be new"),
    }
}

#[test]
fn usage_lines_are_those_of_the_functions() {
    let loaded = (super::ENTRY.load)();
    assert_eq!(loaded.name(), DialogModule::NAME);
    assert_eq!(loaded.inconsistent(), Vec::<&str>::new());
}

#[test]
fn a_table_is_bounded() {
    let table = Table::new(1, Numbers { start: 0, step: 1 }, hasher());
    let dialogs: Vec<_> = (0..Table::MOST_A_CHAIN)
        .map(|_| insert(&table, "more", 10_000).expect("room"))
        .collect();
    assert_eq!(insert(&table, "more", 10_000).err(), Some(Full::Chain));
    assert_eq!(insert(&table, "more", table.len()).err(), Some(Full::Table));
    table.remove(&dialogs[0]);
    table.remove(&dialogs[0]);
    assert_eq!(table.len(), Table::MOST_A_CHAIN - 1);
    let again = insert(&table, "more", 10_000).expect("room");
    assert!(table.named(again.did).is_some());
    let named = |did| table.find(b"more", b"as31f7cb2e", b"", Some(did));
    assert!(named(again.did).is_some());
    assert!(named(dialogs[0].did).is_none());
    assert!(table.find(b"more", b"other", b"", None).is_none());
    assert!(table.find(b"else", b"as31f7cb2e", b"", None).is_none());
}

#[test]
fn numbers_keep_their_step() {
    let table = Table::new(2, Numbers { start: 3, step: 10 }, hasher());
    for n in 0..20 {
        let dialog = insert(&table, &format!("call{n}"), 100).expect("room");
        assert_eq!(dialog.did.id % 10, 3);
    }
}

#[test]
fn only_what_is_due_is_looked_at() {
    let table = Table::new(4, Numbers { start: 0, step: 1 }, hasher());
    let early = insert(&table, "early", 100).expect("room");
    let late = insert(&table, "late", 100).expect("room");
    let due_s = |dialog: &Dialog| if dialog.call_id() == b"early" { 10 } else { 20 };
    table.remind(&early, 10);
    table.remind(&late, 15);
    assert!(table.due(9, due_s).is_empty());
    assert_eq!(table.due(10, due_s).len(), 1);
    assert!(
        table
            .due(11, |_| panic!("nothing is due in the chain"))
            .len()
            < 2
            || early.hash % 4096 == late.hash % 4096
    );
    assert!(table.due(16, due_s).len() < 2, "a hint may be too early");
    assert!(
        table
            .due(20, due_s)
            .iter()
            .any(|dialog| dialog.call_id() == b"late")
    );
}

#[test]
fn a_dialog_takes_less_than_a_kilobyte() {
    let table = Table::new(1, Numbers { start: 0, step: 1 }, hasher());
    let dialog = insert(&table, "3c26700857a87f84@192.0.2.17-4711", 1).expect("room");
    let mut live = dialog.live.lock();
    let contact = b"sip:+4930123456@198.51.100.9:5060;transport=udp";
    live.callee = Leg::new(b"b7f2c9a1", contact, b"<sip:198.51.100.1;lr>").expect("short");
    live.set_var(b"billing", Some("account-4711".into()));
    let texts = dialog.call_id().len()
        + dialog.caller_tag().len()
        + dialog.caller_uri().len()
        + dialog.callee_uri().len()
        + dialog.request_uri().len()
        + live.caller.contact().len()
        + live.callee.contact().len()
        + live.callee.routes().len()
        + live.callee.tag().len();
    let vars = live.vars.capacity() * size_of::<(bytes::Bytes, bytes::Bytes)>() + 64;
    // Two counts of an Arc, its name in the index, and twice the room of its place in a chain that just grew.
    let all = size_of::<Dialog>() + 16 + 32 + 16 + texts + vars;
    assert!(all <= 1024, "{all} octets");
}

#[test]
fn members_of_other_servers_go_in_time_and_are_bounded() {
    let profile = Profile::new("caller", true, hasher());
    assert!(profile.insert_remote(b"x", b"uid1", 100));
    assert!(profile.insert_remote(b"x", b"uid1", 200));
    assert!(profile.insert_remote(b"x", b"uid2", 100));
    assert_eq!(profile.size(Some(b"x")), 2);
    profile.expire_remote(100);
    assert_eq!(profile.size(Some(b"x")), 1);
    assert!(profile.remove_remote(b"x", b"uid1"));
    assert!(!profile.remove_remote(b"x", b"uid1"));
    assert_eq!(profile.size(None), 0);
    for n in 0..Profile::MOST_REMOTE {
        assert!(profile.insert_remote(b"x", &n.to_le_bytes(), 100));
    }
    assert!(!profile.insert_remote(b"x", b"more", 100));
}

#[test]
fn a_call_that_comes_to_nothing_frees_its_slot() {
    let script = r#"
modparam("dialog", "profiles_no_value", "calls")
request_route { dlg_manage(); set_dlg_profile("calls"); }
"#;
    let bench = Bench::new(&format!("{MODULES}{script}"));
    bench.tick(UNIX_MS);
    let ran = bench.run(&invite("one"));
    assert_eq!(
        bench.rpc("dlg.profile_get_size", json!(["calls"])),
        Ok(json!(1))
    );
    drop(ran);
    assert_eq!(
        bench.rpc("dlg.profile_get_size", json!(["calls"])),
        Ok(json!(0))
    );
    bench.tick(UNIX_MS + 4000);
    assert_ne!(bench.rpc("dlg.list", json!([])), Ok(json!([])));
    bench.tick(UNIX_MS + 5000);
    assert_eq!(bench.rpc("dlg.list", json!([])), Ok(json!([])));
}

#[test]
fn long_texts_make_no_dialog() {
    let bench = Bench::new(&format!("{MODULES}request_route {{ dlg_manage(); rc(); }}"));
    let ran = bench.run(&invite(&"x".repeat(4200)));
    assert_eq!(ran.codes, [-1]);
    assert!(
        ran.log.iter().any(|line| line.contains("no dialog: ")),
        "{:?}",
        ran.log
    );
    assert_eq!(bench.run(&invite("short")).codes, [1]);
}

#[test]
fn variables_are_bounded() {
    let route = r#"request_route {
        dlg_manage();
        $var(i) = 0;
        while ($var(i) < 40) { $dlg_var($var(i)) = "x"; $var(i) = $var(i) + 1; }
        note("$dlg_var(31) $dlg_var(32)");
    }"#;
    let ran = Bench::new(&format!("{MODULES}{route}")).run(&invite("one"));
    assert_eq!(ran.notes, ["x <null>"]);
}

#[test]
fn mistakes_are_found_at_load() {
    let with = |line: &str, route: &str| {
        problems(&format!("{MODULES}{line}\nrequest_route {{ {route} }}"))
    };
    for (line, route, expected) in [
        (
            "",
            r#"set_dlg_profile("calls");"#,
            "profile <calls> not defined",
        ),
        ("", r#"dlg_bye("both");"#, "expected caller, callee or all"),
        ("", r#"$var(x) = $dlg(colour);"#, "$dlg(…) has h_id"),
        ("", r#"$var(x) = $dlg_ctx(colour);"#, "$dlg_ctx(…) has on"),
        (
            r#"modparam("dialog", "ka_interval", 10)"#,
            "exit;",
            "at least 30",
        ),
        (
            r#"modparam("dialog", "enable_dmq", 1)"#,
            "exit;",
            "do not share dialogs",
        ),
        (
            r#"modparam("dialog", "dlg_match_mode", 3)"#,
            "exit;",
            "from 0 to 2",
        ),
    ] {
        let found = with(line, route);
        assert!(found.contains(expected), "{route} {line}: {found}");
    }
}

#[test]
fn remote_members_are_counted_by_the_script() {
    let script = r#"
modparam("dialog", "profiles_with_value", "caller")
request_route {
    dlg_remote_profile("add", "caller", "test", "uid", "1795250434"); rc();
    get_profile_size("caller", "test", "$var(size)"); note("$var(size)");
    dlg_remote_profile("rm", "caller", "test", "uid", "0"); rc();
    dlg_remote_profile("rm", "caller", "test", "uid", "0"); rc();
    dlg_remote_profile("add", "nobody", "test", "uid", "0"); rc();
    dlg_remote_profile("move", "caller", "test", "uid", "0"); rc();
}"#;
    let ran = Bench::new(&format!("{MODULES}{script}")).run(&invite("one"));
    assert_eq!(ran.codes, [1, 1, -1, -1, -1]);
    assert_eq!(ran.notes, ["1"]);
}

#[test]
fn variables_of_another_dialog() {
    let script = r#"request_route {
        dlg_manage();
        dlg_set_var("one", "a", "", "key", "value"); rc();
        dlg_get_var("one", "a", "", "key", "$var(out)"); rc(); note("$var(out)");
        dlg_get_var("one", "a", "", "none", "$var(out)"); rc();
        dlg_get_var("two", "a", "", "key", "$var(out)"); rc();
    }"#;
    let ran = Bench::new(&format!("{MODULES}{script}")).run(&invite("one"));
    assert_eq!(ran.codes, [1, 1, -1, -1]);
    assert_eq!(ran.notes, ["value"]);
}

#[test]
fn a_property_waits_for_its_dialog() {
    let script = r#"request_route {
        dlg_set_property("ka-src"); rc();
        dlg_set_property("ka-dst"); rc();
        dlg_reset_property("ka-dst"); rc();
        dlg_manage();
    }"#;
    let bench = Bench::new(&format!("{MODULES}{script}"));
    let ran = bench.run(&invite("one"));
    assert_eq!(ran.codes, [1, 1, 1]);
    let listed = bench.rpc("dlg.list", json!([])).expect("a list");
    assert_eq!(listed[0]["iflags"], json!(2));
}

/// Threads make, find and end dialogs of the same few chains while a timer sweeps them.
#[test]
fn nothing_is_left_after_a_race() {
    let table = &Table::new(2, Numbers { start: 0, step: 1 }, hasher());
    let profile = &Profile::new("caller", true, hasher());
    let work = || {
        for n in 0..2000 {
            let call_id = format!("{}", n % 3);
            let Ok(dialog) = insert(table, &call_id, 100) else {
                continue;
            };
            profile.insert(b"alice", &dialog);
            table.remind(&dialog, n);
            let found = table.find(call_id.as_bytes(), b"as31f7cb2e", b"", Some(dialog.did));
            assert!(found.is_some_and(|(found, _)| Arc::ptr_eq(&found, &dialog)));
            table.due(n, |_| n + 1);
            profile.remove(b"alice", dialog.did);
            table.remove(&dialog);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    assert_eq!((table.len(), profile.size(None)), (0, 0));
    table.each(|_| panic!("a dialog is left"));
}
