//! Opening the file, with a sentence for each way to fail.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use store::StoreError;

use crate::Options;
use crate::error::Context;

/// Prepared statements kept for each connection: more than the modules have between them.
const STATEMENTS: usize = 256;

/// The connection that writes; it proves that it may.
pub(crate) fn writer(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let context = Context::new(path);
    prepare_file(path, options, &context)?;
    let connection = connect(path, options, options.read_only)?;
    let set_up = || {
        // Reads the file's first page, so that a file that is no database is found out here.
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        if options.read_only {
            return Ok(());
        }
        if options.write_ahead_log {
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        }
        connection.pragma_update(
            None,
            "synchronous",
            if options.durable { "FULL" } else { "NORMAL" },
        )?;
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
    };
    set_up().map_err(|error| context.error(&error))?;
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let connection = connect(path, options, options.read_only)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|error| Context::new(path).error(&error))?;
    Ok(connection)
}

/// Says what SQLite's "unable to open database file" leaves open, and makes a missing file.
fn prepare_file(path: &Path, options: &Options, context: &Context) -> Result<(), StoreError> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if let Some(directory) = directory
        && !directory.is_dir()
    {
        return Err(context.unavailable(format_args!(
            "the directory {} does not exist",
            directory.display()
        )));
    }
    if path.is_dir() {
        return Err(context.unavailable("it is a directory"));
    }
    let make = options.create && !options.read_only && !path.exists();
    let opened = OpenOptions::new()
        .read(true)
        .write(make)
        .create(make)
        .mode(0o600)
        .open(path);
    opened.map(|_| ()).map_err(|error| match error.kind() {
        ErrorKind::NotFound => context.unavailable("the file does not exist"),
        ErrorKind::PermissionDenied if make => {
            context.unavailable("the directory may not be written by this user")
        }
        ErrorKind::PermissionDenied => context.unavailable("the file may not be read by this user"),
        _ => context.unavailable(error),
    })
}

fn connect(path: &Path, options: &Options, read_only: bool) -> Result<Connection, StoreError> {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let set_up = || {
        let connection =
            Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(options.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // A damaged or hostile file must not run functions through its views and triggers, and a raw
        // statement must not damage the file.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Otherwise a statement with `LIMIT ?` is planned anew whenever a value is bound.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(connection)
    };
    set_up().map_err(|error: rusqlite::Error| Context::new(path).error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[test]
    fn a_statement_is_planned_once_whatever_is_bound() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection =
            writer(&directory.path().join("k.db"), &Options::default()).expect("a database");
        connection
            .execute_batch("CREATE TABLE t (a)")
            .expect("a table");
        let mut statement = connection
            .prepare("SELECT a FROM t WHERE a = ? LIMIT ?")
            .expect("a statement");
        for limit in 1..4 {
            assert!(!statement.exists([5, limit]).expect("an answer"));
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    #[test]
    fn a_reader_cannot_write() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("k.db");
        let options = Options::default();
        let writing = writer(&path, &options).expect("a database");
        writing
            .execute_batch("CREATE TABLE t (a)")
            .expect("a table");
        let reading = reader(&path, &options).expect("a connection");
        assert!(reading.execute("INSERT INTO t VALUES (1)", []).is_err());
    }
}
