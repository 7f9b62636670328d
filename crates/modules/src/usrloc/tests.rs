//! Database modes, expiry and commands, through `save()` as operators use them.

mod late;

use crate::testing::{Bench, Served, UNIX_MS};
use policy::{ConnectionId, Task};
use serde_json::json;
use std::sync::Arc;
use store::{Cell, Memory, Operation, Rows, Select, name};

const ROUTE: &str = r#"
request_route { if (method == "REGISTER") { save("location"); rc(); exit; } lookup("location"); rc(); }
"#;

fn script(params: &str) -> String {
    format!(
        "loadmodule \"usrloc\"\nmodparam(\"usrloc\", \"db_url\", \"memory://\")\n{params}loadmodule \"registrar\"\n{ROUTE}"
    )
}

fn mode(mode: u8) -> String {
    format!("modparam(\"usrloc\", \"db_mode\", {mode})\nmodparam(\"usrloc\", \"hash_size\", 2)\n")
}

fn register(user: &str, contact: &str, cseq: u32) -> String {
    format!(
        "REGISTER sip:example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKa\n\
         From: <sip:{user}@example.test>;tag=a\nTo: <sip:{user}@example.test>\nCall-ID: c1\n\
         CSeq: {cseq} REGISTER\nContact: {contact}\nUser-Agent: Phone\nContent-Length: 0\n\n"
    )
}

fn invite(user: &str) -> String {
    register(user, "<sip:x@x.test>", 1)
        .replace(
            "REGISTER sip:example.test",
            &format!("INVITE sip:{user}@example.test"),
        )
        .replace("REGISTER", "INVITE")
}

fn at(bench: &Bench, message: &str, after_s: u64) -> Served {
    let mut context = bench.context(message);
    context.now.unix_ms = UNIX_MS + after_s * 1000;
    bench.serve(context)
}

fn finds(bench: &Bench, user: &str) -> bool {
    at(bench, &invite(user), 0).ran.codes == [1]
}

fn rows(store: &Arc<Memory>) -> Rows {
    let all =
        Select::from(name!("location")).order_by(name!("username"), store::Direction::Ascending);
    store::wait(store.as_ref(), all.into())
        .expect("the table")
        .into_rows()
}

