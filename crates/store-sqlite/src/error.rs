//! What SQLite says, in the words of the contract.

use std::fmt::Display;
use std::path::Path;

use rusqlite::{Error, ErrorCode};
use store::StoreError;

/// Which database an error is about.
#[derive(Clone)]
pub(crate) struct Context {
    path: String,
}

impl Context {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.display().to_string(),
        }
    }

    /// What errors call this database.
    pub(crate) fn store(&self) -> String {
        format!("the SQLite database {}", self.path)
    }

    pub(crate) fn unavailable(&self, reason: impl Display) -> StoreError {
        StoreError::unavailable(self.store(), reason)
    }

    /// The contract's error for one of SQLite's.
    pub(crate) fn error(&self, error: &Error) -> StoreError {
        let store = self.store();
        match error {
            Error::SqliteFailure(failure, message) => {
                let reason = message.clone().unwrap_or_else(|| failure.to_string());
                self.failure(failure.code, reason)
            }
            Error::SqlInputError { msg, .. } => self.statement(msg.clone()),
            Error::MultipleStatement => StoreError::Syntax {
                store,
                reason: "it is more than one statement".to_owned(),
            },
            Error::NulError(_) => StoreError::Syntax {
                store,
                reason: "it holds a NUL byte".to_owned(),
            },
            other => self.unavailable(other),
        }
    }

    fn failure(&self, code: ErrorCode, reason: String) -> StoreError {
        let store = self.store();
        match code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy { store },
            ErrorCode::ReadOnly => StoreError::ReadOnly { store },
            ErrorCode::NotADatabase => StoreError::Corrupt {
                store,
                reason: "the file is not an SQLite database".to_owned(),
            },
            ErrorCode::DatabaseCorrupt => StoreError::Corrupt { store, reason },
            ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => {
                StoreError::Constraint { store, reason }
            }
            ErrorCode::Unknown => self.statement(reason),
            _ => self.unavailable(reason),
        }
    }

    /// SQLite has one code for every mistake in a statement; its message tells them apart.
    fn statement(&self, reason: String) -> StoreError {
        let store = self.store();
        if let Some(table) = reason.strip_prefix("no such table: ") {
            return StoreError::NoTable {
                store,
                table: table.to_owned(),
            };
        }
        if let Some(column) = reason.strip_prefix("no such column: ") {
            return StoreError::NoColumn {
                store,
                column: column.to_owned(),
            };
        }
        // "table location has no column named x": how an insert says it.
        if let Some((_, column)) = reason.split_once(" has no column named ") {
            return StoreError::NoColumn {
                store,
                column: column.to_owned(),
            };
        }
        StoreError::Syntax { store, reason }
    }
}
