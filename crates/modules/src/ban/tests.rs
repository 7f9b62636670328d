use crate::testing::{Bench, UNIX_MS};
use policy::{Authenticated, Context};
use serde_json::json;
use std::sync::Arc;
use store::Memory;

const HEAD: &str = "loadmodule \"pv.so\"\nloadmodule \"ban.so\"\n";

const REGISTER: &str = "REGISTER sip:example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\n\
From: <sip:alice@example.test>;tag=1\nTo: <sip:alice@example.test>\nCall-ID: NUMBER\nCSeq: 1 REGISTER\n\n";

fn bench(routes: &str) -> Bench {
    Bench::new(&format!("{HEAD}request_route {{\n{routes}\n}}"))
}

/// A request from an address, which answered a challenge or not.
fn from(bench: &Bench, peer: &str, is_proved: bool, number: u32) -> Context {
    let mut context = bench.context(&REGISTER.replace("NUMBER", &number.to_string()));
    context.flow.peer = peer.parse().expect(peer);
    context.extension_mut::<Authenticated>().is_from_source = is_proved;
    context
}

fn listed(bench: &Bench) -> serde_json::Value {
    bench.rpc("ban.list", json!([])).expect("a list")
}

#[test]
fn a_script_bans_and_forgives() {
    let bench = bench(
        "ban_add(\"192.0.2.9\", \"300\", \"a \\\"bad\\\" one\"); rc();\n\
         is_banned(\"192.0.2.9\"); rc(); is_banned(\"192.0.2.8\"); rc();\n\
         ban_rm(\"192.0.2.9\"); rc(); ban_rm(\"192.0.2.9\"); rc();\n\
         ban_add(\"nonsense\", \"300\"); rc(); ban_add(\"192.0.2.9\", \"-1\"); rc();",
    );
    let ran = bench.run(REGISTER);
    assert_eq!(ran.codes, [1, 1, -1, 1, -1, -1, -1]);
    assert_eq!(
        ran.log[0], r#"WARNING ban: banned unproved 192.0.2.9 for 60 s: "a \"bad\" one""#,
        "another address than the packet's is unproved"
    );
}

