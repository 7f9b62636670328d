//! Files that cannot be opened, and files that others use too.
#![allow(clippy::disallowed_methods, reason = "what is tested stands in files")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use store::{
    Filter, Limits, Operation, Outcome, Select, Store, StoreError, Write, name, schema, wait,
};
use store_sqlite::{Options, SqliteStore};

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn open(path: &Path, options: Options) -> Result<SqliteStore, String> {
    SqliteStore::open(path, options).map_err(|error| error.to_string())
}

fn with_addresses(path: &Path, options: Options) -> SqliteStore {
    let store = open(path, options).expect("a database");
    wait(&store, Operation::CreateTables(vec![&schema::ADDRESS])).expect("a table");
    store
}

fn insert(address: &str) -> Operation {
    Write::Insert {
        table: name!("address"),
        row: vec![(name!("ip_addr"), address.into())],
    }
    .into()
}

fn addresses(store: &dyn Store) -> usize {
    wait(store, Select::from(name!("address")).into())
        .expect("rows")
        .into_rows()
        .len()
}

/// The sentence for a file that cannot be opened, the file's path left out.
fn complaint(path: &Path, options: Options) -> String {
    let error = open(path, options).err().expect("an error");
    error.replacen(&path.display().to_string(), "FILE", 1)
}

#[test]
fn each_file_that_cannot_be_opened_has_its_sentence() {
    let directory = directory();
    let at = |name: &str| -> PathBuf { directory.path().join(name) };
    let missing = Options {
        create: false,
        ..Options::default()
    };
    assert_eq!(
        complaint(&at("none.db"), missing),
        "the SQLite database FILE is not available: the file does not exist"
    );
    let read_only = Options {
        read_only: true,
        ..Options::default()
    };
    assert_eq!(
        complaint(&at("none.db"), read_only.clone()),
        "the SQLite database FILE is not available: the file does not exist"
    );
    let below = complaint(&at("no/such.db"), Options::default());
    let expected = format!(
        "FILE is not available: the directory {} does not exist",
        at("no").display()
    );
    assert!(below.ends_with(&expected), "{below}");
    assert_eq!(
        complaint(directory.path(), Options::default()),
        "the SQLite database FILE is not available: it is a directory"
    );
    std::fs::write(
        at("text.db"),
        "This is a text file and by no means a database.\n".repeat(100),
    )
    .expect("a file");
    for options in [Options::default(), read_only] {
        assert_eq!(
            complaint(&at("text.db"), options),
            "the SQLite database FILE cannot be used: the file is not an SQLite database"
        );
    }
}

#[test]
fn a_locked_file_is_said_to_be_locked() {
    let directory = directory();
    let path = directory.path().join("k.db");
    let at_once = Options {
        busy_timeout: Duration::ZERO,
        ..Options::default()
    };
    let store = with_addresses(&path, at_once.clone());
    let other = Connection::open(&path).expect("a connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    assert!(matches!(
        wait(&store, insert("192.0.2.1")),
        Err(StoreError::Busy { .. })
    ));
    assert_eq!(addresses(&store), 0, "reading goes on");
    assert_eq!(
        complaint(&path, at_once),
        "the SQLite database FILE is locked by another process"
    );
    other
        .execute_batch("ROLLBACK")
        .expect("the end of the lock");
    assert_eq!(
        wait(&store, insert("192.0.2.1")),
        Ok(Outcome::Done { affected: 1 })
    );
}

#[test]
fn a_read_only_store_reads() {
    let directory = directory();
    let path = directory.path().join("k.db");
    wait(
        &with_addresses(&path, Options::default()),
        insert("192.0.2.1"),
    )
    .expect("a row");
    let store = open(
        &path,
        Options {
            read_only: true,
            ..Options::default()
        },
    )
    .expect("a database");
    assert_eq!(addresses(&store), 1);
    assert!(matches!(
        wait(&store, insert("192.0.2.2")),
        Err(StoreError::ReadOnly { .. })
    ));
}

#[test]
fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let path = directory.path().join("k.db");
    let _store = with_addresses(&path, Options::default());
    for name in ["k.db", "k.db-wal", "k.db-shm"] {
        let mode = std::fs::metadata(directory.path().join(name))
            .expect(name)
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn what_others_write_is_seen() {
    let directory = directory();
    let path = directory.path().join("k.db");
    let store = with_addresses(&path, Options::default());
    assert_eq!(addresses(&store), 0);
    let other = Connection::open(&path).expect("a connection");
    other
        .execute_batch("INSERT INTO address (ip_addr) VALUES ('192.0.2.7')")
        .expect("a row");
    assert_eq!(addresses(&store), 1);
    other
        .execute_batch("ALTER TABLE address ADD COLUMN note TEXT")
        .expect("a column");
    let rows = wait(&store, Select::from(name!("address")).into())
        .expect("rows")
        .into_rows();
    assert_eq!(rows.columns.last().map(String::as_str), Some("note"));
    assert_eq!(rows.rows.first().map(Vec::len), Some(rows.columns.len()));
}

#[test]
fn a_large_answer_is_refused_whole() {
    let directory = directory();
    let limits = Limits {
        answer_bytes: 100,
        ..Limits::default()
    };
    let store = with_addresses(
        &directory.path().join("k.db"),
        Options {
            limits,
            ..Options::default()
        },
    );
    for _ in 0..10 {
        wait(&store, insert("192.0.2.1")).expect("a row");
    }
    let all = wait(&store, Select::from(name!("address")).into());
    assert!(
        matches!(
            all,
            Err(StoreError::TooLarge {
                what: "bytes in the answer",
                ..
            })
        ),
        "{all:?}"
    );
    let one = wait(
        &store,
        Select::from(name!("address"))
            .filter(Filter::all().eq(name!("id"), 3))
            .into(),
    );
    assert_eq!(one.expect("a row").into_rows().len(), 1);
}

#[test]
fn a_raw_statement_cannot_leave_a_transaction_open_or_damage_the_schema() {
    let directory = directory();
    let store = with_addresses(&directory.path().join("k.db"), Options::default());
    let raw = |sql: &'static str| wait(&store, Operation::raw(sql));
    assert!(matches!(
        raw("BEGIN IMMEDIATE"),
        Err(StoreError::Unsupported { .. })
    ));
    let other = Connection::open(store.path()).expect("a connection");
    let lock = other.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    lock.expect("nobody holds the lock");
    assert_eq!(
        wait(&store, insert("192.0.2.1")),
        Ok(Outcome::Done { affected: 1 })
    );
    assert_eq!(raw("VACUUM"), Ok(Outcome::Done { affected: 0 }));
    raw("PRAGMA writable_schema = ON").expect("a pragma without effect");
    assert!(raw("DELETE FROM sqlite_master").is_err());
    // A word that begins like a query but writes nothing goes to the readers, which cannot write.
    let returned = raw("INSERT INTO address (ip_addr) VALUES ('192.0.2.2') RETURNING ip_addr");
    assert_eq!(
        returned.expect("a row").into_rows().rows,
        [["192.0.2.2".into()]]
    );
    let bound = Operation::Raw {
        sql: "SELECT id FROM address WHERE ip_addr = ?".into(),
        values: vec!["192.0.2.2".into()],
    };
    assert_eq!(
        wait(&store, bound).expect("a row").into_rows().rows,
        [[2.into()]]
    );
    let unbound = raw("SELECT id FROM address WHERE ip_addr = ?");
    assert!(
        matches!(unbound, Err(StoreError::Refused { .. })),
        "{unbound:?}"
    );
    assert_eq!(addresses(&store), 2);
}
