//! A database that is away when the server starts.

use super::*;

fn found(bench: &Bench, user: &str) -> i32 {
    at(bench, &invite(user), 0).ran.codes[0]
}

/// Whose rows there are, after the rows were read and what changed was written.
fn users_once_read(bench: &Bench, store: &Arc<Memory>) -> Vec<String> {
    bench.run_start_tasks(|_| true);
    interval(bench, 0, 4);
    users(store)
}

/// The mode of `db_mode`, with contacts told apart by their Call-IDs too.
fn by_call(mode_of: u8) -> String {
    let matching = "modparam(\"usrloc\", \"matching_mode\", 1)\n";
    [mode(mode_of), matching.to_owned()].concat()
}

/// Two rows of one contact of alice's, of two Call-IDs.
fn two_of_one_contact() -> Arc<Memory> {
    let store = Arc::new(Memory::standard());
    let before = start(&store, &by_call(1));
    let first = register("alice", "<sip:a@1.1.1.1>", 1);
    at(&before, &first, 0);
    at(&before, &first.replace("c1", "c2"), 0);
    store
}

#[test]
fn who_is_not_read_yet_is_not_said_to_be_unknown() {
    let store = Arc::new(Memory::standard());
    let before = start(&store, &mode(1));
    at(&before, &register("alice", "<sip:a@1.1.1.1>", 1), 0);
    drop(before);
    for mode in [mode(1), mode(2), mode(4)] {
        let bench = Bench::with_late_store(&script(&mode), store.clone());
        assert_eq!(found(&bench, "alice"), -3, "{mode}");
        bench.run_start_tasks(|_| true);
        assert_eq!(found(&bench, "alice"), 1, "{mode}");
        assert_eq!(found(&bench, "bob"), -1, "{mode}");
    }
}

#[test]
fn who_registers_meanwhile_has_one_contact() {
    let store = Arc::new(Memory::standard());
    let before = start(&store, &mode(1));
    at(&before, &register("alice", "<sip:a@1.1.1.1>;q=0.1", 1), 0);
    at(&before, &register("bob", "<sip:b@1.1.1.1>", 1), 0);
    drop(before);
    let bench = Bench::with_late_store(&script(&mode(2)), store.clone());
    let served = at(&bench, &register("alice", "<sip:a@1.1.1.1>;q=0.7", 1), 0);
    assert_eq!(served.replies[0].0, 200);
    assert_eq!(found(&bench, "alice"), 1);
    assert_eq!(users_once_read(&bench, &store), ["alice", "bob"]);
    assert_eq!(rows(&store).cell(0, &name!("q")), Some(&Cell::Real(0.7)));
}

#[test]
fn rows_of_one_user_are_told_apart_as_contacts_are() {
    let store = two_of_one_contact();
    let late = || Bench::with_late_store(&script(&by_call(2)), store.clone());
    assert_eq!(users_once_read(&late(), &store), ["alice", "alice"]);
    // Who registers before they are read takes the place of his own row alone.
    let bench = late();
    let second = register("alice", "<sip:a@1.1.1.1>", 1).replace("c1", "c2");
    at(&bench, &second, 0);
    assert_eq!(users_once_read(&bench, &store), ["alice", "alice"]);
}

#[test]
fn a_row_that_nobody_has_renewed_stays() {
    // Two that a server wrote which tells contacts apart in another way.
    let store = two_of_one_contact();
    let bench = Bench::with_late_store(&script(&mode(2)), store.clone());
    assert_eq!(users_once_read(&bench, &store), ["alice", "alice"]);
    // One that another server wrote after who is registered here.
    let store = Arc::new(Memory::standard());
    let other = start(&store, &mode(1));
    let bench = Bench::with_late_store(&script(&mode(2)), store.clone());
    let first = register("alice", "<sip:a@1.1.1.1>", 1);
    at(&bench, &first, 0);
    at(&other, &first, 100);
    assert_eq!(users_once_read(&bench, &store), ["alice", "alice"]);
}

#[test]
fn what_is_not_read_yet_is_not_said_to_be_removed() {
    let store = Arc::new(Memory::standard());
    let before = start(&store, &mode(1));
    at(&before, &register("alice", "<sip:a@1.1.1.1>", 1), 0);
    drop(before);
    let bench = Bench::with_late_store(&script(&mode(2)), store.clone());
    for leaves in ["<sip:a@1.1.1.1>;expires=0", "*\nExpires: 0"] {
        let served = at(&bench, &register("alice", leaves, 2), 0);
        assert_eq!(served.replies[0].0, 500, "{leaves}");
    }
    bench.run_start_tasks(|_| true);
    let served = at(&bench, &register("alice", "*\nExpires: 0", 3), 0);
    assert_eq!(served.replies[0].0, 200);
    assert_eq!(found(&bench, "alice"), -1);
}

#[test]
fn a_table_that_the_script_names_is_checked_and_read() {
    let store = Arc::new(Memory::standard());
    let people = name!("people");
    let script = script(&mode(3)).replace("\"location\")", "\"people\")");
    let version = |version: i64| {
        let row = vec![
            (name!("table_name"), "people".into()),
            (name!("table_version"), version.into()),
        ];
        let write = store::Write::Replace {
            table: name!("version"),
            row,
        };
        store::wait(store.as_ref(), write.into()).expect("the table of versions");
    };
    let start = || Bench::with_late_store(&script, store.clone());
    version(8);
    let bench = start();
    let run = std::panic::AssertUnwindSafe(|| bench.run_start_tasks(|_| true));
    let said = std::panic::catch_unwind(run).expect_err("no start");
    let said = said.downcast_ref::<String>().expect("a sentence");
    let wanted = format!("module usrloc: invalid version 8 for table {people} found");
    assert!(said.starts_with(&wanted), "{said}");
    version(9);
    start().run_start_tasks(|_| true);
}
