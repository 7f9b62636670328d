//! What PostgreSQL says, in the words of the contract.

use std::error::Error as _;
use std::fmt::Display;

use store::{DbUrl, StoreError};
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

/// Which database an error is about.
#[derive(Clone)]
pub(crate) struct Context {
    url: String,
}

impl Context {
    pub(crate) fn new(url: &DbUrl) -> Self {
        Self {
            url: url.to_string(),
        }
    }

    /// What errors call this database.
    pub(crate) fn store(&self) -> String {
        format!("the database {}", self.url)
    }

    pub(crate) fn unavailable(&self, reason: impl Display) -> StoreError {
        StoreError::unavailable(self.store(), reason)
    }

    /// The contract's error for one that came while connecting: nobody answers, or somebody says no.
    pub(crate) fn at_connecting(&self, error: &Error) -> StoreError {
        let Some(failure) = error.as_db_error() else {
            let reason = with_cause(error);
            return match is_of_the_line(error) {
                true => self.unavailable(reason),
                false => self.rejected(reason),
            };
        };
        let reason = failure.message();
        match failure.code().code().get(..2).unwrap_or_default() {
            // It starts, goes down, or has no room.
            "08" | "53" | "57" | "58" | "XX" => self.unavailable(reason),
            _ => self.rejected(reason),
        }
    }

    pub(crate) fn rejected(&self, reason: impl Display) -> StoreError {
        StoreError::rejected(self.store(), reason)
    }

    /// The contract's error for one of PostgreSQL's.
    pub(crate) fn error(&self, error: &Error) -> StoreError {
        match error.as_db_error() {
            Some(failure) => self.failure(failure),
            None => self.unavailable(with_cause(error)),
        }
    }

    /// Codes and their classes are those of the manual's appendix A.
    fn failure(&self, failure: &DbError) -> StoreError {
        let (store, reason) = (self.store(), failure.message().to_owned());
        let code = failure.code().code();
        match (code.get(..2).unwrap_or_default(), code) {
            // Deadlocks, serialization, a lock that was not got, a statement that took too long.
            (_, "40001" | "40P01" | "55P03" | "57014") => StoreError::Busy { store },
            (_, "42P01") => StoreError::NoTable {
                store,
                table: quoted(&reason),
            },
            (_, "42703") => StoreError::NoColumn {
                store,
                column: quoted(&reason),
            },
            (_, "25006" | "42501") => StoreError::ReadOnly { store },
            ("23", _) => StoreError::Constraint { store, reason },
            ("22", _) => StoreError::Refused { reason },
            ("08" | "53" | "57" | "58" | "XX", _) => self.unavailable(reason),
            _ => StoreError::Syntax { store, reason },
        }
    }
}

/// True where the connection failed, and not what was said in it: certificates, ways to authenticate.
fn is_of_the_line(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    error.is_closed() || cause.is_some_and(store_remote::is_of_the_line)
}

/// The driver's own errors say what failed, their cause says why.
fn with_cause(error: &Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// The name between the first quotes of a message: `relation "acc" does not exist`.
fn quoted(message: &str) -> String {
    message.split('"').nth(1).unwrap_or(message).to_owned()
}
