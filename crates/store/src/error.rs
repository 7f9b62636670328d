//! What can go wrong, and whose doing it was.

use std::fmt;

/// Why an operation was not carried out. `store` names the database, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The database could not be opened or reached, or failed underneath (disk full, I/O error).
    Unavailable { store: String, reason: String },
    /// The database answers and does not let us in: password, certificate, no database of this name.
    Rejected { store: String, reason: String },
    /// Somebody else held the database locked for longer than we wait.
    Busy { store: String },
    /// The database, its file or its directory may not be written.
    ReadOnly { store: String },
    /// The file is damaged, or is not a database.
    Corrupt { store: String, reason: String },
    /// A unique key exists already, or a column that needs a value got none.
    Constraint { store: String, reason: String },
    /// The table does not exist there.
    NoTable { store: String, table: String },
    /// The table has no such column.
    NoColumn { store: String, column: String },
    /// The database does not understand a raw statement.
    Syntax { store: String, reason: String },
    /// The text is not the name of a table or column; see [`Name`](crate::Name).
    BadName { name: String },
    /// The operation makes no sense: no columns, no key, a value that this column cannot take.
    Refused { reason: String },
    /// Something is over one of the [`Limits`](crate::Limits).
    TooLarge {
        what: &'static str,
        size: usize,
        limit: usize,
    },
    /// The database's queue is full: it is slower than what is asked of it.
    TooMany { store: String, limit: usize },
    /// This engine cannot do that at all.
    Unsupported { store: String, what: &'static str },
}

impl StoreError {
    /// The error of a database that cannot be used now.
    pub fn unavailable(store: impl Into<String>, reason: impl fmt::Display) -> StoreError {
        StoreError::Unavailable {
            store: store.into(),
            reason: reason.to_string(),
        }
    }

    /// The error of a database that answers and does not let us in.
    pub fn rejected(store: impl Into<String>, reason: impl fmt::Display) -> StoreError {
        StoreError::Rejected {
            store: store.into(),
            reason: reason.to_string(),
        }
    }

    /// Whether the same operation may succeed when it is tried again later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::Busy { .. } | Self::TooMany { .. }
        )
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { store, reason } => write!(f, "{store} is not available: {reason}"),
            Self::Rejected { store, reason } => write!(f, "{store} does not let us in: {reason}"),
            Self::Busy { store } => write!(f, "{store} is locked by another process"),
            Self::ReadOnly { store } => write!(f, "{store} may not be written by this user"),
            Self::Corrupt { store, reason } => write!(f, "{store} cannot be used: {reason}"),
            Self::Constraint { store, reason } => write!(f, "{store} refused the values: {reason}"),
            Self::NoTable { store, table } => write!(f, "{store} has no table {table}"),
            Self::NoColumn { store, column } => write!(f, "{store} has no column {column}"),
            Self::Syntax { store, reason } => {
                write!(f, "{store} cannot run the statement: {reason}")
            }
            Self::BadName { name } => write!(
                f,
                "{name:?} is not the name of a table or column (letters, digits and _, at most {} bytes)",
                crate::Name::MAX_BYTES
            ),
            Self::Refused { reason } => write!(f, "the database operation is not valid: {reason}"),
            Self::TooLarge { what, size, limit } => {
                write!(
                    f,
                    "the database operation is too large: {what} {size}, at most {limit}"
                )
            }
            Self::TooMany { store, limit } => {
                write!(
                    f,
                    "{store} is overloaded: {limit} operations are waiting already"
                )
            }
            Self::Unsupported { store, what } => write!(f, "{store} cannot do that: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}
