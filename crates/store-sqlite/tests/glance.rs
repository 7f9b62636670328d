//! What may be read on the caller's thread.

use std::time::Duration;

use store::{Filter, Name, Operation, Outcome, Select, Store, Write, name, wait};
use store_sqlite::{Options, SqliteStore};

/// A table of so many rows with an index on one of its two columns.
fn database(directory: &tempfile::TempDir, rows: u32) -> SqliteStore {
    let options = Options {
        slow_read: Duration::MAX,
        ..Options::default()
    };
    let store = SqliteStore::open(directory.path().join("k.db"), options).expect("a database");
    for statement in [
        "CREATE TABLE phones (name TEXT, colour TEXT)".to_owned(),
        "CREATE INDEX names ON phones (name)".to_owned(),
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
             INSERT INTO phones SELECT 'p' || i, 'c' || i FROM n"
        ),
    ] {
        wait(&store, Operation::raw(statement)).expect("done");
    }
    store
}

fn by(column: Name, value: &str) -> Operation {
    Select::from(name!("phones"))
        .filter(Filter::all().eq(column, value))
        .into()
}

fn rows(outcome: Option<Outcome>) -> Option<usize> {
    match outcome? {
        Outcome::Rows(rows) => Some(rows.rows.len()),
        _ => None,
    }
}

#[test]
fn a_row_by_its_key_is_read_at_once_and_is_the_newest() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = database(&directory, 10_000);
    // Often enough for a count of instructions that goes on from read to read to reach any bound.
    for _ in 0..1000 {
        assert_eq!(rows(store.glance(&by(name!("name"), "p7"))), Some(1));
    }
    assert_eq!(rows(store.glance(&by(name!("name"), "nobody"))), Some(0));
    let row = vec![(name!("name"), "nobody".into())];
    let write = Write::Insert {
        table: name!("phones"),
        row,
    };
    wait(&store, write.into()).expect("written");
    assert_eq!(rows(store.glance(&by(name!("name"), "nobody"))), Some(1));
}

#[test]
fn what_looks_through_a_table_is_given_up_and_nobody_tries_for_a_while() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = database(&directory, 10_000);
    let left = (0..20).filter(|_| {
        assert_eq!(rows(store.glance(&by(name!("colour"), "c7"))), None);
        store.glance(&by(name!("name"), "p7")).is_none()
    });
    assert!(left.count() > 10);
    let answer = wait(&store, by(name!("colour"), "c7")).expect("an answer");
    assert_eq!(rows(Some(answer)), Some(1));
}

#[test]
fn writes_whole_tables_and_mistakes_are_left_to_the_queues() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = database(&directory, 1);
    assert_eq!(
        rows(store.glance(&Select::from(name!("phones")).into())),
        None
    );
    assert_eq!(rows(store.glance(&Operation::raw("SELECT 1"))), None);
    assert_eq!(rows(store.glance(&by(name!("name"), "p1"))), Some(1));
    assert_eq!(rows(store.glance(&by(name!("weight"), "heavy"))), None);
}

#[test]
fn a_slow_disk_is_left_to_the_readers() {
    let directory = tempfile::tempdir().expect("a directory");
    database(&directory, 1);
    let options = Options {
        slow_read: Duration::ZERO,
        ..Options::default()
    };
    let store = SqliteStore::open(directory.path().join("k.db"), options).expect("a database");
    let read = (0..200).filter(|_| rows(store.glance(&by(name!("name"), "p1"))) == Some(1));
    assert!((1..100).contains(&read.count()));
}
