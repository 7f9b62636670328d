//! What many operations at once come to.
#![allow(clippy::disallowed_methods, reason = "waiting is measured")]

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use store::{Operation, Outcome, Select, Store, StoreError, Write, name, schema, wait};
use store_sqlite::{Options, SqliteStore};

fn insert(address: &str) -> Operation {
    Write::Insert {
        table: name!("address"),
        row: vec![(name!("ip_addr"), address.into())],
    }
    .into()
}

fn database(directory: &tempfile::TempDir, options: Options) -> SqliteStore {
    let store = SqliteStore::open(directory.path().join("k.db"), options).expect("a database");
    wait(
        &store,
        Operation::CreateTables(vec![&schema::ADDRESS, &schema::DOMAIN]),
    )
    .expect("tables");
    store
}

/// Holds the writer in a call-back until the barrier is passed by the test too.
fn hold_writer(store: &SqliteStore) -> Arc<Barrier> {
    let (gate, at_gate) = (Arc::new(Barrier::new(2)), channel());
    let (inside, arrived) = (gate.clone(), at_gate.0);
    let hold = move |_| {
        arrived.send(()).expect("the test waits");
        inside.wait();
    };
    store.submit(Operation::raw("PRAGMA user_version = 1"), Box::new(hold));
    at_gate.1.recv().expect("the writer is held");
    gate
}

#[test]
fn a_full_queue_refuses_at_once_and_the_rest_is_done() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = database(
        &directory,
        Options {
            queue: 3,
            ..Options::default()
        },
    );
    let gate = hold_writer(&store);
    let (sender, receiver) = channel();
    for at in 0..5 {
        let sender = sender.clone();
        store.submit(
            insert("192.0.2.1"),
            Box::new(move |result| sender.send((at, result)).expect("sent")),
        );
    }
    let refused: Vec<_> = receiver.try_iter().collect();
    let places: Vec<i32> = refused.iter().map(|(at, _)| *at).collect();
    assert_eq!(places, [3, 4]);
    for (_, result) in refused {
        assert!(
            matches!(result, Err(StoreError::TooMany { limit: 3, .. })),
            "{result:?}"
        );
    }
    gate.wait();
    for expected in 0..3 {
        assert_eq!(
            receiver.recv(),
            Ok((expected, Ok(Outcome::Done { affected: 1 }))),
            "in order"
        );
    }
}

#[test]
fn one_mistake_in_a_group_spoils_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = database(&directory, Options::default());
    let gate = hold_writer(&store);
    let (sender, receiver) = channel();
    let domain = |text: &str| Write::Insert {
        table: name!("domain"),
        row: vec![(name!("domain"), text.into())],
    };
    let operations = [
        domain("a").into(),
        domain("a").into(),
        Operation::Batch(vec![domain("b"), domain("a")]),
        Operation::raw("COMMIT"),
        Operation::raw("nonsense"),
        Operation::Batch(vec![domain("c"), domain("d")]),
    ];
    for operation in operations {
        let sender = sender.clone();
        store.submit(
            operation,
            Box::new(move |result| {
                sender
                    .send(result.map(|done| done.affected()).ok())
                    .expect("sent")
            }),
        );
    }
    gate.wait();
    drop(sender);
    let results: Vec<_> = receiver.iter().collect();
    assert_eq!(results, [Some(1), None, None, None, None, Some(2)]);
    let rows = wait(
        &store,
        Select::from(name!("domain"))
            .columns([name!("domain")])
            .into(),
    )
    .expect("rows");
    assert_eq!(
        rows.into_rows().rows,
        [["a".into()], ["c".into()], ["d".into()]]
    );
}

#[test]
fn what_was_accepted_is_done_before_the_store_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = database(&directory, Options::default());
    let (sender, receiver) = channel();
    for _ in 0..2000 {
        let sender = sender.clone();
        store.submit(
            insert("192.0.2.1"),
            Box::new(move |result| sender.send(result.is_ok()).expect("sent")),
        );
    }
    drop(store);
    assert_eq!(receiver.try_iter().filter(|done| *done).count(), 2000);
    let store = database(&directory, Options::default());
    assert_eq!(
        wait(&store, Select::from(name!("address")).into())
            .expect("rows")
            .into_rows()
            .len(),
        2000
    );
}

#[test]
fn a_call_back_may_own_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Arc::new(database(&directory, Options::default()));
    let (sender, receiver) = channel();
    let own = store.clone();
    let last = move |result: Result<Outcome, StoreError>| {
        drop(own);
        sender.send(result.is_ok()).expect("sent");
    };
    let gate = hold_writer(&store);
    store.submit(insert("192.0.2.1"), Box::new(last));
    drop(store);
    gate.wait();
    assert_eq!(receiver.recv(), Ok(true));
}

#[test]
fn what_stands_in_the_queue_is_one_commit() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = database(&directory, Options::default());
    let other = rusqlite::Connection::open(store.path()).expect("a connection");
    let gate = hold_writer(&store);
    let (sender, receiver) = channel();
    let count = move |result: Result<Outcome, StoreError>| {
        result.expect("a row");
        let sql = "SELECT count(*) FROM address";
        sender
            .send(other.query_row(sql, [], |row| row.get(0)))
            .expect("sent");
    };
    store.submit(insert("192.0.2.1"), Box::new(count));
    for _ in 1..100 {
        store.submit(
            insert("192.0.2.1"),
            Box::new(|result| assert!(result.is_ok())),
        );
    }
    gate.wait();
    let seen_at_the_first_answer: i64 = receiver.recv().expect("an answer").expect("a count");
    assert_eq!(seen_at_the_first_answer, 100);
}

#[test]
fn a_locked_file_is_waited_for_once_a_group() {
    let directory = tempfile::tempdir().expect("a directory");
    let busy_timeout = Duration::from_millis(200);
    let store = database(
        &directory,
        Options {
            busy_timeout,
            ..Options::default()
        },
    );
    let other = rusqlite::Connection::open(store.path()).expect("a connection");
    let gate = hold_writer(&store);
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let (sender, receiver) = channel();
    for _ in 0..50 {
        let sender = sender.clone();
        store.submit(
            insert("192.0.2.1"),
            Box::new(move |result| sender.send(result).expect("sent")),
        );
    }
    drop(sender);
    let began = Instant::now();
    gate.wait();
    let results: Vec<_> = receiver.iter().collect();
    // Fifty waits would take ten seconds.
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(results.len(), 50);
    assert!(
        results
            .iter()
            .all(|result| matches!(result, Err(StoreError::Busy { .. })))
    );
    other
        .execute_batch("ROLLBACK")
        .expect("the end of the lock");
    assert_eq!(
        wait(&store, insert("192.0.2.1")),
        Ok(Outcome::Done { affected: 1 })
    );
}
