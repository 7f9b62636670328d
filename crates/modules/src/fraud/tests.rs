use crate::testing::{Bench, Ran, UNIX_MS, problems};
use policy::{Context, Replied, Task};
use serde_json::json;
use std::sync::Arc;
use store::{Memory, Operation, Select, name, wait};

const HEAD: &str = "loadmodule \"pv.so\"\nloadmodule \"fraud.so\"\n";

fn script(params: &[&str], routes: &str) -> String {
    let line = |text: &&str| match text.contains("=>") {
        true => format!("modparam(\"fraud\", \"profile\", \"{text}\")\n"),
        false => format!("modparam(\"fraud\", {text})\n"),
    };
    let params: String = params.iter().map(line).collect();
    format!("{HEAD}{params}request_route {{\n{routes}\n}}")
}

fn bench(params: &[&str], routes: &str) -> Bench {
    Bench::new(&script(params, routes))
}

fn invite(user: &str, number: &str, call: u32) -> String {
    format!(
        "INVITE sip:{number}@example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK{call}\n\
         From: <sip:{user}@example.test>;tag={call}\nTo: <sip:{number}@example.test>\nCall-ID: call-{call}\n\
         CSeq: 1 INVITE\n\n"
    )
}

/// What the transaction layer tells of a reply.
fn replied(context: &mut Context, code: u16, reply: Option<&sip::Message>) {
    let config = context.config.clone();
    for hook in &config.installed.transaction_hooks {
        let outcome = Replied {
            code,
            reason: b"",
            reply,
        };
        hook.replied(context, &outcome);
    }
}

fn ok_to(bench: &Bench, call: u32) -> sip::Message {
    let text = format!(
        "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{call}\n\
         From: <sip:a@example.test>;tag={call}\nTo: <sip:b@example.test>;tag=callee\nCall-ID: call-{call}\n\
         CSeq: 1 INVITE\n\n"
    );
    bench.context(&text).message.as_ref().clone()
}

fn bye(call: u32, from: &str, to: &str) -> String {
    format!(
        "BYE sip:b@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKb{call}\n\
         From: <sip:a@example.test>;tag={from}\nTo: <sip:b@example.test>;tag={to}\nCall-ID: call-{call}\n\
         CSeq: 2 BYE\n\n"
    )
}

fn calls(bench: &Bench) -> serde_json::Value {
    let list = bench.rpc("fraud.list", json!([])).expect("a list");
    list[0]["calls"].clone()
}

#[test]
fn a_call_holds_its_place_until_its_bye() {
    let bench = bench(&["users=>calls=1"], "fraud_check(); rc();");
    let mut first = bench.run(&invite("alice", "1", 1));
    assert_eq!(first.codes, [1]);
    assert_eq!(bench.run(&invite("alice", "1", 2)).codes, [-1]);
    assert_eq!(bench.run(&invite("bob", "1", 3)).codes, [1]);
    let ok = ok_to(&bench, 1);
    replied(&mut first.context, 200, Some(&ok));
    drop(first);
    assert_eq!(calls(&bench), 1, "the request is gone, the call is up");
    for (from, to, code, expected) in [
        ("1", "callee", 500, 1),
        ("1", "nobody", 200, 1),
        ("callee", "2", 200, 1),
        ("callee", "1", 200, 0),
    ] {
        replied(&mut bench.context(&bye(1, from, to)), code, None);
        assert_eq!(calls(&bench), expected, "{from} {to} {code}");
    }
    assert_eq!(bench.run(&invite("alice", "1", 4)).codes, [1]);
}

#[test]
fn a_call_that_comes_to_nothing_frees_its_place() {
    let bench = bench(&["users=>calls=1"], "fraud_check(); rc();");
    let refused: Ran = bench.run(&invite("alice", "1", 1));
    assert_eq!(calls(&bench), 1);
    drop(refused);
    assert_eq!(calls(&bench), 0, "nobody relayed it");
    let mut busy = bench.run(&invite("alice", "1", 2));
    replied(&mut busy.context, 486, None);
    assert_eq!(calls(&bench), 0);
}

#[test]
fn a_call_without_a_bye_ends_with_its_lifetime() {
    let params = ["users=>calls=1", "\"call_lifetime\", 600"];
    let bench = bench(&params, "fraud_check(); rc();");
    let mut first = bench.run(&invite("alice", "1", 1));
    replied(&mut first.context, 200, Some(&ok_to(&bench, 1)));
    bench.tick(UNIX_MS + 599_000);
    assert_eq!(calls(&bench), 1);
    bench.tick(UNIX_MS + 600_000);
    assert_eq!(calls(&bench), 0);
}

#[test]
fn arguments_name_profile_caller_and_number() {
    let bench = bench(
        &["users=>calls=1", "trunks=>risky_calls_per_hour=0"],
        "fraud_check(\"trunks\", \"$si\", \"$hdr(X-Number)\"); rc(); fraud_check(\"nobody\"); rc();\n\
         fraud_check(\"users\", \"\"); rc(); is_risky_destination(); rc(); is_risky_destination(\"+8811\"); rc();",
    );
    let message = |number: &str| {
        invite("alice", "1", 1).replace("\nCSeq", &format!("\nX-Number: {number}\nCSeq"))
    };
    assert_eq!(bench.run(&message("00 882 1")).codes, [-1, -3, -3, -1, 1]);
    assert_eq!(bench.run(&message("0049 1")).codes, [1, -3, -3, -1, 1]);
    let within = invite("alice", "1", 2).replace("test>\nCall-ID", "test>;tag=x\nCall-ID");
    assert_eq!(bench.run(&within).codes[0], 1);
    let options = invite("alice", "+8821", 2).replace("INVITE", "MESSAGE");
    assert_eq!(bench.run(&options).codes[0], 1);
}

