//! Values and the rows they stand in.

use bytes::Bytes;

use crate::Name;

/// One value in one column of one row.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// No value. In a condition, `Eq` finds the rows without a value and `Ne` those with one.
    #[default]
    Null,
    /// A whole number.
    Int(i64),
    /// A number with a fraction; never NaN (an engine stores NaN as [`Cell::Null`]).
    Real(f64),
    /// Text. Bytes, since what a peer sends need not be UTF-8, and kept byte for byte: SQLite gets
    /// them as TEXT and returns them unchanged. A database that insists on UTF-8 says so with
    /// [`StoreError::Refused`](crate::StoreError::Refused).
    Text(Bytes),
    /// Bytes that are not text.
    Blob(Bytes),
    /// A point in time: seconds since 1970-01-01 00:00:00 UTC. Each engine stores it as Kamailio
    /// does in that database, so that both can share a table.
    Time(i64),
}

impl Cell {
    /// A text cell from borrowed bytes, which are copied.
    pub fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(Bytes::copy_from_slice(text.as_ref()))
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The whole number, or the time in Unix seconds, or the whole number that a text spells out
    /// (a column declared as text may hold numbers).
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::Time(number) => Some(*number),
            Self::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
            _ => None,
        }
    }

    /// The number, whole or not.
    pub fn as_real(&self) -> Option<f64> {
        match self {
            Self::Real(number) => Some(*number),
            Self::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// The bytes of a text or a blob.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(bytes) | Self::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text, if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// How many bytes the value takes, for [`Limits`](crate::Limits).
    pub fn size(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Int(_) | Self::Real(_) | Self::Time(_) => 8,
            Self::Text(bytes) | Self::Blob(bytes) => bytes.len(),
        }
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Cell {
    fn from(text: Bytes) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a query found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The names of the columns, in the order of the cells. A raw query may call them anything.
    pub columns: Vec<String>,
    /// The rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

impl Rows {
    /// The position of a column by its name.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// One cell by row number and column name.
    pub fn cell(&self, row: usize, column: &Name) -> Option<&Cell> {
        self.rows.get(row)?.get(self.position(column.as_str())?)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
