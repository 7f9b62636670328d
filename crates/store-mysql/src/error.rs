//! What MySQL says, in the words of the contract.

use std::fmt::Display;

use mysql_async::{DriverError, Error, IoError, ServerError};
use store::{DbUrl, StoreError};

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
        match error {
            // Too many connections, of one user too; the server goes down; it has had enough of this host.
            Error::Server(failure) if matches!(failure.code, 1040 | 1053 | 1129 | 1203 | 1226) => {
                self.unavailable(&failure.message)
            }
            Error::Server(failure) => StoreError::rejected(self.store(), &failure.message),
            Error::Driver(
                DriverError::NoClientSslFlagFromServer
                | DriverError::UnknownAuthPlugin { .. }
                | DriverError::CleartextPluginDisabled,
            )
            | Error::Io(IoError::Tls(_)) => StoreError::rejected(self.store(), error),
            Error::Io(IoError::Io(failure)) if !store_remote::is_of_the_line(failure) => {
                StoreError::rejected(self.store(), error)
            }
            other => self.unavailable(other),
        }
    }

    /// The contract's error for one of MySQL's.
    pub(crate) fn error(&self, error: Error) -> StoreError {
        match error {
            Error::Server(failure) => self.failure(failure),
            Error::Driver(DriverError::StmtParamsMismatch { required, supplied }) => {
                let reason =
                    format!("the statement takes {required} values and was given {supplied}");
                StoreError::Refused { reason }
            }
            other => self.unavailable(other),
        }
    }

    /// The numbers are those of the manual of MariaDB.
    fn failure(&self, failure: ServerError) -> StoreError {
        let (store, reason) = (self.store(), failure.message);
        match failure.code {
            // No value for a column that needs one, a key that exists, a row that others refer to.
            1048 | 1062 | 1169 | 1216 | 1217 | 1364 | 1451 | 1452 | 1586 | 4025 => {
                StoreError::Constraint { store, reason }
            }
            // Too long, out of range, no number, no time, not in the column's character set.
            1264 | 1265 | 1267 | 1292 | 1300 | 1366 | 1367 | 1406 | 1411 | 1441 | 3854 => {
                StoreError::Refused { reason }
            }
            1146 | 1051 => StoreError::NoTable {
                store,
                table: quoted(&reason),
            },
            1054 => StoreError::NoColumn {
                store,
                column: quoted(&reason),
            },
            1205 | 1213 => StoreError::Busy { store },
            1142 | 1143 | 1290 | 1792 | 1836 => StoreError::ReadOnly { store },
            // The disk is full, the table is damaged, the server goes down.
            1021 | 1030 | 1034 | 1053 | 1114 | 1194 | 1927 => self.unavailable(reason),
            _ => StoreError::Syntax { store, reason },
        }
    }
}

/// The name between the first quotes of a message, without its database: `Table 'k.acc' doesn't exist`.
fn quoted(message: &str) -> String {
    let name = message.split('\'').nth(1).unwrap_or(message);
    name.rsplit('.').next().unwrap_or(name).to_owned()
}