fn users(store: &Arc<Memory>) -> Vec<String> {
    let rows = rows(store);
    let text = |row: usize| {
        rows.cell(row, &name!("username"))
            .and_then(Cell::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (0..rows.len()).map(text).collect()
}

fn start(store: &Arc<Memory>, params: &str) -> Bench {
    Bench::with_store(&script(params), store.clone())
}

/// Ticks until every slot was visited once.
fn interval(bench: &Bench, from_s: u64, seconds: u64) {
    (0..seconds).for_each(|second| bench.tick(UNIX_MS + (from_s + second) * 1000));
}

#[test]
fn write_through_survives_a_crash() {
    let store = Arc::new(Memory::standard());
    let bench = start(&store, &mode(1));
    let served = at(&bench, &register("alice", "<sip:a@1.1.1.1>;q=0.5", 1), 0);
    assert_eq!(served.replies[0].0, 200);
    // The row is there as soon as the reply is.
    let stored = rows(&store);
    let cell = |column: &store::Name| stored.cell(0, column).cloned().unwrap_or_default();
    assert_eq!(cell(&name!("username")), Cell::text("alice"));
    assert_eq!(cell(&name!("contact")), Cell::text("sip:a@1.1.1.1"));
    assert_eq!(
        cell(&name!("expires")),
        Cell::Time((UNIX_MS / 1000 + 3600) as i64)
    );
    assert_eq!(cell(&name!("q")), Cell::Real(0.5));
    assert_eq!(
        (cell(&name!("domain")), cell(&name!("methods"))),
        (Cell::Null, Cell::Null)
    );
    assert_eq!(
        (cell(&name!("connection_id")), cell(&name!("socket"))),
        (Cell::Int(-1), Cell::text("udp:127.0.0.1:5060"))
    );
    drop(bench);
    let again = start(&store, &mode(1));
    assert!(finds(&again, "alice"));
    assert_eq!(
        again
            .counters
            .find("usrloc", "location_contacts")
            .map(|c| c.value()),
        Some(1)
    );
    at(
        &again,
        &register("alice", "<sip:a@1.1.1.1>;expires=0", 2),
        0,
    );
    interval(&again, 0, 60);
    assert!(users(&store).is_empty());
}

#[test]
fn a_failed_write_is_told_and_tried_again() {
    let store = Arc::new(Memory::standard());
    let bench = start(&store, &mode(1));
    let context = bench.context(&register("alice", "<sip:a@1.1.1.1>", 1));
    let served = bench.serve_with(context, |_| false);
    assert_eq!(
        (served.replies[0].0, &served.ran.codes[..]),
        (500, &[-1][..])
    );
    assert!(users(&store).is_empty());
    interval(&bench, 0, 60);
    assert_eq!(users(&store), ["alice"]);
}

#[test]
fn write_back_loses_at_most_an_interval() {
    let store = Arc::new(Memory::standard());
    let params = format!("{}modparam(\"usrloc\", \"timer_interval\", 4)\n", mode(2));
    let bench = start(&store, &params);
    for user in ["alice", "bob", "carol"] {
        at(&bench, &register(user, "<sip:a@1.1.1.1>", 1), 0);
    }
    assert!(users(&store).is_empty());
    interval(&bench, 0, 4);
    assert_eq!(users(&store), ["alice", "bob", "carol"]);
    at(&bench, &register("bob", "<sip:a@1.1.1.1>;expires=0", 2), 0);
    at(&bench, &register("carol", "<sip:a@1.1.1.1>;q=0.3", 2), 0);
    at(&bench, &register("dora", "<sip:a@1.1.1.1>", 2), 0);
    interval(&bench, 4, 4);
    assert_eq!(users(&store), ["alice", "carol", "dora"]);
    assert_eq!(rows(&store).cell(1, &name!("q")), Some(&Cell::Real(0.3)));
    at(&bench, &register("emil", "<sip:a@1.1.1.1>", 1), 0);
    drop(bench);
    let again = start(&store, &params);
    assert!(finds(&again, "dora") && !finds(&again, "emil") && !finds(&again, "bob"));
}

#[test]
fn write_back_is_flushed_at_the_end() {
    let store = Arc::new(Memory::standard());
    let bench = start(&store, &mode(2));
    at(&bench, &register("alice", "<sip:a@1.1.1.1>", 1), 0);
    bench.stop();
    assert_eq!(users(&store), ["alice"]);
}

#[test]
fn the_database_alone_is_asked_each_time() {
    let store = Arc::new(Memory::standard());
    let (one, other) = (start(&store, &mode(3)), start(&store, &mode(3)));
    assert_eq!(
        at(&one, &register("alice", "<sip:a@1.1.1.1>", 1), 0).replies[0].0,
        200
    );
    assert!(finds(&other, "alice"));
    assert_eq!(
        at(&other, &register("alice", "<sip:b@1.1.1.1>", 2), 0)
            .ran
            .codes,
        [1]
    );
    assert_eq!(
        at(&one, &register("alice", "<sip:b@1.1.1.1>;q=0.1", 3), 0)
            .ran
            .codes,
        [2]
    );
    assert_eq!(users(&store).len(), 2);
    assert_eq!(
        one.counters
            .find("usrloc", "location_contacts")
            .map(|c| c.value()),
        Some(0)
    );
    let context = one.context(&invite("alice"));
    assert_eq!(one.serve_with(context, |_| false).ran.codes, [-3]);
    interval(&one, 3601, 60);
    assert!(users(&store).is_empty());
}

#[test]
fn load_only_never_writes() {
    let store = Arc::new(Memory::standard());
    at(
        &start(&store, &mode(1)),
        &register("alice", "<sip:a@1.1.1.1>", 1),
        0,
    );
    let bench = start(&store, &mode(4));
    assert!(finds(&bench, "alice"));
    at(&bench, &register("bob", "<sip:a@1.1.1.1>", 1), 0);
    interval(&bench, 4000, 60);
    bench.stop();
    assert_eq!(users(&store), ["alice"]);
}

#[test]
fn pages_and_domains() {
    let store = Arc::new(Memory::standard());
    let params = format!(
        "{}modparam(\"usrloc\", \"fetch_rows\", 2)\nmodparam(\"usrloc\", \"use_domain\", 1)\n",
        mode(1)
    );
    let bench = start(&store, &params);
    for number in 0..7 {
        at(
            &bench,
            &register(&format!("u{number}"), "<sip:a@1.1.1.1>", 1),
            0,
        );
    }
    assert_eq!(
        rows(&store).cell(0, &name!("domain")),
        Some(&Cell::text("example.test"))
    );
    let again = start(&store, &params);
    assert!((0..7).all(|number| finds(&again, &format!("u{number}"))));
    assert_eq!(
        again
            .rpc("ul.lookup", json!(["location", "u1"]))
            .map_err(|e| e.message),
        Err("Domain missing in AOR".to_owned())
    );
}

#[test]
fn contacts_expire_in_memory_and_in_the_database() {
    let store = Arc::new(Memory::standard());
    let bench = start(&store, &mode(1));
    at(
        &bench,
        &register("alice", "<sip:a@1.1.1.1>;expires=100", 1),
        0,
    );
    at(
        &bench,
        &register("bob", "<sip:a@1.1.1.1>;expires=1000", 1),
        0,
    );
    interval(&bench, 40, 59);
    assert_eq!(users(&store), ["alice", "bob"]);
    interval(&bench, 100, 60);
    interval(&bench, 160, 60);
    assert_eq!(users(&store), ["bob"]);
    assert_eq!(
        bench
            .counters
            .find("usrloc", "location_expires")
            .map(|c| c.value()),
        Some(1)
    );
    assert_eq!(
        bench
            .counters
            .find("usrloc", "registered_users")
            .map(|c| c.value()),
        Some(1)
    );
    // The core has events of its own.
    let mut tasks = std::iter::from_fn(|| bench.states.outbox().take());
    let told = tasks.find_map(|task| match task {
        Task::Event { name, prepare } if name.starts_with("usrloc:") => Some((name, prepare)),
        _ => None,
    });
    let Some((name, prepare)) = told else {
        panic!("no event");
    };
    assert_eq!(name, "usrloc:contact-expired");
    let mut context = bench.context(&invite("alice"));
    prepare(&mut context);
    assert!(bench.states.outbox().take().is_none());
}

#[test]
fn contacts_go_with_their_connection() {
    let params = "modparam(\"usrloc\", \"handle_lost_tcp\", 1)\nmodparam(\"usrloc\", \"close_expired_tcp\", 1)\n";
    let bench = start(&Arc::new(Memory::standard()), params);
    for (user, id) in [("alice", 7), ("bob", 8)] {
        let mut context = bench.context(&register(
            user,
            "<sip:a@1.1.1.1;transport=tcp>;expires=100",
            1,
        ));
        context.flow.connection = Some(ConnectionId(id));
        bench.serve(context);
    }
    bench.lose(ConnectionId(7));
    assert!(!finds(&bench, "alice") && finds(&bench, "bob"));
    interval(&bench, 200, 60);
    let tasks: Vec<Task> = std::iter::from_fn(|| bench.states.outbox().take()).collect();
    assert!(
        tasks
            .iter()
            .any(|task| matches!(task, Task::Close(ConnectionId(8))))
    );
}

#[test]
fn a_table_of_another_version_stops_the_start() {
    let store = Arc::new(Memory::standard());
    let old = Operation::from(store::Write::Update {
        table: name!("version"),
        set: vec![(name!("table_version"), Cell::Int(8))],
        filter: store::Filter::all().eq(name!("table_name"), "location"),
    });
    store::wait(store.as_ref(), old).expect("the table of versions");
    let started =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| start(&store, &mode(1))));
    let said = started
        .err()
        .and_then(|panic| panic.downcast_ref::<String>().cloned());
    let said = said.expect("a sentence");
    let wanted = "module usrloc: invalid version 8 for table location found in ";
    assert!(said.starts_with(wanted), "{said}");
}

