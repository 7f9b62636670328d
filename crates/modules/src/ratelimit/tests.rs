//! Whole scripts and commands.

use crate::testing::{Bench, UNIX_MS, problems};
use serde_json::json;

const SCRIPT: &str = r#"
loadmodule "pv.so"
loadmodule "ratelimit.so"
modparam("ratelimit", "timer_interval", 2)
modparam("ratelimit", "queue", "0:OPTIONS")
modparam("ratelimit", "queue", "9:INFO")
modparam("ratelimit", "pipe", "0:TAILDROP:2")
modparam("ratelimit", "pipe", "3:FEEDBACK:50")
request_route {
    rl_check(); rc();
    $var(p) = 3; rl_check("$var(p)"); rc();
    rl_check_pipe("7"); rc();
}
"#;

fn message(method: &str) -> String {
    format!(
        "{method} sip:a@b SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\n\
         Call-ID: 1\nCSeq: 1 {method}\nContent-Length: 0\n\n"
    )
}

#[test]
fn methods_find_their_pipes() {
    let bench = Bench::new(SCRIPT);
    let code = |method: &str| bench.run(&message(method)).codes[0];
    let codes: Vec<i32> = (0..6).map(|_| code("OPTIONS")).collect();
    assert_eq!(codes, [1, 1, 1, 1, -1, -1]);
    bench.tick(UNIX_MS + 2000);
    assert_eq!(code("OPTIONS"), 1);
    assert_eq!(code("INFO"), 1, "the pipe of the queue is not declared");
    let ran = bench.run(&message("SUBSCRIBE"));
    assert_eq!(ran.codes, [-1, 1, -1]);
    assert!(
        ran.log
            .contains(&"ERROR ratelimit: forced pipe 7 out of range or not defined".to_owned())
    );
}

#[test]
fn commands_change_pipes_and_queues() {
    let bench = Bench::new(SCRIPT);
    let call = |name, params| match bench.rpc(name, params) {
        Ok(answer) => answer.to_string(),
        Err(error) => format!("{} {}", error.code, error.message),
    };
    for (name, params, wanted) in [
        (
            "rl.get_pid",
            json!([]),
            r#""ki[-25.000000] kp[0.000000] kd[0.000000] ""#,
        ),
        ("rl.set_pid", json!([0.5, "0.25", 1]), "{}"),
        (
            "rl.get_pid",
            json!([]),
            r#""ki[0.500000] kp[0.250000] kd[1.000000] ""#,
        ),
        ("rl.set_pid", json!([-25, 0, 0]), "{}"),
        ("rl.push_load", json!([2.0]), "400 Value out of range"),
        ("rl.push_load", json!([0.9]), "{}"),
        ("rl.set_pipe", json!([2, "RED", 10]), "{}"),
        ("rl.set_pipe", json!([2, "XX", 10]), "400 Unknown algorithm"),
        ("rl.set_pipe", json!([99, "RED", 10]), "400 Unknown pipe"),
        ("rl.set_queue", json!([0, "INVITE", 2]), "{}"),
        ("rl.set_queue", json!([2, "*", 0]), "{}"),
        (
            "rl.set_queue",
            json!([20, "INVITE", 2]),
            "400 MAX_QUEUES reached",
        ),
        (
            "rl.get_queues",
            json!([]),
            r#"["QUEUE[0]: 2:INVITE","QUEUE[1]: 9:INFO","QUEUE[2]: 0:*"]"#,
        ),
        (
            "rl.get_pipes",
            json!([]),
            r#"["PIPE[0]: 2:TAILDROP 0/2 (drop rate: 0) [0]","PIPE[2]: 1:RED 0/10 (drop rate: 0) [0]","PIPE[3]: 3:FEEDBACK 0/50 (drop rate: 10) [0]"]"#,
        ),
        ("rl.set_dbg", json!([1]), "{}"),
        (
            "rl.stats",
            json!([]),
            r#"["PIPE[0]: 0/0 (drop rate: 0)","PIPE[2]: 0/0 (drop rate: 0)","PIPE[3]: 0/0 (drop rate: 10)"]"#,
        ),
    ] {
        assert_eq!(call(name, params), wanted, "{name}");
    }
    bench.tick(UNIX_MS);
    let log = bench.run(&message("OPTIONS")).log;
    assert!(
        log.contains(&"WARNING ratelimit: counters 0:0 2:0 3:0".to_owned()),
        "{log:?}"
    );
}

#[test]
fn retry_after_is_drawn_between_the_two() {
    let script = "loadmodule \"ratelimit.so\"\nrequest_route { rl_retry_after(\"5\", \"9\"); }";
    let lines = Bench::new(script)
        .run(&message("OPTIONS"))
        .context
        .reply_lines;
    let text = String::from_utf8(lines).expect("text");
    let seconds = text
        .strip_prefix("Retry-After: ")
        .and_then(|rest| rest.trim_end().parse::<u32>().ok());
    assert!((5..=9).contains(&seconds.expect("a number")), "{text}");
}

#[test]
fn wrong_declarations_are_found_at_load() {
    let found = problems(
        "loadmodule \"ratelimit.so\"\nmodparam(\"ratelimit\", \"pipe\", \"0:FOO:1\")\nrequest_route {}",
    );
    assert!(found.contains("unknown algorithm"), "{found}");
}
