//! Whole scripts and commands. Codes are those that Kamailio 5.6.3 gave.

use crate::testing::{Bench, UNIX_MS};
use serde_json::json;
use std::sync::Arc;
use store::{Memory, Write, name};

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\n\
    Call-ID: 1\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n";

fn bench(body: &str) -> Bench {
    Bench::new(&format!(
        "loadmodule \"pv.so\"\nloadmodule \"pipelimit.so\"\nmodparam(\"pipelimit\", \"clean_unused\", 3)\nrequest_route {{ {body} }}"
    ))
}

fn codes(bench: &Bench, times: usize) -> Vec<i32> {
    (0..times).flat_map(|_| bench.run(OPTIONS).codes).collect()
}

#[test]
fn scripts_make_pipes_and_change_limits() {
    let bench = bench(r#"$var(limit) = 3; pl_check("$si", "TAILDROP", "$var(limit)"); rc();"#);
    assert_eq!(codes(&bench, 5), [1, 1, 1, -1, -1]);
    bench.tick(UNIX_MS);
    assert_eq!(codes(&bench, 4), [1, 1, 1, -1]);
    let list = bench.rpc("pl.list", json!(["127.0.0.1"])).expect("a pipe");
    let wanted = json!([{"name": "127.0.0.1", "algorithm": "TAILDROP", "limit": 3, "counter": 4, "last_counter": 5, "unused_intervals": 0}]);
    assert_eq!(list, wanted);
    (0..4).for_each(|_| bench.tick(UNIX_MS));
    assert_eq!(bench.rpc("pl.list", json!([])), Ok(json!([])));
}

#[test]
fn codes_tell_what_a_pipe_is() {
    let bench = bench(
        r#"pl_check("nope"); rc(); pl_active("nope"); rc();
        pl_check("n", "NOP", "1"); rc(); pl_active("n"); rc();
        pl_check("z", "TAILDROP", "0"); rc(); pl_check("x", "FOO", "1"); rc();
        pl_check("z", "RED", "5"); rc(); pl_check("z"); rc();"#,
    );
    assert_eq!(codes(&bench, 1), [-2, -1, 2, 1, -1, -2, 1, 1]);
}

#[test]
fn a_drop_says_when_to_come_again() {
    for (call, wanted) in [
        ("pl_drop();", None),
        ("pl_drop(\"5\");", Some(5..=5)),
        ("pl_drop(\"5\", \"9\");", Some(5..=9)),
    ] {
        let bench = bench(call);
        let served = bench.serve(bench.context(OPTIONS));
        let [(code, reason, lines)] = served.replies.as_slice() else {
            panic!("{call}: no single reply");
        };
        assert_eq!((*code, reason.as_str()), (503, "Server Unavailable"));
        let seconds = lines.strip_prefix("Retry-After: ");
        let seconds = seconds.and_then(|rest| rest.trim_end().parse::<u32>().ok());
        match wanted {
            None => assert_eq!(lines, ""),
            Some(range) => assert!(range.contains(&seconds.expect("a number")), "{lines}"),
        }
    }
}

#[test]
fn commands_answer_as_kamailios() {
    let bench = bench(r#"pl_check("one", "FEEDBACK", "50");"#);
    bench.run(OPTIONS);
    let call = |name, params| match bench.rpc(name, params) {
        Ok(answer) => answer.to_string(),
        Err(error) => format!("{} {}", error.code, error.message),
    };
    for (name, params, wanted) in [
        ("pl.list", json!(["nope"]), "400 Unknown pipe id nope"),
        ("pl.push_load", json!([2.0]), "400 Value out of range"),
        ("pl.push_load", json!(["0.9"]), "{}"),
        (
            "pl.stats",
            json!([]),
            r#"["PIPE: id=one load=10 counter=0"]"#,
        ),
        ("pl.set_pipe", json!(["one", "RED", 10]), "{}"),
        (
            "pl.get_pipes",
            json!([]),
            r#"["PIPE: id=one algorithm=RED limit=10 counter=0"]"#,
        ),
        (
            "pl.set_pipe",
            json!(["new", "RED", 10]),
            "400 Unknown pipe id new",
        ),
        (
            "pl.set_pipe",
            json!(["one", "XX", 10]),
            "400 Unknown algorithm",
        ),
        ("pl.set_pid", json!([0.5, 0.5, 0.5]), "{}"),
        (
            "pl.get_pid",
            json!([]),
            r#""ki[0.500000] kp[0.500000] kd[0.500000] ""#,
        ),
    ] {
        assert_eq!(call(name, params), wanted, "{name}");
    }
}

#[test]
fn pipes_come_from_the_database() {
    let store = Memory::standard();
    for (id, algorithm, limit) in [("one", "TAILDROP", 2), ("bad", "FOO", 2)] {
        let row = vec![
            (name!("pipeid"), id.into()),
            (name!("algorithm"), algorithm.into()),
            (name!("plimit"), limit.into()),
        ];
        let insert = Write::Insert {
            table: name!("pl_pipes"),
            row,
        };
        store::wait(&store, insert.into()).expect("a row");
    }
    let script = r#"
loadmodule "pipelimit.so"
modparam("pipelimit", "db_url", "memory://x")
request_route { pl_check("one"); rc(); pl_check("bad"); rc(); }"#;
    let bench = Bench::with_store(script, Arc::new(store));
    assert_eq!(codes(&bench, 3), [1, -2, 1, -2, -1, -2]);
}
