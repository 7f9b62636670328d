//! Whole scripts. Codes and values are those that Kamailio 5.6.3 gave.

use crate::testing::{Bench, UNIX_MS, problems};
use policy::{Effect, Task};
use serde_json::json;
use std::sync::Arc;
use store::{Filter, Memory, Select, Store, Write, name};

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\n\
    Call-ID: 1\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n";

const TABLES: &str = r#"
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "a=>size=4;autoexpire=30;")
modparam("htable", "htable", "i=>size=4;initval=7")
modparam("htable", "htable", "n=>size=4;")
modparam("htable", "htable", "u=>size=4;autoexpire=30;updateexpire=0")
"#;

fn bench(body: &str) -> Bench {
    Bench::new(&format!("{TABLES}\nrequest_route {{\n{body}\n}}\n"))
}

fn notes(body: &str) -> Vec<String> {
    bench(body).run(OPTIONS).notes
}

#[test]
fn values_keep_their_type_and_may_begin_somewhere() {
    let notes = notes(
        r#"note("$sht(a=>x) $sht(i=>x) $shtinc(a=>x) $shtinc(i=>x) $sht(i=>x) $shtdec(i=>x)");
        $sht(a=>s) = "str";
        note("$shtinc(a=>s) $sht(a=>s)");
        $sht(a=>p) = "12";
        $sht(a=>p) = $sht(a=>p) + 1;
        $var(k) = "dyn";
        $sht(a=>$var(k)::z) = 3;
        note("$sht(a=>p) $sht(a=>dyn::z)");
        $sht(a=>p) = $null;
        note("$sht(a=>p)");
        if ($sht(a=>p) == $null) { note("gone"); }"#,
    );
    let wanted = ["<null> 7 <null> 8 8 7", "<null> str", "121 3", "", "gone"];
    assert_eq!(notes[..2], wanted[..2]);
    assert_eq!(notes[3..], wanted[3..]);
}

#[test]
fn times_count_where_the_table_has_autoexpire() {
    let notes = notes(
        r#"$sht(a=>x) = 5; note("$shtex(a=>x)");
        $shtex(a=>x) = 100; note("$shtex(a=>x)");
        $sht(a=>x) = 6; note("$shtex(a=>x)");
        $sht(u=>x) = 5; $shtex(u=>x) = 50; $sht(u=>x) = 6; note("$shtex(u=>x)");
        $sht(n=>x) = 5; $shtex(n=>x) = 50; note("$shtex(n=>x)");
        $shtex(a=>none) = 5; note("$sht(a=>none) $shtex(a=>none)");
        sht_setxs("a", "k", "v", "10"); note("$sht(a=>k) $shtex(a=>k)");
        sht_setxi("n", "k", "12", "10"); rc(); note("$sht(n=>k) $shtex(n=>k)");"#,
    );
    let wanted = ["30", "100", "30", "50", "0", "<null> 0", "v 10", "12 0"];
    assert_eq!(notes, wanted);
}

