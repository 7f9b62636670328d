//! Where MySQL's SQL differs: Kamailio's text columns compare without regard to case, and convert
//! what they are given.

use std::borrow::Cow;
use store::schema::Kind;
use store::sql::{self, Dialect, sign};
use store::{Cell, Direction, Name, Op};

/// SQL as MySQL reads it.
pub struct MysqlDialect;

/// A statement for MySQL.
pub(crate) type Statement = sql::Statement<MysqlDialect>;

impl Dialect for MysqlDialect {
    const QUOTE: char = '`';
    const ID: &'static str = "`id` INT(10) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL";
    const INDEXES_OF_TABLE: bool = true;
    const ROW_OF_DEFAULTS: &'static str = " () VALUES ()";

    fn column_type(kind: Kind) -> Cow<'static, str> {
        match kind {
            Kind::Text(characters) => format!("VARCHAR({characters})").into(),
            Kind::LongText => "MEDIUMTEXT".into(),
            Kind::Int => "INT(11)".into(),
            Kind::Unsigned => "INT(10) UNSIGNED".into(),
            Kind::SmallInt => "SMALLINT".into(),
            Kind::SmallUnsigned => "SMALLINT(5) UNSIGNED".into(),
            Kind::Real(decimals) => format!("FLOAT(10,{decimals})").into(),
            Kind::Time => "DATETIME".into(),
        }
    }

    /// Bytes beyond ASCII keep what they are only as a binary string.
    fn place(text: &mut String, _number: usize, value: &Cell) {
        text.push_str(if is_plain(value) { "?" } else { "BINARY ?" });
    }

    /// A number compared with a text column would make zeros of its texts.
    fn value(kind: impl FnOnce() -> Option<Kind>, value: Cell) -> Cell {
        match (kind(), &value) {
            (Some(kind), Cell::Int(number)) if kind.is_text() => number.to_string().into(),
            (Some(kind), Cell::Text(_)) if kind.is_whole() => {
                value.as_int().map_or(value, Cell::Int)
            }
            _ => value,
        }
    }

    fn compare(statement: &mut Statement, column: &Name, op: Op, value: &Cell) {
        let value = Self::value(|| statement.kind(column), value.clone());
        if op == Op::HasBits || !matches!(value, Cell::Text(_) | Cell::Blob(_)) {
            statement.plain(column, op, &value);
            return;
        }
        if op == Op::Eq && is_plain(&value) {
            // This one can use an index, the next one is right.
            statement.plain(column, op, &value).write(" AND ");
        }
        statement
            .write("BINARY ")
            .name(column)
            .write(sign(op))
            .bind(value);
    }

    fn sort(statement: &mut Statement, column: &Name, direction: Direction) {
        if statement.kind(column).is_some_and(Kind::is_text) {
            statement.write("BINARY ");
        }
        statement.name(column).direction(direction);
    }
}

/// Whether a value is the same in every character set.
fn is_plain(value: &Cell) -> bool {
    match value {
        Cell::Text(bytes) | Cell::Blob(bytes) => bytes.is_ascii(),
        _ => true,
    }
}
