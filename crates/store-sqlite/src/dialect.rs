//! Where SQLite's SQL differs: a second is a stretch of julian days; see [`value`].

use store::sql::{self, Dialect};
use store::{Cell, Name, Op};

use crate::value;

/// SQL as SQLite reads it.
pub(crate) struct Sqlite;

/// A statement for SQLite.
pub(crate) type Statement = sql::Statement<Sqlite>;

impl Dialect for Sqlite {
    /// A name in double quotes that is no column would become a string.
    const QUOTE: char = '`';
    const ID: &'static str = "id INTEGER PRIMARY KEY NOT NULL";

    fn compare(statement: &mut Statement, column: &Name, op: Op, value: &Cell) {
        let Cell::Time(unix_s) = value else {
            statement.plain(column, op, value);
            return;
        };
        let (from, to) = value::days_of_second(*unix_s);
        let mut part = |before: &str, op: Op, day: f64| {
            statement.write(before).plain(column, op, &Cell::Real(day));
        };
        match op {
            Op::Eq => {
                part("(", Op::Ge, from);
                part(" AND ", Op::Lt, to);
                statement.write(")");
            }
            Op::Ne => {
                part("(", Op::Lt, from);
                part(" OR ", Op::Ge, to);
                statement.write(")");
            }
            Op::Lt => part("", Op::Lt, from),
            Op::Le => part("", Op::Lt, to),
            Op::Gt => part("", Op::Ge, to),
            Op::Ge | Op::HasBits => part("", Op::Ge, from),
        }
    }
}