#[test]
fn commands() {
    let store = Arc::new(Memory::standard());
    let bench = start(&store, &mode(2));
    at(&bench, &register("alice", "<sip:a@1.1.1.1>;q=0.5", 1), 0);
    let add = json!([
        "location",
        "bob",
        "sip:z@1.1.1.1",
        100,
        0.5,
        ".",
        0,
        4,
        4_294_967_295_u32,
        "sip:1.2.3.4:55"
    ]);
    assert_eq!(bench.rpc("ul.add", add), Ok(json!({})));
    let bob = bench
        .rpc("ul.lookup", json!(["location", "bob"]))
        .expect("bob");
    let contact = &bob["Contacts"][0]["Contact"];
    assert_eq!(
        (&contact["Address"], &contact["Expires"], &contact["Q"]),
        (&json!("sip:z@1.1.1.1"), &json!(100), &json!(0.5))
    );
    assert_eq!(
        (&contact["Received"], &contact["State"], &contact["CFlags"]),
        (&json!("sip:1.2.3.4:55"), &json!("CS_NEW"), &json!(4))
    );
    assert_eq!(
        (&contact["Path"], &contact["Tcpconn-Id"]),
        (&json!("[not set]"), &json!(-1))
    );
    assert_eq!(bench.rpc("ul.flush", json!([])), Ok(json!({})));
    assert_eq!(users(&store), ["alice", "bob"]);
    assert_eq!(bench.rpc("ul.db_users", json!(["location"])), Ok(json!(2)));
    assert_eq!(
        bench.rpc("ul.db_contacts", json!(["location"])),
        Ok(json!(2))
    );
    assert_eq!(
        bench.rpc("ul.db_expired_contacts", json!(["location"])),
        Ok(json!(0))
    );
    let dump = bench.rpc("ul.dump", json!([])).expect("a dump");
    assert_eq!(dump["Domains"][0]["Domain"]["Stats"]["Records"], json!(2));
    let brief = bench.rpc("ul.dump", json!(["brief"])).expect("a dump");
    assert_eq!(
        brief["Domains"][0]["Domain"]["AoRs"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let failed = |name: &str, params| {
        bench
            .rpc(name, params)
            .map_err(|error| (error.code, error.message))
    };
    for (name, params, code, message) in [
        (
            "ul.lookup",
            json!(["location", "nobody"]),
            500,
            "AOR not found in location table",
        ),
        (
            "ul.lookup",
            json!(["nowhere", "alice"]),
            500,
            "Domain table not found",
        ),
        (
            "ul.lookup",
            json!(["location"]),
            500,
            "Not enough parameters (table and AOR to lookup)",
        ),
        (
            "ul.rm_contact",
            json!(["location", "alice", "sip:q@q"]),
            404,
            "Contact not found",
        ),
        (
            "ul.add",
            json!(["location", "bob", "sip:z@1.1.1.1"]),
            500,
            "Not enough parameters or wrong format",
        ),
    ] {
        assert_eq!(
            failed(name, params),
            Err((code, message.to_owned())),
            "{name}"
        );
    }
    assert_eq!(
        bench.rpc(
            "ul.rm_contact",
            json!(["location", "alice", "sip:a@1.1.1.1"])
        ),
        Ok(json!({}))
    );
    assert_eq!(
        bench.rpc("ul.rm", json!(["location", "bob"])),
        Ok(json!({}))
    );
    interval(&bench, 0, 60);
    assert!(users(&store).is_empty());
    let memory = Bench::new(&script("modparam(\"usrloc\", \"db_mode\", 0)\n"));
    let unsupported = memory
        .rpc("ul.db_users", json!(["location"]))
        .map_err(|error| error.message);
    assert_eq!(
        unsupported,
        Err("Command is not supported in db_mode=0".to_owned())
    );
}

#[test]
fn what_no_keepalive_request_can_be_made_of_is_refused() {
    for (parameter, value) in [
        ("ka_mode", "8"),
        ("ka_mode", "-1"),
        ("ka_method", "\"INVITE\""),
        ("ka_method", "\"OP TIONS\""),
        ("ka_from", "\"nobody\""),
        ("ka_domain", "\"a b\""),
        ("ka_filter", "2"),
    ] {
        let line = format!("modparam(\"usrloc\", \"{parameter}\", {value})\n");
        let problem = crate::testing::problems(&script(&line));
        assert!(problem.contains(parameter), "{parameter}: {problem}");
    }
}

#[test]
fn a_script_runs_no_command_that_waits_for_the_database() {
    let told = |mode: u8, command: &str| {
        let command = format!(
            r#"{{"jsonrpc":"2.0","method":"{command}","params":["location","nobody"],"id":1}}"#
        );
        let script = format!(
            "loadmodule \"jsonrpcs\"\nloadmodule \"usrloc\"\n\
             modparam(\"usrloc\", \"db_url\", \"memory://\")\nmodparam(\"usrloc\", \"db_mode\", {mode})\n\
             request_route {{ jsonrpc_exec('{command}'); note(\"$jsonrpl(text)\"); }}"
        );
        let bench = Bench::with_store(&script, Arc::new(Memory::standard()));
        bench.run(&invite("nobody")).notes.join(" ")
    };
    let refused = "This command cannot be run from a script";
    for command in ["ul.lookup", "ul.rm", "ul.rm_contact", "ul.add"] {
        assert_ne!(told(0, command), refused, "{command}");
        assert_eq!(told(3, command), refused, "{command}");
    }
    for command in ["ul.db_users", "ul.db_contacts", "ul.db_expired_contacts"] {
        assert_eq!(told(1, command), refused, "{command}");
    }
    assert_ne!(told(3, "ul.dump"), refused);
}
