//! Values as SQL; queries are played in `tests/`, against a real database.

use crate::testing::Bench;
use std::sync::Arc;
use store::{Memory, Store};

const MESSAGE: &str = "OPTIONS sip:h SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <sip:a@h>;tag=1\nTo: <sip:b@h>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n";

fn bench(statements: &str) -> Bench {
    let store: Arc<dyn Store> = Arc::new(Memory::standard());
    let script = format!(
        "loadmodule \"pv\"\nloadmodule \"sqlops\"\nmodparam(\"sqlops\", \"sqlcon\", \"ca=>memory://\")\nroute {{\n{statements}\n}}\n"
    );
    Bench::with_store(&script, store)
}

#[test]
fn values_are_quoted_by_the_rules_of_the_database() {
    let ran = bench(
        r#"$var(s) = "it's \\ x"; $var(n) = 5; $var(e) = "";
        note("$(var(s){sql.val}) $(var(n){sql.val}) $(avp(no){sql.val}) $(var(e){sql.val})");
        note("$(var(s){sql.val.int}) $(var(n){sql.val.int}) $(avp(no){sql.val.int})");
        note("$(var(s){sql.val.str}) $(var(n){sql.val.str}) $(avp(no){sql.val.str})");
        note("'$(var(s){s.escape.common})'");"#,
    )
    .run(MESSAGE);
    assert_eq!(
        ran.notes,
        [
            r"'it''s \ x' 5 NULL ''",
            r"'it''s \ x' 5 0",
            r"'it''s \ x' 5 ''",
            r"'it''s \ x'",
        ]
    );
}

#[test]
fn a_database_that_fails_is_minus_one() {
    let bench = bench(
        r#"sql_query("ca", "select 1", "ra"); rc(); note("$dbr(ra=>rows) $dbr(ra=>cols) $dbr(ra=>[0,0]) $dbr(ra=>colname[0]) $sqlrows(ca)");"#,
    );
    let served = bench.serve(bench.context(MESSAGE));
    assert_eq!(served.ran.codes, [-1]);
    assert_eq!(served.ran.notes, ["0 0 <null> <null> <null>"]);
    let served = bench.serve_with(bench.context(MESSAGE), |_| false);
    assert_eq!(served.ran.codes, [-1]);
}

#[test]
#[should_panic(expected = "there is no connection")]
fn an_unknown_connection_is_found_at_load() {
    bench(r#"sql_query("cb", "select 1", "ra");"#);
}

#[test]
#[should_panic(expected = "cannot be assigned")]
fn a_variable_that_cannot_be_assigned_is_found_at_load() {
    bench(r#"sql_pvquery("ca", "select 1", "$var(a), $si");"#);
}
