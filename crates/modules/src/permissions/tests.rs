//! Trusted peers against a database in memory; what is expected was seen in Kamailio 5.6.3.

use crate::testing::Bench;
use std::sync::Arc;
use store::{Cell, Memory, Name, Operation, Store, Write, name};

const ROWS: [[&str; 6]; 6] = [
    ["127.0.0.1", "any", "^sip:alice@.*$", "", "t1", "0"],
    ["127.0.0.1", "udp", "", "^sip:.*@abc.com", "t2", "5"],
    ["127.0.0.1", "tcp", "", "", "t3", "7"],
    ["127.0.0.1", "none", "", "", "t4", "9"],
    ["9.9.9.9", "sctp", "^sip:BOB@", "", "", "1"],
    ["127.0.0.1", "UDP", "^sip:dave@", "", "t5", "3"],
];

fn database() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(Memory::standard());
    for [source, proto, from, ruri, tag, priority] in ROWS {
        let some = |text: &str| match text {
            "" => Cell::Null,
            text => text.into(),
        };
        let row: Vec<(Name, Cell)> = vec![
            (name!("src_ip"), source.into()),
            (name!("proto"), proto.into()),
            (name!("from_pattern"), some(from)),
            (name!("ruri_pattern"), some(ruri)),
            (name!("tag"), some(tag)),
            (name!("priority"), priority.into()),
        ];
        let write = Write::Insert {
            table: name!("trusted"),
            row,
        };
        store::wait(store.as_ref(), Operation::Write(write)).expect("a row");
    }
    store
}

fn bench(params: &str, statements: &str) -> Bench {
    let script = format!(
        "loadmodule \"pv\"\nloadmodule \"permissions\"\nmodparam(\"permissions\", \"db_url\", \"memory://\")\nmodparam(\"permissions\", \"peer_tag_avp\", \"$avp(tag)\")\n{params}\nroute {{\n{statements}\n}}\n"
    );
    Bench::with_store(&script, database())
}

fn ask(params: &str, statements: &str, target: &str, from: &str) -> (Vec<i32>, String) {
    let bench = bench(
        params,
        &format!("{statements} rc(); note(\"$(avp(tag)[*])\");"),
    );
    let message = format!(
        "INVITE {target} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <{from}>;tag=1\nTo: <sip:b@h>\nCall-ID: 1\nCSeq: 1 INVITE\n\n"
    );
    let ran = bench.serve(bench.context(&message)).ran;
    (ran.codes, ran.notes.concat())
}

const CACHED: &str = "modparam(\"permissions\", \"db_mode\", 1)";
const ALL: &str =
    "modparam(\"permissions\", \"db_mode\", 1)\nmodparam(\"permissions\", \"peer_tag_mode\", 1)";

#[test]
fn the_database_answers_the_lowest_priority_first_and_the_memory_the_highest() {
    let (target, from) = ("sip:361@abc.com", "sip:alice@x");
    let tag = |params| ask(params, "allow_trusted();", target, from);
    assert_eq!(tag(""), (vec![1], "t1".to_owned()));
    assert_eq!(tag(CACHED), (vec![1], "t2".to_owned()));
    assert_eq!(tag(ALL), (vec![2], "t1, t2".to_owned()));
}

#[test]
fn source_transport_and_expressions_must_fit() {
    for params in ["", CACHED] {
        let code = |statement: &str| ask(params, statement, "sip:x@y", "sip:carol@x").0;
        assert_eq!(code("allow_trusted();"), [-1]);
        assert_eq!(code("allow_trusted(\"$si\", \"tcp\");"), [1]);
        assert_eq!(code("allow_trusted(\"$si\", \"any\");"), [1]);
        assert_eq!(
            code("allow_trusted(\"$si\", \"UDP\", \"sip:dave@x\");"),
            [1]
        );
        assert_eq!(
            code("allow_trusted(\"9.9.9.9\", \"any\", \"sip:BOB@x\");"),
            [1]
        );
        assert_eq!(
            code("allow_trusted(\"9.9.9.9\", \"any\", \"sip:bob@x\");"),
            [-1]
        );
        assert_eq!(code("allow_trusted(\"9.9.9.9\", \"foo\");"), [-1]);
        assert_eq!(code("allow_trusted(\"9.9.9.10\", \"any\");"), [-1]);
    }
}

#[test]
fn commands_list_and_reload_what_is_kept() {
    let kept = bench(CACHED, "allow_trusted();");
    let dump = kept.rpc("permissions.trustedDump", serde_json::json!([]));
    let text = dump.expect("a dump").to_string();
    assert!(text.contains(r#""ip":"127.0.0.1","proto":2,"pattern":"NULL","ruri_pattern":"NULL","tag":"t3","priority":7"#), "{text}");
    let reload = |bench: &Bench| bench.rpc("permissions.trustedReload", serde_json::json!([]));
    assert_eq!(reload(&kept), Ok("Reload OK".into()));
    assert_eq!(
        reload(&kept).map_err(|error| error.message),
        Err("ongoing reload".to_owned())
    );
    let asked = bench("", "allow_trusted();");
    assert_eq!(
        reload(&asked).map_err(|error| error.message),
        Err("Reload failed.".to_owned())
    );
}
