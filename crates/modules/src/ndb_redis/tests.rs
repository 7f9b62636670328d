//! Commands against keys in memory; what is expected was seen of Kamailio 5.6.3 with Redis.

use crate::testing::{Bench, problems};
use policy::{Answer, Effect};
use std::sync::Arc;
use store::Memory;

const MESSAGE: &str = "OPTIONS sip:h SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <sip:a@h>;tag=1\nTo: <sip:b@h>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n";

fn bench(more: &str, statements: &str) -> Bench {
    let script = format!(
        "loadmodule \"pv\"\nloadmodule \"ndb_redis\"\nmodparam(\"ndb_redis\", \"server\", \"name=s;addr=127.0.0.1;db=1\")\n{more}\nroute {{\n{statements}\n}}\n"
    );
    Bench::with_store(&script, Arc::new(Memory::standard()))
}

fn notes(statements: &str) -> (Vec<i32>, Vec<String>) {
    let bench = bench("", statements);
    let served = bench.serve(bench.context(MESSAGE));
    (served.ran.codes, served.ran.notes)
}

#[test]
fn replies_are_read() {
    let (codes, notes) = notes(
        r#"redis_cmd("s", "SET foo bar", "r"); rc(); note("$redis(r=>type) $redis(r=>value) $redis(r=>info) $redis(r=>size)");
        redis_cmd("s", "GET foo", "r"); rc(); note("$redis(r=>type) $redis(r=>value) $redis(r=>info)");
        redis_cmd("s", "GET nosuch", "r"); rc(); note("$redis(r=>type) $redis(r=>value)");
        redis_cmd("s", "INCR cnt", "r"); rc(); note("$redis(r=>type) $redis(r=>value)");
        redis_cmd("s", "nosuch", "r"); rc(); note("$redis(r=>type) $redis(r=>value) $redis(r=>info)");
        redis_cmd("s", "SET %s %s", "a b", "c d", "r"); rc();
        redis_cmd("s", "GET %s", "a b", "r"); rc(); note("$redis(r=>value)");
        redis_cmd("s", "HSET h f1 v1 f2 v2", "r"); redis_cmd("s", "HGETALL h", "r"); rc();
        $var(i) = 3;
        note("$redis(r=>type) $redis(r=>size) $redis(r=>value[0]) $redis(r=>value[$var(i)]) $redis(r=>type[1]) $redis(r=>value[9]) $redis(r=>value)");
        redis_free("r"); rc(); note("freed $redis(r=>value)");
        redis_free("never"); rc();
        note("$redisd(rpl_str) $redisd(rpl_arr) $redisd(rpl_int) $redisd(rpl_nil) $redisd(rpl_sts) $redisd(rpl_err)");"#,
    );
    assert_eq!(codes, [1, 1, 1, 1, -1, 1, 1, 1, 1, -1]);
    let expected = [
        "5 <null> OK <null>",
        "1 bar bar",
        "4 <null>",
        "3 1",
        "6 <null> ERR unknown command",
        "c d",
        "2 4 f1 v2 1 <null> <null>",
        "freed <null>",
        "1 2 3 4 5 6",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn a_pipeline_runs_at_once() {
    let (codes, notes) = notes(
        r#"redis_execute("s"); rc();
        redis_pipe_cmd("s", "SET p 1", "p1"); rc(); note("before $redis(p1=>info)");
        redis_pipe_cmd("s", "nosuch", "p2"); redis_pipe_cmd("s", "GET p", "p3");
        redis_execute("s"); rc(); note("$redis(p1=>info) $redis(p2=>type) $redis(p3=>value)");
        redis_pipe_cmd("s", "SET p 2", "p1"); redis_cmd("s", "GET p", "r"); rc(); note("$redis(r=>value)");
        redis_cmd("unknown", "GET p", "r"); rc(); redis_execute("unknown"); rc(); redis_cmd("s", "", "r"); rc();"#,
    );
    assert_eq!(codes, [-1, 1, 1, 1, -1, -1, -1]);
    assert_eq!(notes, ["before <null>", "OK 6 1", "2"]);
}

#[test]
fn a_pipeline_is_one_wish() {
    let bench = bench(
        "",
        r#"redis_pipe_cmd("s", "GET a", "a"); redis_pipe_cmd("s", "GET b", "b"); redis_execute("s");"#,
    );
    let ran = bench.run(MESSAGE);
    let Some(Effect::Keys { commands, .. }) = ran.effect else {
        panic!("a wish");
    };
    assert_eq!(commands.len(), 2);
}

#[test]
fn a_server_that_fails_is_left_alone() {
    let bench = bench(
        "modparam(\"ndb_redis\", \"allowed_timeouts\", 1)\nmodparam(\"ndb_redis\", \"disable_time\", 2)",
        r#"redis_cmd("s", "GET a", "r"); rc(); redis_cmd("s", "GET a", "r"); rc(); redis_cmd("s", "GET a", "r"); rc();
        redis_pipe_cmd("s", "GET a", "r"); rc(); redis_execute("s"); rc();"#,
    );
    let asked = std::cell::Cell::new(0);
    let served = bench.serve_answering(bench.context(MESSAGE), |_| {
        asked.set(asked.get() + 1);
        Answer::TimedOut
    });
    assert_eq!(served.ran.codes, [-1, -1, -1, 1, -2]);
    assert_eq!(asked.get(), 2);
    assert!(
        served
            .ran
            .log
            .iter()
            .any(|line| line.contains("left alone for 2 s"))
    );
}

#[test]
fn mistakes_are_found_at_load() {
    let with = |param: &str| {
        problems(&format!(
            "loadmodule \"ndb_redis\"\nmodparam(\"ndb_redis\", {param})\nroute {{ exit; }}"
        ))
    };
    let wrong = [
        (r#""server", "addr=127.0.0.1""#, "name"),
        (r#""server", "name=s;sentinel=127.0.0.1:1""#, "sentinels"),
        (r#""cluster", 1"#, "cluster"),
        (r#""flush_on_reconnect", 1"#, "empties"),
        (r#""cmd_timeout", 0"#, "60000"),
    ];
    for (param, why) in wrong {
        let found = with(param);
        assert!(found.contains(why), "{param}: {found}");
    }
    assert_eq!(with(r#""cluster", 0"#), "");
}
