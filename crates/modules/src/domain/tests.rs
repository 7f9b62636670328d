//! Domains in memory; what is expected was seen in Kamailio 5.6.3.

use crate::testing::Bench;
use serde_json::json;
use std::sync::Arc;
use store::{Cell, Memory, Name, Operation, Store, Write, name};

fn database() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(Memory::standard());
    for (domain, did) in [
        ("example.test", Some("d1")),
        ("Alias.Test", Some("d1")),
        ("solo.test", None),
    ] {
        let row = vec![
            (name!("domain"), domain.into()),
            (name!("did"), Cell::from(did)),
        ];
        insert(&store, name!("domain"), row);
    }
    for (did, name, kind, value) in [
        ("d1", "color", 2, "red"),
        ("d1", "color", 2, "blue"),
        ("d1", "n", 0, "42"),
        ("solo.test", "x", 2, "y"),
    ] {
        let row = vec![
            (name!("did"), did.into()),
            (name!("name"), name.into()),
            (name!("type"), kind.into()),
            (name!("value"), value.into()),
        ];
        insert(&store, name!("domain_attrs"), row);
    }
    store
}

fn insert(store: &Arc<dyn Store>, table: Name, row: store::Row) {
    let write = Write::Insert { table, row };
    store::wait(store.as_ref(), Operation::Write(write)).expect("a row");
}

fn bench(store: Arc<dyn Store>, statements: &str) -> Bench {
    let script = format!(
        "loadmodule \"pv\"\nloadmodule \"domain\"\nmodparam(\"domain\", \"db_url\", \"memory://\")\nmodparam(\"domain\", \"register_myself\", 1)\nroute {{\n{statements}\n}}\n"
    );
    Bench::with_store(&script, store)
}

fn message(target: &str, from: &str, to: &str) -> String {
    format!(
        "OPTIONS {target} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <{from}>;tag=1\nTo: <{to}>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n"
    )
}

#[test]
fn domains_are_ours_in_any_case() {
    let bench = bench(
        database(),
        r#"is_from_local(); rc(); is_uri_host_local(); rc(); is_domain_local("$td"); rc(); is_domain_local("EXAMPLE.test"); rc();"#,
    );
    let codes = |target: &str, from: &str, to: &str| bench.run(&message(target, from, to)).codes;
    assert_eq!(
        codes("sip:a@example.test", "sip:x@solo.test", "sip:y@alias.TEST"),
        [1, 1, 1, 1]
    );
    assert_eq!(
        codes("sip:1@solo.test:5070", "sip:x@no.test", "sip:y@no.test"),
        [-1, 1, -1, 1]
    );
    assert_eq!(
        codes("sip:1@no.test", "tel:123", "sip:y@no.test"),
        [-1, -1, -1, 1]
    );
    let is_local = |host: &[u8]| {
        let context = bench.context(&message("sip:a@h", "sip:x@h", "sip:y@h"));
        let domains = &context.config.installed.local_domains;
        domains.iter().any(|is_local| is_local(host))
    };
    assert!(is_local(b"Solo.test") && !is_local(b"no.test"));
}

#[test]
fn attributes_become_avps() {
    let bench = bench(
        database(),
        r#"lookup_domain("$fd"); rc(); note("$avp(did) $(avp(color)[*]) $avp(x)");
           lookup_domain("alias.test", "a_"); rc(); note("$avp(a_did) $(avp(a_color)[*]) $avp(a_n)");"#,
    );
    let ran = bench.run(&message("sip:a@h", "sip:x@solo.test", "sip:y@h"));
    assert_eq!(ran.codes, [1, 1]);
    assert_eq!(ran.notes, ["solo.test <null> y", "d1 red, blue 42"]);
    let ran = bench.run(&message("sip:a@h", "sip:x@no.test", "sip:y@h"));
    assert_eq!(ran.codes, [-1, 1]);
}

#[test]
fn a_reload_that_fails_changes_nothing() {
    let store = database();
    let bench = bench(store.clone(), r#"is_domain_local("new.test"); rc();"#);
    let codes = || bench.run(&message("sip:a@h", "sip:x@h", "sip:y@h")).codes;
    assert_eq!(codes(), [-1]);
    insert(
        &store,
        name!("domain"),
        vec![(name!("domain"), "new.test".into())],
    );
    assert_eq!(bench.rpc("domain.reload", json!([])), Ok(json!(null)));
    assert_eq!(codes(), [1]);
    let dump = bench.rpc("domain.dump", json!([])).expect("a dump");
    assert_eq!(
        dump["domains"][0],
        json!({"domain": "Alias.Test", "did": "d1"})
    );
    assert_eq!(
        dump["attributes"][0],
        json!({"did": "d1", "attrs": ["color", "color", "n"]})
    );
    let row = vec![
        (name!("did"), "d1".into()),
        (name!("name"), "z".into()),
        (name!("type"), 1.into()),
        (name!("value"), "v".into()),
    ];
    insert(&store, name!("domain_attrs"), row);
    assert!(bench.rpc("domain.reload", json!([])).is_err());
    assert_eq!(codes(), [1]);
}
