//! Where PostgreSQL's SQL differs: places have numbers, and texts sort by the database's collation
//! unless told otherwise.

use std::fmt::Write as _;

use store::schema::Kind;
use store::sql::{self, Dialect};
use store::{Cell, Direction, Name, Op};

/// SQL as PostgreSQL reads it.
pub struct PostgresDialect;

/// A statement for PostgreSQL.
pub(crate) type Statement = sql::Statement<PostgresDialect>;

impl Dialect for PostgresDialect {
    const QUOTE: char = '"';
    const ID: &'static str = "id SERIAL PRIMARY KEY NOT NULL";

    fn place(text: &mut String, number: usize, _value: &Cell) {
        // Writing to a string cannot fail.
        let _ = write!(text, "${number}");
    }

    fn compare(statement: &mut Statement, column: &Name, op: Op, value: &Cell) {
        let is_text = statement.kind(column).is_some_and(Kind::is_text);
        statement.plain(column, op, value);
        if is_text && !matches!(op, Op::Eq | Op::Ne | Op::HasBits) {
            statement.write(" COLLATE \"C\"");
        }
    }

    /// Rows without a value come first, as in the other databases.
    fn sort(statement: &mut Statement, column: &Name, direction: Direction) {
        let is_text = statement.kind(column).is_some_and(Kind::is_text);
        statement.name(column);
        if is_text {
            statement.write(" COLLATE \"C\"");
        }
        statement.direction(direction).write(match direction {
            Direction::Ascending => " NULLS FIRST",
            Direction::Descending => " NULLS LAST",
        });
    }
}
