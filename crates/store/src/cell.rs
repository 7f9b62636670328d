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

/// Unix seconds of `YYYY-MM-DD`, followed or not by a space or `T` and `HH:MM:SS`, in UTC: how SQL
/// spells a time. What follows the seconds is ignored.
pub fn unix_seconds(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        let all_digits = digits.iter().all(u8::is_ascii_digit);
        all_digits.then(|| {
            digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if text.get(4)? != &b'-'
        || text.get(7)? != &b'-'
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
    {
        return None;
    }
    let clock = match text.get(10) {
        None => 0,
        Some(b' ' | b'T') => number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?,
        Some(_) => return None,
    };
    // Days of the Gregorian calendar since 1970-01-01, counted in years that begin in March, so that
    // the leap day is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some((days + (153 * month + 2) / 5 + day - 1 - 719_468) * 86_400 + clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_spelled_out_are_read() {
        let times = [
            ("1970-01-01 00:00:00", Some(0)),
            ("2000-01-01 00:00:01", Some(946_684_801)),
            ("2026-11-21T07:18:33.5", Some(1_795_245_513)),
            ("2030-05-28 21:32:15", Some(1_906_234_335)),
            ("2000-02-29", Some(951_782_400)),
            ("0000-01-01", Some(-62_167_219_200)),
            ("2000-13-01", None),
            ("2000-1-01", None),
            ("2000-01-01x", None),
            ("2000-01-01 1", None),
            ("", None),
        ];
        for (text, seconds) in times {
            assert_eq!(unix_seconds(text.as_bytes()), seconds, "{text:?}");
        }
    }
}
