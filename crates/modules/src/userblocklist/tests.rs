//! The tables of Kamailio's README in memory, and what 5.6.3 answered.

use crate::testing::Bench;
use serde_json::json;
use std::sync::Arc;
use store::{Memory, Name, Operation, Store, Write, name};

fn database() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(Memory::standard());
    for (prefix, allows) in [("", 0), ("1", 1), ("123456", 0), ("123455787", 0)] {
        insert(
            &store,
            name!("globalblocklist"),
            &[("prefix", prefix)],
            allows,
        );
    }
    for (user, domain, prefix, allows) in [
        ("u1", "", "1234", 0),
        ("u1", "", "123456788", 1),
        ("u2", "h", "499034133", 1),
        ("u2", "test", "499034132", 0),
        ("u3", "", "", 0),
        ("u3", "", "1", 1),
        ("u4", "", "abc", 0),
        ("u4", "", "77", 0),
    ] {
        let row = [("username", user), ("domain", domain), ("prefix", prefix)];
        insert(&store, name!("userblocklist"), &row, allows);
    }
    store
}

fn insert(store: &Arc<dyn Store>, table: Name, texts: &[(&str, &str)], allows: i64) {
    let texts = texts
        .iter()
        .map(|(column, text)| (Name::parse(column).expect("a name"), (*text).into()));
    let row = texts.chain([(name!("allowlist"), allows.into())]).collect();
    let write = Write::Insert { table, row };
    store::wait(store.as_ref(), Operation::Write(write)).expect("a row");
}

const STATEMENTS: &str = r#"check_user_blocklist("$fU", "$fd"); rc(); check_user_allowlist("$fU", "$fd"); rc();
    check_user_blacklist("$fU", "$fd", "$tU", "userblocklist"); rc();
    check_blacklist("globalblocklist"); rc(); check_blocklist(); rc(); check_whitelist("globalblocklist"); rc();"#;

fn codes(params: &str, target: &str, from: &str, to: &str) -> Vec<i32> {
    let script = format!(
        "loadmodule \"pv\"\nloadmodule \"userblocklist\"\nmodparam(\"userblocklist\", \"db_url\", \"memory://\")\n{params}\nroute {{\n{STATEMENTS}\n}}\n"
    );
    let bench = Bench::with_store(&script, database());
    let message = format!(
        "INVITE {target} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <{from}>;tag=1\nTo: <sip:{to}@h>\nCall-ID: 1\nCSeq: 1 INVITE\n\n"
    );
    bench.serve(bench.context(&message)).ran.codes
}

#[test]
fn users_and_all_have_lists() {
    for (number, from, to, seen) in [
        ("12345", "u1@h", "bob", [-1, -1, 1, 1, 1, 1]),
        ("1234567889", "u1@h", "bob", [1, 1, 1, -1, -1, -1]),
        ("123", "u1@h", "bob", [1, -1, 1, 1, 1, 1]),
        ("499034132", "u2@h", "bob", [-1, -1, 1, -1, -1, -1]),
        ("777", "u3@h", "bob", [-1, -1, -1, -1, -1, -1]),
        ("1777", "u3@h", "bob", [1, 1, -1, 1, 1, 1]),
        ("a1234", "u1@h", "12345", [-1, -1, -1, 1, 1, 1]),
        ("12a34", "u1@h", "bob", [1, -1, 1, 1, 1, 1]),
        // Kamailio 5.6.3 loses the row behind the one that is no number.
        ("778", "u4@h", "bob", [-1, -1, 1, -1, -1, -1]),
    ] {
        let target = format!("sip:{number}@h");
        let codes = codes("", &target, &format!("sip:{from}"), to);
        assert_eq!(codes, seen, "{number} {from}");
    }
    assert_eq!(
        codes("", "sip:h", "sip:u1@h", "bob"),
        [-1, -1, 1, -1, -1, -1]
    );
}

#[test]
fn domains_and_letters_count_where_they_are_asked_for() {
    let domain = r#"modparam("userblocklist", "use_domain", 1)"#;
    let user = |params, number: &str, from: &str| {
        let codes = codes(
            params,
            &format!("sip:{number}@h"),
            &format!("sip:{from}"),
            "bob",
        );
        (codes.first().copied(), codes.get(3).copied())
    };
    assert_eq!(user(domain, "499034132", "u2@test").0, Some(-1));
    assert_eq!(user(domain, "499034132", "u2@h").0, Some(1));
    let letters = r#"modparam("userblocklist", "match_mode", 128)"#;
    assert_eq!(user(letters, "abcd", "u4@h"), (Some(-1), Some(-1)));
    assert_eq!(user(letters, "+1", "u9@h"), (Some(1), Some(-1)));
}

#[test]
fn commands_look_up() {
    let script = "loadmodule \"userblocklist\"\nmodparam(\"userblocklist\", \"db_url\", \"memory://\")\nroute {\n exit;\n}\n";
    let store = database();
    let bench = Bench::with_store(script, store.clone());
    let say = |name: &str, params| bench.rpc(name, params).map_err(|error| error.message);
    assert_eq!(
        say("userblocklist.check_blocklist", json!(["1234567"])),
        Ok(json!({"prefix": "1234567", "blocklisted": "true"}))
    );
    assert_eq!(
        say("userblocklist.check_allowlist", json!(["12345"])),
        Ok(json!({"prefix": "12345", "allowlisted": "true"}))
    );
    assert_eq!(
        say("userblocklist.check_userblocklist", json!(["12345", "u1"])),
        Ok(json!({"prefix": "12345", "user": "u1", "domain": "", "blocklisted": "true"}))
    );
    assert_eq!(
        say(
            "userblocklist.check_userallowlist",
            json!(["123456788", "u1", "h"])
        ),
        Ok(json!({"prefix": "123456788", "user": "u1", "domain": "h", "allowlisted": "true"}))
    );
    assert_eq!(
        say("userblocklist.check_blocklist", json!([])),
        Err("Check failed: 1 argument needed (\"prefix\")".to_owned())
    );
    insert(&store, name!("globalblocklist"), &[("prefix", "1999")], 0);
    assert_eq!(
        say("userblocklist.reload_blocklist", json!([])),
        Ok(json!("200 ok"))
    );
    let dump = say("userblocklist.dump_blocklist", json!([])).expect("a list");
    assert_eq!(dump.as_array().map(Vec::len), Some(5));
    assert_eq!(
        dump.get(4),
        Some(&json!({"prefix": "1999", "allowlist": "0"}))
    );
}
