//! Values as MySQL stores them.

use bytes::Bytes;
use mysql_async::Value;
use mysql_async::consts::ColumnType;
use store::{Cell, StoreError};
use store_remote::Zone;

/// The number of the character set of bytes that are no text.
const BINARY: u16 = 63;

/// What is bound for a value.
pub(crate) fn bound(cell: Cell, zone: &Zone) -> Result<Value, StoreError> {
    Ok(match cell {
        Cell::Null => Value::NULL,
        Cell::Int(number) => Value::Int(number),
        Cell::Real(number) if number.is_nan() => Value::NULL,
        Cell::Real(number) => Value::Double(number),
        Cell::Text(bytes) | Cell::Blob(bytes) => Value::Bytes(bytes.into()),
        Cell::Time(unix_s) => match zone.spell(unix_s) {
            Some(text) => Value::Bytes(text.into_bytes()),
            None => {
                return Err(StoreError::Refused {
                    reason: format!("{unix_s} is no time between the years 0 and 9999"),
                });
            }
        },
    })
}

/// What a value of a column means: of a prepared statement, or spelled out by a raw one.
pub(crate) fn cell(value: Value, kind: ColumnType, character_set: u16, zone: &Zone) -> Cell {
    match value {
        Value::NULL => Cell::Null,
        Value::Int(number) => Cell::Int(number),
        Value::UInt(number) => Cell::Int(i64::try_from(number).unwrap_or(i64::MAX)),
        Value::Float(number) => Cell::Real(shortest(number)),
        Value::Double(number) => Cell::Real(number),
        Value::Date(..) => time(value.as_sql(true).trim_matches('\'').as_bytes(), zone),
        Value::Time(..) => Cell::text(value.as_sql(true).trim_matches('\'')),
        Value::Bytes(bytes) if is_number(kind) => number(bytes),
        Value::Bytes(bytes) if is_time(kind) => time(&bytes, zone),
        Value::Bytes(bytes) if is_text(kind, character_set) => Cell::Text(bytes.into()),
        Value::Bytes(bytes) => Cell::Blob(bytes.into()),
    }
}

/// The number that the shortest decimal of 32 bits means: 0.9 and not 0.8999999761581421.
fn shortest(number: f32) -> f64 {
    number
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(number))
}

/// A number in digits; one with a point has a fraction.
fn number(digits: Vec<u8>) -> Cell {
    let text = str::from_utf8(&digits).unwrap_or_default();
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(whole), _) => Cell::Int(whole),
        (_, Ok(real)) => Cell::Real(real),
        _ => Cell::Text(Bytes::from(digits)),
    }
}

/// A time on the clock; MySQL's date of zeros is none.
fn time(text: &[u8], zone: &Zone) -> Cell {
    if text.starts_with(b"0000-00-00") {
        return Cell::Null;
    }
    zone.read(text).map_or_else(|| Cell::text(text), Cell::Time)
}

fn is_number(kind: ColumnType) -> bool {
    use ColumnType::*;
    matches!(
        kind,
        MYSQL_TYPE_TINY
            | MYSQL_TYPE_SHORT
            | MYSQL_TYPE_INT24
            | MYSQL_TYPE_LONG
            | MYSQL_TYPE_LONGLONG
            | MYSQL_TYPE_YEAR
            | MYSQL_TYPE_FLOAT
            | MYSQL_TYPE_DOUBLE
            | MYSQL_TYPE_DECIMAL
            | MYSQL_TYPE_NEWDECIMAL
    )
}

fn is_time(kind: ColumnType) -> bool {
    use ColumnType::*;
    matches!(
        kind,
        MYSQL_TYPE_DATETIME
            | MYSQL_TYPE_DATETIME2
            | MYSQL_TYPE_TIMESTAMP
            | MYSQL_TYPE_TIMESTAMP2
            | MYSQL_TYPE_DATE
            | MYSQL_TYPE_NEWDATE
    )
}

/// Whether a column holds text: a `TEXT` has the type of a `BLOB` and a character set.
fn is_text(kind: ColumnType, character_set: u16) -> bool {
    use ColumnType::*;
    let may_be_bytes = matches!(
        kind,
        MYSQL_TYPE_TINY_BLOB
            | MYSQL_TYPE_BLOB
            | MYSQL_TYPE_MEDIUM_BLOB
            | MYSQL_TYPE_LONG_BLOB
            | MYSQL_TYPE_STRING
            | MYSQL_TYPE_VAR_STRING
            | MYSQL_TYPE_VARCHAR
            | MYSQL_TYPE_BIT
    );
    !may_be_bytes || character_set != BINARY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_both_spellings() {
        let read = |value, kind| cell(value, kind, 8, &Zone::UTC);
        let bytes = |text: &str| Value::Bytes(text.as_bytes().to_vec());
        use ColumnType::*;
        let expected = [
            (Value::Float(0.9), MYSQL_TYPE_FLOAT, Cell::Real(0.9)),
            (bytes("0.90"), MYSQL_TYPE_FLOAT, Cell::Real(0.9)),
            (bytes("-7"), MYSQL_TYPE_LONG, Cell::Int(-7)),
            (bytes("7"), MYSQL_TYPE_VAR_STRING, Cell::text("7")),
            (
                Value::Date(2026, 11, 21, 7, 18, 33, 0),
                MYSQL_TYPE_DATETIME,
                Cell::Time(1_795_245_513),
            ),
            (
                bytes("2026-11-21 07:18:33"),
                MYSQL_TYPE_DATETIME,
                Cell::Time(1_795_245_513),
            ),
            (
                bytes("0000-00-00 00:00:00"),
                MYSQL_TYPE_DATETIME,
                Cell::Null,
            ),
        ];
        for (value, kind, cell) in expected {
            assert_eq!(read(value, kind), cell);
        }
    }
}