#[test]
fn proof_decides_how_long() {
    let bench = bench("ban_add(\"$si\", \"300\", \"x\"); rc();");
    let ran = bench.run_in(from(&bench, "192.0.2.1:5060", false, 1));
    assert_eq!(
        ran.log,
        [r#"WARNING ban: banned unproved 192.0.2.1 for 60 s: "x""#]
    );
    let ran = bench.run_in(from(&bench, "192.0.2.2:5060", true, 1));
    assert_eq!(ran.log, [r#"WARNING ban: banned 192.0.2.2 for 300 s: "x""#]);
    let list = listed(&bench);
    assert_eq!(list[0]["left"], 60);
    assert_eq!(list[1]["by"], "proved");
}

#[test]
fn guesses_lead_to_a_ban_and_forged_ones_do_not() {
    let bench = bench("guess_failed(\"$fU\"); rc();");
    for number in 0..20 {
        let ran = bench.run_in(from(&bench, "192.0.2.1:5060", false, number));
        assert_eq!((ran.codes, ran.log), (vec![-1], vec![]));
    }
    let mut codes = Vec::new();
    let mut log = Vec::new();
    for number in 0..8 {
        let ran = bench.run_in(from(&bench, "192.0.2.1:5060", true, number));
        codes.extend(ran.codes);
        log.extend(ran.log);
        // A retransmission is no guess.
        let again = bench.run_in(from(&bench, "192.0.2.1:5060", true, number));
        assert!(
            again.codes[0] < 3 && again.log.is_empty(),
            "{:?}",
            again.log
        );
    }
    assert_eq!(codes, [1, 1, 2, 2, 2, 2, 2, 3]);
    assert_eq!(
        log[0],
        r#"WARNING ban: failed login from 192.0.2.1: user "alice""#
    );
    let last = r#"WARNING ban: banned 192.0.2.1 for 300 s: "guessing passwords""#;
    assert_eq!(log.last().map(String::as_str), Some(last));
}

#[test]
fn offences_are_counted_by_reason() {
    let bench = bench("ban_offence(\"3\", \"300\", \"$ua\"); rc();");
    let run = |reason: &str, is_proved, number| {
        let mut context = bench.context(&format!(
            "{}User-Agent: {reason}\n\n",
            REGISTER
                .replace("NUMBER", &format!("{number}"))
                .trim_end_matches('\n')
                .to_owned()
                + "\n"
        ));
        context.extension_mut::<Authenticated>().is_from_source = is_proved;
        bench.run_in(context).codes
    };
    assert_eq!(
        [run("a", false, 1), run("a", false, 1), run("a", false, 2)],
        [[1], [1], [1]]
    );
    assert_eq!([run("b", true, 3), run("a", false, 4)], [[1], [2]]);
    assert_eq!(listed(&bench)[0]["left"], 60);
    assert_eq!([run("b", true, 5), run("b", true, 6)], [[1], [2]]);
    assert_eq!(listed(&bench)[0]["left"], 300);
}

#[test]
fn a_user_name_forges_no_line() {
    let forged = r#"x\"\nWARNING: ban: banned 192.0.2.9 for 9 s: \""#;
    let bench = bench(&format!("guess_failed(\"{forged}\");"));
    let ran = bench.run_in(from(&bench, "192.0.2.1:5060", true, 1));
    let line = r#"WARNING ban: failed login from 192.0.2.1: user "x\"\x0aWARNING: ban: banned 192.0.2.9 for 9 s: \"""#;
    assert_eq!(ran.log, [line]);
}

#[test]
fn a_right_password_waits_like_a_wrong_one() {
    let script = "if ($rU == $null && $ci > 99) { guess_passed(\"$fU\"); } else { guess_failed(\"$fU\"); } rc();";
    let bench = bench(script);
    let run = |peer: &str, number| bench.run_in(from(&bench, peer, true, number)).codes;
    for (number, code) in [(0, 1), (1, 1), (2, 2)] {
        assert_eq!(run("192.0.2.1:5060", number), [code]);
    }
    assert_eq!(run("192.0.2.1:5060", 100), [-1], "a delay runs");
    assert_eq!(run("192.0.2.2:5060", 100), [1], "not elsewhere");
    let mut later = from(&bench, "192.0.2.1:5060", true, 101);
    later.now.unix_ms = UNIX_MS + 1000;
    assert_eq!(bench.run_in(later).codes, [1]);
    // From the port where he proved himself nobody delays him.
    for (number, code) in [(10, 1), (11, 1), (12, 2)] {
        assert_eq!(run("192.0.2.1:7777", number), [code]);
    }
    assert_eq!(run("192.0.2.1:7777", 102), [-1]);
    assert_eq!(run("192.0.2.1:5060", 102), [1]);
}

#[test]
fn behind_a_translator_the_guesser_is_banned_alone() {
    let bench =
        bench("if ($ci > 99) { guess_passed(\"$fU\"); } else { guess_failed(\"$fU\"); } rc();");
    let run = |peer: &str, number| bench.run_in(from(&bench, peer, true, number));
    assert_eq!(run("192.0.2.1:5060", 100).codes, [1]);
    let mut log = Vec::new();
    for number in 0..8 {
        log.extend(run("192.0.2.1:7000", number).log);
    }
    assert_eq!(
        log[0],
        r#"WARNING ban: failed login from shared source 192.0.2.1: user "alice""#
    );
    let last = r#"WARNING ban: banned port 7000 of 192.0.2.1 for 300 s: "guessing passwords""#;
    assert_eq!(log.last().map(String::as_str), Some(last));
    let list = listed(&bench);
    assert_eq!(
        (&list[0]["port"], list.as_array().map(Vec::len)),
        (&json!(7000), Some(1))
    );
}

#[test]
fn a_flood_of_lines_is_cut_short() {
    let bench = bench("ban_add(\"192.0.2.$ci\", \"9\", \"x\");");
    let mut lines = 0;
    for number in 0..200 {
        lines += bench
            .run_in(from(&bench, "192.0.2.1:5060", true, number))
            .log
            .len();
    }
    assert_eq!(lines, 20);
    bench.tick(UNIX_MS + 1000);
    let ran = bench.run_in(from(&bench, "192.0.2.1:5060", true, 201));
    assert_eq!(ran.log[0], "WARNING ban: 180 more lines in the last second");
}

#[test]
fn commands_change_the_list() {
    let bench = bench("exit;");
    let rpc = |name, params| bench.rpc(name, params).map_err(|error| error.message);
    assert!(rpc("ban.add", json!(["192.0.2.7/24", 60, "noise"])).is_ok());
    assert!(rpc("ban.add", json!(["2001:db8::1"])).is_ok());
    let list = listed(&bench);
    let of = |at: usize, name: &str| list[at][name].clone();
    assert_eq!(
        [of(0, "source"), of(0, "left"), of(0, "reason")],
        [json!("192.0.2.0/24"), json!(60), json!("noise")]
    );
    assert_eq!(
        [of(1, "source"), of(1, "until"), of(1, "by")],
        [json!("2001:db8::1"), json!(null), json!("operator")]
    );
    assert!(rpc("ban.rm", json!(["192.0.2.0/24"])).is_ok());
    assert!(rpc("ban.rm", json!(["192.0.2.0/24"])).is_err());
    assert!(rpc("ban.never_add", json!(["10.0.0.0/8"])).is_ok());
    assert_eq!(rpc("ban.never_list", json!([])), Ok(json!(["10.0.0.0/8"])));
    assert_eq!(
        rpc("ban.add", json!(["10.1.2.3"])),
        Err("10.1.2.3 is never banned".to_owned())
    );
    assert!(rpc("ban.never_rm", json!(["10.0.0.0/8"])).is_ok());
    assert!(rpc("ban.never_rm", json!(["10.0.0.0/8"])).is_err());
    assert!(rpc("ban.add", json!(["x"])).is_err() && rpc("ban.add", json!(["::1", -1])).is_err());
}

#[test]
fn the_list_outlives_a_restart() {
    let store = Arc::new(Memory::standard());
    let script = format!(
        "{HEAD}modparam(\"ban\", \"db_url\", \"sqlite:///x\")\nmodparam(\"ban\", \"never\", \"172.16.0.0/12\")\n\
         request_route {{ ban_add(\"$si\", \"300\", \"x\"); }}"
    );
    let first = Bench::with_store(&script, store.clone());
    first.run_in(from(&first, "192.0.2.1:5060", true, 1));
    first.run_in(from(&first, "192.0.2.2:5060", false, 1));
    // Where somebody proved himself, only the port is banned.
    let known = first.states.bans().get().expect("a list");
    let phone = "192.0.2.3:5060".parse().expect("an address");
    known.note_known(phone, Some(b"alice"), UNIX_MS + 1000, UNIX_MS);
    first.run_in(from(&first, "192.0.2.3:7000", true, 1));
    let rpc = |bench: &Bench, name, params| bench.rpc(name, params).expect("an answer");
    rpc(&first, "ban.add", json!(["10.0.0.0/8"]));
    rpc(&first, "ban.never_add", json!(["10.1.0.0/16"]));
    first.tick(UNIX_MS);
    rpc(&first, "ban.add", json!(["192.0.2.7"]));
    first.stop();
    let second = Bench::with_store(&script, store.clone());
    let sources = |bench: &Bench| -> Vec<String> {
        let list = listed(bench);
        let all = list.as_array().expect("a list").iter();
        all.map(|ban| ban["source"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let kept = ["10.0.0.0/8", "192.0.2.1", "192.0.2.3", "192.0.2.7"];
    assert_eq!(sources(&second), kept);
    assert_eq!(listed(&second)[2]["port"], json!(7000));
    let never = rpc(&second, "ban.never_list", json!([]));
    assert_eq!(never, json!(["10.1.0.0/16", "172.16.0.0/12"]));
    rpc(&second, "ban.rm", json!(["10.0.0.0/8"]));
    // What ended long ago goes.
    second.tick((UNIX_MS / 600_000 + 400) * 600_000);
    second.stop();
    assert_eq!(sources(&Bench::with_store(&script, store)), ["192.0.2.7"]);
}

#[test]
fn trusted_peers_are_never_banned() {
    let store = Arc::new(Memory::standard());
    let row = vec![
        (store::name!("grp"), store::Cell::Int(1)),
        (store::name!("ip_addr"), store::Cell::text("192.0.2.1")),
    ];
    let table = store::name!("address");
    let insert = store::Write::Insert { table, row };
    store::wait(store.as_ref(), insert.into()).expect("a row");
    let script = "loadmodule \"pv.so\"\nloadmodule \"permissions.so\"\nloadmodule \"ban.so\"\n\
                  modparam(\"permissions\", \"db_url\", \"sqlite:///x\")\n\
                  modparam(\"permissions\", \"load_backends\", 1)\n\
                  request_route { ban_add(\"$si\", \"300\", \"x\"); rc(); }";
    let bench = Bench::with_store(script, store);
    assert_eq!(
        bench.run_in(from(&bench, "192.0.2.1:5060", true, 1)).codes,
        [-2]
    );
    assert_eq!(
        bench.run_in(from(&bench, "192.0.2.2:5060", true, 1)).codes,
        [1]
    );
    assert!(bench.rpc("ban.add", json!(["192.0.2.0/24"])).is_err());
}

#[test]
fn whoever_was_registered_before_a_restart_is_known() {
    let store = Arc::new(Memory::standard());
    let expires = i64::try_from(UNIX_MS / 1000).expect("a time") + 100;
    let row = |name: &str, contact: &str, received: store::Cell| {
        let row = vec![
            (store::name!("ruid"), store::Cell::text(name)),
            (store::name!("username"), store::Cell::text(name)),
            (store::name!("contact"), store::Cell::text(contact)),
            (store::name!("received"), received),
            (store::name!("expires"), store::Cell::Time(expires)),
        ];
        let table = store::name!("location");
        let insert = store::Write::Insert { table, row };
        store::wait(store.as_ref(), insert.into()).expect("a row");
    };
    row("alice", "sip:alice@192.0.2.1:5060", store::Cell::Null);
    row(
        "bob",
        "sip:bob@10.0.0.1",
        store::Cell::text("sip:192.0.2.2:5070"),
    );
    let script = "loadmodule \"pv.so\"\nloadmodule \"usrloc.so\"\nloadmodule \"registrar.so\"\nloadmodule \"ban.so\"\n\
                  modparam(\"usrloc\", \"db_url\", \"sqlite:///x\")\nmodparam(\"usrloc\", \"db_mode\", 1)\n\
                  request_route { ban_add(\"$si\", \"300\", \"x\"); rc(); is_known_source(); rc(); }";
    let bench = Bench::with_store(script, store.clone());
    let codes = |peer, is_proved| bench.run_in(from(&bench, peer, is_proved, 1)).codes;
    assert_eq!(codes("192.0.2.1:5060", false), [-3, 1]);
    assert_eq!(codes("192.0.2.2:5070", true), [-3, 1]);
    assert_eq!(codes("192.0.2.2:7", false), [-3, -1]);
    assert_eq!(codes("10.0.0.1:5060", false), [1, -1]);
}

#[test]
fn parameters_are_checked() {
    for (line, expected) in [
        ("\"never\", \"x\"", "is no address"),
        ("\"max_guesses\", 0", "expected a number from 1 on"),
        ("\"guess_delay\", -1", "expected a number from 0 on"),
    ] {
        let script = format!("{HEAD}modparam(\"ban\", {line})\nrequest_route {{ exit; }}");
        let problems = crate::testing::problems(&script);
        assert!(problems.contains(expected), "{line}: {problems}");
    }
}