#[test]
fn an_alert_is_written_once_and_told_to_the_script() {
    let routes = "fraud_check(); rc(); note(\"$fraud(who) $fraud(limit) $fraud(value) $fraud(most) \
         $fraud(verdict)\"); note(\"$fraud(profile) $fraud(number) $fraud(destination)\");";
    let text = script(&["users=>risky_calls_per_hour=0:alert"], routes);
    let bench = Bench::new(&format!("{text}\nevent_route[fraud:alert] {{ rc(); }}"));
    let ran = bench.run(&invite("a%22b", "008811", 1));
    assert_eq!(ran.codes, [2]);
    assert_eq!(
        ran.notes,
        [
            "a%22b@example.test risky_calls_per_hour 1 0 passed",
            "users +8811 Global mobile satellite systems"
        ]
    );
    assert_eq!(
        ran.log,
        [
            "WARNING fraud: users \"a%22b@example.test\": risky_calls_per_hour 1 over 0, call to \"+8811\" passed \
             (Global mobile satellite systems)"
        ]
    );
    let told = |bench: &Bench| {
        let mut tasks = std::iter::from_fn(|| bench.states.outbox().take());
        tasks.find_map(|task| match task {
            Task::Event { name, .. } if name.starts_with("fraud:") => Some(name),
            _ => None,
        })
    };
    assert_eq!(told(&bench).as_deref(), Some("fraud:alert"));
    assert_eq!(told(&bench), None);
    assert!(bench.run(&invite("a%22b", "008811", 2)).log.is_empty());
    assert_eq!(told(&bench), None);
}

#[test]
fn names_of_peers_stay_in_their_quotes() {
    let bench = bench(
        &["users=>calls=0"],
        "fraud_check(\"users\", \"$hdr(X-Who)\"); rc();",
    );
    let message = invite("alice", "1", 1).replace("\nCSeq", "\nX-Who: a\" \u{1}b\\\nCSeq");
    let log = bench.run(&message).log;
    let expected = r#"WARNING fraud: users "a\" \x01b\\": calls 1 over 0, call to "1" blocked"#;
    assert_eq!(log, [expected]);
}

#[test]
fn commands_show_and_forget() {
    let bench = bench(
        &["users=>calls_per_hour=1;block=60"],
        "fraud_check(); rc();",
    );
    let _one = bench.run(&invite("alice", "1", 1));
    assert_eq!(bench.run(&invite("alice", "1", 2)).codes, [-1]);
    let found = bench.rpc("fraud.list", json!(["users", "alice@example.test"]));
    let expected = json!([{
        "profile": "users", "who": "alice@example.test", "calls": 1, "calls_per_hour": 1,
        "destinations_per_hour": 0, "minutes_per_day": 0, "risky_calls_per_hour": 0, "blocked": 60,
    }]);
    assert_eq!(found, Ok(expected));
    assert_eq!(bench.rpc("fraud.list", json!(["trunks"])), Ok(json!([])));
    let profiles = bench.rpc("fraud.profiles", json!([])).expect("profiles");
    assert_eq!(profiles[0]["limits"][0]["most"], 1);
    assert!(bench.rpc("fraud.reset", json!(["users", "bob"])).is_err());
    assert!(
        bench
            .rpc("fraud.reset", json!(["users", "alice@example.test"]))
            .is_ok()
    );
    assert_eq!(bench.run(&invite("alice", "1", 3)).codes, [1]);
}

#[test]
fn the_table_begins_with_the_example_and_is_read_again() {
    let store = Arc::new(Memory::new(store::Limits::default()));
    let params = [
        "\"db_url\", \"memory://x\"",
        "users=>risky_calls_per_hour=0",
    ];
    let script = script(&params, "is_risky_destination(); rc();");
    let bench = Bench::with_store(&script, store.clone());
    let select = || Operation::from(Select::from(name!("fraud_prefix")));
    let rows = wait(&*store, select()).expect("rows").into_rows();
    assert!(rows.len() > 10);
    assert_eq!(bench.run(&invite("alice", "+8811", 1)).codes, [1]);
    let table = name!("fraud_prefix");
    let all = store::Filter::all();
    let row = vec![(name!("prefix"), store::Cell::text("0900"))];
    let writes = vec![
        store::Write::Delete {
            table: table.clone(),
            filter: all,
        },
        store::Write::Insert { table, row },
    ];
    wait(&*store, Operation::Batch(writes)).expect("written");
    assert_eq!(
        bench.rpc("fraud.reload", json!([])),
        Ok(json!({"prefixes": 1}))
    );
    assert_eq!(bench.run(&invite("alice", "+8811", 2)).codes, [-1]);
    assert_eq!(bench.run(&invite("alice", "0900-1", 3)).codes, [1]);
    let restarted = Bench::with_store(&script, store);
    assert_eq!(restarted.run(&invite("alice", "+8811", 2)).codes, [-1]);
}

#[test]
fn wrong_parameters_are_named() {
    for (param, expected) in [
        ("users=>calls=x", "expected a number"),
        ("\"call_lifetime\", 0", "a number from 1 on"),
        ("\"alert_interval\", -1", "a number from 1 on"),
    ] {
        let found = problems(&script(&[param], "exit;"));
        assert!(found.contains(expected), "{param}: {found}");
    }
    let twice = problems(&script(&["u=>calls=1", "u=>calls=2"], "exit;"));
    assert!(twice.contains("declared twice"), "{twice}");
}
