//! The database of a scenario: the engine in memory, or SQLite in a file of its own where the
//! script speaks SQL.

use crate::scenario::Row;
use std::sync::Arc;
use store::{Done, Memory, Operation, Store};
use store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

/// Makes the database with Kamailio's standard tables and these rows.
///
/// # Errors
/// A row that does not fit its table.
pub(super) fn make(speaks_sql: bool, rows: &[Row]) -> Result<Arc<dyn Store>, String> {
    let database: Arc<dyn Store> = match speaks_sql {
        false => Arc::new(Memory::standard()),
        true => Arc::new(AtOnce::new()?),
    };
    for row in rows {
        let write = Operation::Write(row.write()?);
        store::wait(database.as_ref(), write).map_err(|error| error.to_string())?;
    }
    Ok(database)
}

/// SQLite that calls back before it returns, as the engine in memory does: a simulated world has no
/// threads.
struct AtOnce {
    inner: SqliteStore,
    _directory: TempDir,
}

impl AtOnce {
    fn new() -> Result<AtOnce, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let inner = SqliteStore::open(directory.path().join("db"), Options::default())
            .map_err(|error| error.to_string())?;
        let tables = Operation::CreateTables(store::schema::STANDARD.to_vec());
        store::wait(&inner, tables).map_err(|error| error.to_string())?;
        Ok(AtOnce {
            inner,
            _directory: directory,
        })
    }
}

impl Store for AtOnce {
    fn submit(&self, operation: Operation, done: Done) {
        done(store::wait(&self.inner, operation));
    }

    fn quote(&self, text: &[u8]) -> String {
        self.inner.quote(text)
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
}
