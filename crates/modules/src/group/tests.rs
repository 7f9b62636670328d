//! Groups against a database in memory; return codes were seen in Kamailio 5.6.3.

use crate::testing::{Bench, Ran};
use std::sync::Arc;
use store::{Memory, Name, Operation, Store, Write, name};

fn database() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(Memory::standard());
    for (user, domain, group) in [
        ("101", "k.test", "international"),
        ("102", "other.test", "international"),
    ] {
        insert(
            &store,
            name!("grp"),
            &[
                (name!("username"), user),
                (name!("domain"), domain),
                (name!("grp"), group),
            ],
        );
    }
    for (expression, group) in [
        ("^sip:10[12]@.*", "1"),
        ("k.test", "2"),
        ("^sip:999@", "3"),
        ("^10", "4"),
        ("^sip:201@A.TEST$", "5"),
    ] {
        insert(
            &store,
            name!("re_grp"),
            &[(name!("reg_exp"), expression), (name!("group_id"), group)],
        );
    }
    store
}

fn insert(store: &Arc<dyn Store>, table: Name, row: &[(Name, &str)]) {
    let row = row
        .iter()
        .map(|(column, text)| (column.clone(), (*text).into()))
        .collect();
    store::wait(
        store.as_ref(),
        Operation::Write(Write::Insert { table, row }),
    )
    .expect("a row");
}

fn run(params: &str, statements: &str, target: &str, from: &str) -> Ran {
    let script = format!(
        "loadmodule \"pv\"\nloadmodule \"group\"\nmodparam(\"group\", \"db_url\", \"memory://\")\n{params}\nroute {{\n{statements}\n}}\n"
    );
    let bench = Bench::with_store(&script, database());
    let message = format!(
        "INVITE {target} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <{from}>;tag=1\nTo: <sip:102@k.test>\nCall-ID: 1\nCSeq: 1 INVITE\n\n"
    );
    let context = bench.context(&message);
    bench.serve(context).ran
}

#[test]
fn every_form_of_the_first_argument_names_a_user() {
    let codes = |target: &str, from: &str| {
        let statements = r#"$avp(u) = "sip:102@k.test"; $avp(bad) = "x"; $avp(g) = "international";
            is_user_in("From", "international"); rc();
            is_user_in("Request-URI", "international"); rc();
            is_user_in("to", "$avp(g)"); rc();
            is_user_in("$avp(u)", "international"); rc();
            is_user_in("$avp(bad)", "international"); rc();
            is_user_in("$avp(none)", "international"); rc();
            is_user_in("Credentials", "international"); rc();
            is_user_in("From", "national"); rc();"#;
        run("", statements, target, from).codes
    };
    assert_eq!(
        codes("sip:101@k.test", "sip:101@k.test"),
        [1, 1, 1, 1, -1, -1, -1, -6]
    );
    assert_eq!(
        codes("sip:k.test", "tel:101"),
        [1, -1, 1, 1, -1, -1, -1, -6]
    );
}

#[test]
fn the_domain_counts_where_it_is_asked_for() {
    let params = r#"modparam("group", "use_domain", 1)"#;
    let statements = r#"is_user_in("Request-URI", "international"); rc(); is_user_in("To", "international"); rc();"#;
    let ran = run(params, statements, "sip:101@k.test", "sip:x@y");
    assert_eq!(ran.codes, [1, -6]);
}

#[test]
fn expressions_see_user_and_host_and_the_last_row_comes_first() {
    let groups = |multiple: u8, target: &str| {
        let params = format!(
            "modparam(\"group\", \"re_table\", \"re_grp\")\nmodparam(\"group\", \"multiple_gid\", {multiple})"
        );
        let statements =
            r#"get_user_group("Request-URI", "$avp(i:9)"); rc(); note("$(avp(i:9)[*])");"#;
        let ran = run(&params, statements, target, "sip:x@y");
        (ran.codes, ran.notes.concat())
    };
    assert_eq!(groups(1, "sip:101@k.test"), (vec![2], "1, 2".to_owned()));
    assert_eq!(groups(0, "sip:101@k.test"), (vec![1], "2".to_owned()));
    assert_eq!(
        groups(1, "sip:201@a.test:5060;x=y?h=v"),
        (vec![1], "5".to_owned())
    );
    assert_eq!(groups(1, "sip:301@b.test").0, [-1]);
}
