//! The suite of `store`, against files.

use std::sync::atomic::{AtomicU32, Ordering};

use store::contract;
use store_sqlite::{Options, SqliteStore};

#[test]
fn sqlite_keeps_the_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    let count = AtomicU32::new(0);
    contract::run(&|| {
        let file = directory
            .path()
            .join(format!("{}.db", count.fetch_add(1, Ordering::Relaxed)));
        Box::new(SqliteStore::open(file, Options::default()).expect("a database"))
    });
}
