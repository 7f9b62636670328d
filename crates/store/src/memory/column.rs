//! What a column takes, and how values compare: as in SQL, with the affinities of SQLite.

use std::cmp::Ordering;

use crate::schema::{Column, Default, Kind};
use crate::{Cell, Op, StoreError};

/// The value as this column stores it, or why it cannot.
pub(super) fn coerce(column: &Column, cell: Cell) -> Result<Cell, StoreError> {
    match (column.kind, cell) {
        (_, Cell::Null) => Ok(Cell::Null),
        (_, Cell::Real(number)) if number.is_nan() => Ok(Cell::Null),
        (Kind::Time, cell @ Cell::Time(_)) => Ok(cell),
        (Kind::Time, _) | (_, Cell::Time(_)) => Err(StoreError::Refused {
            reason: format!(
                "a time was given for a column of another kind, or the reverse: {}",
                column.name
            ),
        }),
        (Kind::Text(_) | Kind::LongText, Cell::Int(number)) => Ok(number.to_string().into()),
        (Kind::Text(_) | Kind::LongText, Cell::Real(number)) => Ok(format!("{number:?}").into()),
        (kind, cell) if kind.is_whole() => Ok(whole(cell)),
        (Kind::Real(_), cell) => Ok(real(cell)),
        (_, cell) => Ok(cell),
    }
}

/// The value of a column that an insert leaves out.
pub(super) fn default(column: &Column) -> Cell {
    match column.default {
        Default::None => Cell::Null,
        Default::Int(number) => Cell::Int(number),
        Default::Real(number) => Cell::Real(number),
        Default::Text(text) if column.kind == Kind::Time => {
            crate::unix_seconds(text.as_bytes()).map_or(Cell::Null, Cell::Time)
        }
        Default::Text(text) => text.into(),
    }
}

/// Whether a stored value satisfies a condition.
pub(super) fn holds(stored: &Cell, op: Op, wanted: &Cell) -> bool {
    match (op, stored, wanted) {
        (Op::Eq, Cell::Null, Cell::Null) => true,
        (Op::Ne, stored, Cell::Null) => !stored.is_null(),
        (_, Cell::Null, _) | (_, _, Cell::Null) => false,
        (Op::Eq, ..) => order(stored, wanted).is_eq(),
        (Op::Ne, ..) => order(stored, wanted).is_ne(),
        (Op::Lt, ..) => order(stored, wanted).is_lt(),
        (Op::Le, ..) => order(stored, wanted).is_le(),
        (Op::Gt, ..) => order(stored, wanted).is_gt(),
        (Op::Ge, ..) => order(stored, wanted).is_ge(),
        (Op::HasBits, Cell::Int(stored), Cell::Int(wanted)) => stored & wanted != 0,
        (Op::HasBits, ..) => false,
    }
}

/// The order of two values: none, numbers, text, blobs, as SQLite sorts them.
pub(super) fn order(one: &Cell, other: &Cell) -> Ordering {
    match (one, other) {
        (Cell::Int(one), Cell::Int(other)) | (Cell::Time(one), Cell::Time(other)) => one.cmp(other),
        (Cell::Text(one), Cell::Text(other)) | (Cell::Blob(one), Cell::Blob(other)) => {
            one.cmp(other)
        }
        _ => rank(one).cmp(&rank(other)).then_with(|| {
            let number = |cell: &Cell| cell.as_real().unwrap_or_default();
            number(one).total_cmp(&number(other))
        }),
    }
}

fn rank(cell: &Cell) -> u8 {
    match cell {
        Cell::Null => 0,
        Cell::Int(_) | Cell::Real(_) | Cell::Time(_) => 1,
        Cell::Text(_) => 2,
        Cell::Blob(_) => 3,
    }
}

fn whole(cell: Cell) -> Cell {
    match &cell {
        Cell::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Cell::Int(*number as i64)
        }
        Cell::Text(_) => cell.as_int().map_or(cell, Cell::Int),
        _ => cell,
    }
}

fn real(cell: Cell) -> Cell {
    match &cell {
        Cell::Int(number) => Cell::Real(*number as f64),
        Cell::Text(_) => match cell.as_str().and_then(|text| text.trim().parse().ok()) {
            Some(number) => Cell::Real(number),
            None => cell,
        },
        _ => cell,
    }
}
