//! A process that is killed while it writes leaves the file whole, with everything it confirmed.
#![allow(clippy::disallowed_methods, reason = "a process is started and killed")]

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use rusqlite::Connection;
use store::{Operation, Store, Write, name, schema, wait};
use store_sqlite::{Options, SqliteStore};

const FILE: &str = "RINGWALL_KILL_TEST_FILE";

#[test]
fn a_killed_writer_loses_nothing_that_it_confirmed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("k.db");
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "the_writer_that_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let confirmed = |line: String| {
            line.strip_prefix("confirmed ")
                .and_then(|count| count.parse::<i64>().ok())
        };
        let reached = lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(confirmed)
            .find(|count| *count >= 3000 * round);
        assert!(reached.is_some(), "the child wrote");
        child.kill().expect("SIGKILL");
        child.wait().expect("its end");
        // What it confirmed before it died may still stand in the pipe.
        let last = lines
            .map_while(Result::ok)
            .filter_map(confirmed)
            .last()
            .or(reached)
            .unwrap_or_default();
        let file = Connection::open(&path).expect("the file");
        let check: String = file
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("a check");
        assert_eq!(check, "ok");
        let rows: i64 = file
            .query_row("SELECT count(*) FROM address", [], |row| row.get(0))
            .expect("a count");
        assert!(rows >= last, "{rows} rows, {last} confirmed");
    }
}

#[test]
#[ignore = "run by the test above as a process of its own"]
fn the_writer_that_is_killed() {
    let Ok(path) = std::env::var(FILE) else {
        return;
    };
    let store = SqliteStore::open(path, Options::default()).expect("a database");
    wait(&store, Operation::CreateTables(vec![&schema::ADDRESS])).expect("a table");
    let present = wait(&store, Operation::raw("SELECT count(*) FROM address"))
        .expect("a count")
        .into_rows();
    let mut confirmed = present.rows[0][0].as_int().expect("a number");
    let (sender, receiver) = channel();
    for number in 0.. {
        let row = vec![(name!("ip_addr"), format!("192.0.2.{number}").into())];
        let sender = sender.clone();
        let done = move |result: Result<_, _>| sender.send(result.is_ok()).expect("sent");
        store.submit(
            Write::Insert {
                table: name!("address"),
                row,
            }
            .into(),
            Box::new(done),
        );
        // Some stay in flight, so that the kill comes in the middle of a group.
        if number >= 100 {
            assert!(receiver.recv().expect("an answer"));
            confirmed += 1;
            let mut out = std::io::stdout().lock();
            writeln!(out, "confirmed {confirmed}").expect("the test reads");
        }
    }
}