#[test]
fn functions_answer_as_kamailios() {
    let calls = [
        (r#"sht_match_name("n", "eq", "aa1");"#, 1),
        (r#"sht_match_name("n", "ne", "aa1");"#, 1),
        (r#"sht_has_name("n", "re", "^aa");"#, 1),
        (r#"sht_match_name("n", "sw", "x");"#, -1),
        (r#"sht_match_name("n", "xx", "b");"#, -1),
        (r#"sht_match_name("nope", "eq", "b");"#, -1),
        (r#"sht_match_str_value("n", "eq", "v1");"#, 1),
        (r#"sht_match_str_value("n", "eq", "7");"#, -1),
        (r#"sht_has_str_value("n", "re", "v[12]");"#, 1),
        (r#"sht_rm("n", "zz");"#, 1),
        (r#"sht_rm("nope", "zz");"#, -1),
        (r#"sht_setxi("n", "k", "12", "10");"#, 1),
        (r#"sht_setxs("nope", "k", "v", "10");"#, -1),
        (r#"sht_rm_name("n", "zz", "b");"#, -1),
        (r#"sht_rm_value("n", "re", "v2");"#, 1),
        (r#"sht_rm_name("n", "sw", "b");"#, 1),
        (r#"sht_rm_name_re("n=>^k");"#, 1),
        (r#"sht_rm_name_re("nope=>^k");"#, -1),
        (r#"sht_rm_value_re("n=>zzz");"#, 1),
        (r#"sht_lock("n=>x");"#, 1),
        (r#"sht_lock("n=>x");"#, 1),
        (r#"sht_unlock("n=>x");"#, 1),
        (r#"sht_unlock("n=>x");"#, 1),
        (r#"sht_unlock("n=>x");"#, 1),
        (r#"sht_print();"#, 1),
    ];
    let lines: String = calls
        .iter()
        .map(|(call, _)| format!("{call} rc();\n"))
        .collect();
    let fill = r#"$sht(n=>aa1) = "v1"; $sht(n=>aa2) = "v2"; $sht(n=>bb1) = 7;"#;
    let rest = r#"note("$shtcn(n=>.) $shtcv(n=>~~v) $sht(n=>aa1)");"#;
    let ran = bench(&format!("{fill}\n{lines}\n{rest}")).run(OPTIONS);
    for ((call, wanted), found) in calls.iter().zip(&ran.codes) {
        assert_eq!(found, wanted, "{call}");
    }
    assert_eq!(ran.notes, ["1 1 v1"]);
    assert!(
        ran.log
            .contains(&"WARNING htable: unsupported match operator: xx".to_owned())
    );
    assert!(
        ran.log
            .contains(&"ERROR htable: cannot get hash table [nope]".to_owned())
    );
}

#[test]
fn iterators_walk_and_change() {
    let ran = bench(
        r#"$sht(n=>k1) = "v1"; $sht(n=>k2) = 2; $sht(n=>k3) = "v3";
        sht_iterator_start("i", "n"); note("$shtitkey(i) $shtitval(i)");
        while (sht_iterator_next("i")) {
            if ($shtitkey(i) == "k2") { sht_iterator_seti("i", "9"); note("$shtitval(i)"); }
            if ($shtitkey(i) == "k1") { sht_iterator_sets("i", "new"); }
        }
        note("$shtitkey(i) $sht(n=>k1) $sht(n=>k2) $sht(n=>k3)");
        sht_iterator_rm("i"); rc();
        sht_iterator_end("i"); rc(); sht_iterator_end("i"); rc();
        sht_iterator_next("nope"); rc();
        sht_iterator_start("i", "nope"); rc();
        sht_iterator_start("1", "n"); sht_iterator_start("2", "n"); sht_iterator_start("3", "n");
        sht_iterator_start("4", "n"); rc(); sht_iterator_start("5", "n"); rc();
        sht_iterator_next("1"); sht_iterator_rm("1"); rc(); sht_iterator_rm("1"); rc(); sht_iterator_rm("1"); rc();
        note("$shtcn(n=>.)");"#,
    )
    .run(OPTIONS);
    assert_eq!(ran.notes, ["<null> <null>", "9", "<null> new 9 v3", "0"]);
    assert_eq!(ran.codes, [-1, 1, -1, -1, -1, 1, -1, 1, 1, -2]);
}

#[test]
fn a_lock_keeps_others_out_until_its_message_is_over() {
    let bench = bench(r#"sht_lock("n=>x"); rc(); sht_lock("n=>y"); rc();"#);
    let first = bench.run(OPTIONS);
    assert_eq!(first.codes, [1, 1]);
    let second = bench.run(OPTIONS);
    assert!(matches!(second.effect, Some(Effect::Sleep { .. })));
    drop(first);
    assert_eq!(bench.run(OPTIONS).codes, [1, 1]);
}

#[test]
fn a_full_table_says_so_once_a_minute() {
    let script = format!(
        "{TABLES}\nmodparam(\"htable\", \"htable\", \"f=>maxbytes=300\")\nrequest_route {{
            $sht(f=>a) = 1; $sht(f=>b) = 1; $sht(f=>c) = 1; $sht(f=>d) = 1; $sht(f=>a) = 2;
            sht_setxi(\"f\", \"e\", \"1\", \"0\"); rc();
            note(\"$sht(f=>a) $sht(f=>b) $sht(f=>c) $sht(f=>d)\"); }}"
    );
    let ran = Bench::new(&script).run(OPTIONS);
    assert_eq!(ran.notes, ["2 1 <null> <null>"]);
    assert_eq!(ran.codes, [-1]);
    assert_eq!(
        ran.log,
        ["ERROR htable: table f is full (300 octets): nothing new is kept"]
    );
}

#[test]
fn what_expires_is_told_to_who_listens() {
    let script = format!(
        "{TABLES}\nrequest_route {{ $sht(a=>x) = 5; $sht(u=>x) = 6; note(\"$shtrecord(key)$shtrecord(value)\"); }}
        event_route[htable:expired:a] {{ note(\"x\"); }}
        event_route[htable:mod-init] {{ $sht(a=>x) = 1; }}"
    );
    let bench = Bench::new(&script);
    // The core has events of its own.
    let told = || loop {
        match bench.states.outbox().take()? {
            Task::Event { name, prepare } if name.starts_with("htable:") => {
                let mut context = bench.context(OPTIONS);
                prepare(&mut context);
                return Some((name, bench.run_in(context).notes));
            }
            _ => {}
        }
    };
    assert_eq!(
        told().map(|(name, _)| name),
        Some("htable:mod-init".to_owned())
    );
    bench.run(OPTIONS);
    bench.tick(UNIX_MS + 30_000);
    assert_eq!(told(), None);
    bench.tick(UNIX_MS + 31_000);
    let wanted = ("htable:expired:a".to_owned(), vec!["x5".to_owned()]);
    assert_eq!(told(), Some(wanted));
    assert_eq!(told(), None, "nobody listens to table u");
}

#[test]
fn what_cannot_be_is_found_at_load() {
    for (script, named) in [
        (
            "modparam(\"htable\", \"htable\", \"a=>dmqreplicate=1\")\nrequest_route {}",
            "dmqreplicate",
        ),
        (
            "modparam(\"htable\", \"enable_dmq\", 1)\nrequest_route {}",
            "through Redis",
        ),
        ("request_route { $sht(none=>x) = 1; }", "none"),
        ("request_route { $sht(none) = 1; }", "table=>key"),
        ("request_route { $var(x) = $shtrecord(x); }", "shtrecord"),
        (
            "modparam(\"htable\", \"htable\", \"a=>\")\nmodparam(\"htable\", \"htable\", \"a=>\")\nrequest_route {}",
            "twice",
        ),
    ] {
        let found = problems(&format!(
            "loadmodule \"pv.so\"\nloadmodule \"htable.so\"\n{script}"
        ));
        assert!(found.contains(named), "{script}: {found}");
    }
}

fn database() -> Arc<Memory> {
    let store = Memory::standard();
    for (key, key_type, value_type, value, expires) in [
        ("arr", 1, 0, "v3", 0),
        ("s", 0, 0, "str", 0),
        ("arr", 1, 1, "9", 0),
        ("b", 0, 1, "abc", 0),
        ("old", 0, 0, "x", 100),
    ] {
        let row = vec![
            (name!("key_name"), key.into()),
            (name!("key_type"), key_type.into()),
            (name!("value_type"), value_type.into()),
            (name!("key_value"), value.into()),
            (name!("expires"), expires.into()),
        ];
        let insert = Write::Insert {
            table: name!("htable"),
            row,
        };
        store::wait(&store, insert.into()).expect("a row");
    }
    Arc::new(store)
}

fn stored(store: &dyn Store) -> Vec<String> {
    let select = Select::from(name!("htable")).filter(Filter::all());
    let rows = store::wait(store, select.into()).expect("rows").into_rows();
    let text = |row: usize, column| format!("{:?}", rows.cell(row, &column).expect("a cell"));
    let mut lines: Vec<String> = (0..rows.len())
        .map(|row| {
            text(row, name!("key_name"))
                + &text(row, name!("value_type"))
                + &text(row, name!("key_value"))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn tables_come_from_the_database_and_go_back() {
    let store = database();
    let script = r#"
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "db_url", "memory://x")
modparam("htable", "db_expires", 1)
modparam("htable", "htable", "a=>size=4;autoexpire=3;dbtable=htable;dbmode=1")
modparam("htable", "htable", "w=>dbtable=htable;cols='key_name,key_value,key_type'")
request_route {
    note("$sht(a=>arr[0]) $sht(a=>arr[1]) $sht(a=>arr::size) $sht(a=>s) $sht(a=>b) $sht(a=>old) $shtex(a=>s) $sht(w=>s)");
}"#;
    let bench = Bench::with_store(script, store.clone());
    assert_eq!(bench.run(OPTIONS).notes, ["v3 9 2 str 0 <null> 3 str,0"]);
    bench.tick(UNIX_MS);
    assert_eq!(
        bench.rpc("htable.flush", json!(["a"])),
        Ok(json!("Ok. Htable flushed."))
    );
    assert_eq!(
        bench.rpc("htable.reload", json!(["a"])),
        Ok(json!("Ok. Htable reloaded."))
    );
    assert_eq!(bench.run(OPTIONS).notes, ["v3 9 2 str 0 <null> 3 str,0"]);
    bench.rpc("htable.flush", json!(["a"])).expect("flushed");
    bench
        .rpc("htable.seti", json!(["a", "n", 77]))
        .expect("set");
    bench
        .rpc("htable.sets", json!(["a", "t", "x'y"]))
        .expect("set");
    let stored_to = bench.rpc("htable.store", json!(["a"]));
    assert_eq!(
        stored_to,
        Ok(json!("Ok. Htable successfully stored to DB."))
    );
    let wanted = [
        r#"Text(b"n")Int(1)Text(b"77")"#,
        r#"Text(b"t")Int(0)Text(b"x'y")"#,
    ];
    assert_eq!(stored(store.as_ref()), wanted);
    bench
        .rpc("htable.delete", json!(["a", "n"]))
        .expect("deleted");
    bench.stop();
    assert_eq!(stored(store.as_ref()), wanted[1..]);
}

#[test]
fn items_that_come_late_are_older_than_those_that_are_there() {
    let store = database();
    let before = stored(store.as_ref());
    let script = r#"
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "db_url", "memory://x")
modparam("htable", "htable", "a=>size=4;dbtable=htable;dbmode=1")
request_route { note("$sht(a=>s) $sht(a=>b)"); $sht(a=>s) = "new"; }"#;
    let bench = Bench::with_late_store(script, store.clone());
    assert_eq!(bench.run(OPTIONS).notes, ["<null> <null>"]);
    bench.run_start_tasks(|_| true);
    assert_eq!(bench.run(OPTIONS).notes, ["new 0"]);
    // Rows that were never read are not replaced.
    Bench::with_late_store(script, store.clone()).stop();
    assert_eq!(stored(store.as_ref()), before);
}

#[test]
fn a_table_that_is_only_read_is_never_written() {
    let store = database();
    let before = stored(store.as_ref());
    let script = r#"
loadmodule "htable.so"
modparam("htable", "db_url", "memory://x")
modparam("htable", "htable", "a=>dbtable=htable;dbmode=1;dbaccess=1")
request_route { exit; }"#;
    let bench = Bench::with_store(script, store.clone());
    bench.rpc("htable.delete", json!(["a", "s"])).expect("read");
    let refused = bench.rpc("htable.store", json!(["a"]));
    assert!(refused.is_err_and(|error| error.message.contains("only read")));
    bench.stop();
    assert_eq!(stored(store.as_ref()), before);
}

#[test]
fn commands_answer_as_kamailios() {
    let bench = bench("");
    let answer = |name, params| match bench.rpc(name, params) {
        Ok(answer) => answer.to_string(),
        Err(error) => format!("{} {}", error.code, error.message),
    };
    for (name, params, wanted) in [
        (
            "htable.get",
            json!(["a", "k"]),
            "500 Key name doesn't exist in htable.",
        ),
        (
            "htable.get",
            json!(["i", "k"]),
            "500 Key name doesn't exist in htable.",
        ),
        ("htable.get", json!(["x", "k"]), "500 No such htable"),
        (
            "htable.get",
            json!(["a"]),
            "500 Not enough parameters (htable name and key name)",
        ),
        (
            "htable.sets",
            json!(["n", "k", "v"]),
            "\"Ok. Key set to new value.\"",
        ),
        (
            "htable.get",
            json!(["n", "k"]),
            r#"{"item":{"name":"k","value":"v","flags":2,"expire":"NEVER"}}"#,
        ),
        ("htable.dump", json!(["i"]), "[]"),
        (
            "htable.setxi",
            json!(["a", "q", 5, 9]),
            "\"Ok. Key set to new value.\"",
        ),
        (
            "htable.get",
            json!(["a", "q"]),
            r#"{"item":{"name":"q","value":5,"flags":0,"expire":"2026-11-21 07:40:43"}}"#,
        ),
        (
            "htable.setxs",
            json!(["a", "q", "v", 9]),
            "\"Ok. Key set to new value.\"",
        ),
        ("htable.setex", json!(["a", "nope", 5]), "\"Ok\""),
        ("htable.delete", json!(["a", "q"]), "\"Ok. Key deleted.\""),
        (
            "htable.delete",
            json!(["a", "q"]),
            "404 Key not found in htable.",
        ),
        ("htable.dump", json!(["nope"]), "500 No such htable"),
        ("htable.dump", json!([]), "500 No htable name given"),
        ("htable.reload", json!(["a"]), "500 No htable db_url"),
        (
            "htable.sets",
            json!(["a"]),
            "500 Not enough parameters (htable name, key name and value)",
        ),
    ] {
        assert_eq!(answer(name, params), wanted, "{name}");
    }
    let tables = bench.rpc("htable.listTables", json!([])).expect("tables");
    let last = json!({"name": "a", "dbtable": "", "dbmode": 0, "expire": 30, "updateexpire": 1, "size": 16, "dmqreplicate": 0});
    assert_eq!(tables[3], last);
    let stats = bench.rpc("htable.stats", json!([])).expect("stats");
    assert_eq!(
        (&stats[1]["slots"], &stats[1]["all"], &stats[1]["max"]),
        (&json!(16), &json!(1), &json!(1))
    );
}
