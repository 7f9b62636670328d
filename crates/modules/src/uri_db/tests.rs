//! Users and their URIs in memory; what is expected was seen in Kamailio 5.6.3.

use crate::testing::Bench;
use policy::{Authenticated, Claim};
use sip::digest::{Hash, KeptCredentials};
use sip::{HeaderId, Span};
use std::sync::Arc;
use store::{Memory, Name, Operation, Store, Write, name};

fn database() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(Memory::standard());
    let users = name!("subscriber");
    insert(&store, &users, &[("username", "101"), ("domain", "k.test")]);
    for user in ["101", "alias"] {
        let row = [
            ("username", "101"),
            ("domain", "k.test"),
            ("uri_user", user),
        ];
        insert(&store, &name!("uri"), &row);
    }
    store
}

fn insert(store: &Arc<dyn Store>, table: &Name, row: &[(&str, &str)]) {
    let row = row
        .iter()
        .map(|(column, text)| (Name::parse(column).expect("a name"), (*text).into()))
        .collect();
    let table = table.clone();
    let write = Write::Insert { table, row };
    store::wait(store.as_ref(), Operation::Write(write)).expect("a row");
}

/// Runs the statements for a user who proved his password.
fn codes(params: &str, statements: &str, target: &str, user: Option<&'static str>) -> Vec<i32> {
    let script = format!(
        "loadmodule \"uri_db\"\nmodparam(\"uri_db\", \"db_url\", \"memory://\")\n{params}\nroute {{\n{statements}\n}}\n"
    );
    let bench = Bench::with_store(&script, database());
    let mut context = bench.context(&format!(
        "OPTIONS {target} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <sip:alias@k.test>;tag=1\nTo: <sip:101@k.test>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n"
    ));
    context.extension_mut::<Authenticated>().verified = user.map(claim_of);
    bench.serve(context).ran.codes
}

fn claim_of(user: &str) -> Claim {
    let value = format!(
        r#"Digest username="{user}", realm="k.test", nonce="n", uri="sip:k.test", response="r""#
    );
    let credentials = KeptCredentials::parse(value.into());
    Claim {
        header: HeaderId::Authorization,
        line: Span::default(),
        credentials: credentials.unwrap().unwrap(),
        hash: Hash::Md5,
        method: None,
    }
}

const CHECKS: &str = r#"check_to(); rc(); check_from(); rc(); check_uri("sip:101@x"); rc(); check_uri("bad"); rc();"#;
const URI_TABLE: &str =
    "modparam(\"uri_db\", \"use_uri_table\", 1)\nmodparam(\"uri_db\", \"db_table\", \"uri\")";

#[test]
fn a_user_may_be_himself_or_what_the_table_gives_him() {
    let check = |params: &str, user| codes(params, CHECKS, "sip:h", user);
    assert_eq!(check("", None), [-2, -2, -2, -1]);
    assert_eq!(check("", Some("101")), [1, -10, 1, -1]);
    assert_eq!(check(URI_TABLE, Some("101")), [1, 1, 1, -1]);
    assert_eq!(check(URI_TABLE, Some("102")), [-9, -9, -9, -1]);
}

#[test]
fn users_exist() {
    let exists =
        |params: &str, target: &str| codes(params, "does_uri_exist(); rc();", target, None);
    let domain = format!("{URI_TABLE}\nmodparam(\"uri_db\", \"use_domain\", 1)");
    assert_eq!(exists("", "sip:101@x"), [1]);
    assert_eq!(exists("", "sip:alias@x"), [-5]);
    assert_eq!(exists("", "sip:x"), [-5]);
    assert_eq!(exists(URI_TABLE, "sip:alias@x"), [1]);
    assert_eq!(exists(&domain, "sip:alias@x"), [-5]);
    assert_eq!(exists(&domain, "sip:alias@k.test"), [1]);
}
