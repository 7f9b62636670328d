//! Values as SQLite stores them.
//!
//! What Kamailio 5.6.3 was seen to do in `location` (db_mode 1): texts are bound as TEXT byte for
//! byte, UTF-8 or not; `q` is REAL; `expires` and `last_modified` are REAL julian days, half a second
//! *early* (`2461365.804542824` for Unix time 1795245513, which would be `…5486`). It reads a
//! julian day by adding half a second and cutting off the fraction; a date in text or Unix seconds
//! it reads as garbage. So a time is written here as the exact julian day, which Kamailio reads back
//! as the same second and SQLite's `datetime()` shows as it is; and a stored time from 0.75 s before
//! a second up to 0.25 s after it is read as that second, which takes in both writings with a
//! quarter of a second to spare on either side.

use bytes::Bytes;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use store::Cell;

/// The julian day of 1970-01-01 00:00:00 UTC.
const EPOCH_DAYS: f64 = 2_440_587.5;
const DAY_S: f64 = 86_400.0;
/// Numbers from here on are no julian days (the year 9999 ends before), but Unix seconds that
/// somebody wrote by hand.
const LAST_DAY: f64 = 5_373_485.0;

/// What is bound for a value.
pub(crate) fn bound(cell: &Cell) -> ToSqlOutput<'_> {
    match cell {
        Cell::Null => ToSqlOutput::Owned(Value::Null),
        Cell::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
        Cell::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
        Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text)),
        Cell::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Cell::Time(unix_s) => ToSqlOutput::Owned(Value::Real(days(*unix_s as f64))),
    }
}

/// The julian days from which, and up to but not with which, a stored time is read as this second.
pub(crate) fn days_of_second(unix_s: i64) -> (f64, f64) {
    (days(unix_s as f64 - 0.75), days(unix_s as f64 + 0.25))
}

/// What a stored value means; `is_time` says that its column is declared to hold times.
pub(crate) fn cell(value: ValueRef<'_>, is_time: bool) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) if is_time => Cell::Time(second(number as f64)),
        ValueRef::Real(number) if is_time => Cell::Time(second(number)),
        ValueRef::Text(text) if is_time => match store::unix_seconds(text) {
            Some(unix_s) => Cell::Time(unix_s),
            None => Cell::Text(Bytes::copy_from_slice(text)),
        },
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => Cell::Text(Bytes::copy_from_slice(text)),
        ValueRef::Blob(bytes) => Cell::Blob(Bytes::copy_from_slice(bytes)),
    }
}

/// Whether a column declared in this way holds times.
pub(crate) fn holds_time(declared: Option<&str>) -> bool {
    let begins = |word: &str| {
        declared
            .and_then(|text| text.get(..word.len()))
            .is_some_and(|text| text.eq_ignore_ascii_case(word))
    };
    begins("TIMESTAMP") || begins("DATETIME")
}

fn days(unix_s: f64) -> f64 {
    unix_s / DAY_S + EPOCH_DAYS
}

fn second(number: f64) -> i64 {
    if number >= LAST_DAY {
        number as i64
    } else {
        ((number - EPOCH_DAYS) * DAY_S + 0.75).floor() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kamailios_times_are_read() {
        // Written by Kamailio 5.6.3 at Unix time 1795244913 for an expiry 600 s later.
        assert_eq!(
            cell(ValueRef::Real(2_461_365.804_542_824), true),
            Cell::Time(1_795_245_513)
        );
        assert_eq!(
            cell(ValueRef::Real(2_461_365.797_598_38), true),
            Cell::Time(1_795_244_913)
        );
    }

    #[test]
    fn our_times_come_back_at_every_second_of_a_day_and_far_away() {
        let far = [i64::from(i32::MIN), -1, 0, 1, 4_102_444_800, 32_503_680_000];
        for unix_s in (1_795_200_000..1_795_286_400).chain(far) {
            let day = days(unix_s as f64);
            assert_eq!(second(day), unix_s);
            // Half a second early is how Kamailio would have written it.
            assert_eq!(second(days(unix_s as f64 - 0.5)), unix_s);
            let (from, to) = days_of_second(unix_s);
            assert!(from < day && day < to);
        }
    }

    #[test]
    fn times_written_by_hand_are_read() {
        assert_eq!(
            cell(ValueRef::Text(b"2026-11-21 07:18:33"), true),
            Cell::Time(1_795_245_513)
        );
        assert_eq!(
            cell(ValueRef::Integer(1_795_245_513), true),
            Cell::Time(1_795_245_513)
        );
        assert_eq!(cell(ValueRef::Text(b"soon"), true), Cell::text("soon"));
        assert_eq!(cell(ValueRef::Integer(7), false), Cell::Int(7));
    }

    #[test]
    fn time_columns_are_known_by_their_declaration() {
        assert!(holds_time(Some("TIMESTAMP WITHOUT TIME ZONE")) && holds_time(Some("datetime")));
        assert!(!holds_time(Some("INTEGER")) && !holds_time(Some("")) && !holds_time(None));
    }
}
