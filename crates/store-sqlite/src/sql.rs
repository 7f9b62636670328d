//! Operations as SQL text and the values to bind. The text holds names alone, never a value.

use std::fmt::Write as _;

use store::{Cell, Condition, Direction, Filter, Name, Op, Row, Select};

use crate::value;

/// A statement and what is bound to its `?`, in order.
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Cell>,
}

/// A query.
pub(crate) fn select(select: &Select) -> Statement {
    let mut statement = Statement::new("SELECT ");
    match select.columns.as_slice() {
        [] => statement.sql.push('*'),
        columns => statement.names(columns.iter(), ""),
    }
    statement
        .text(" FROM ")
        .name(&select.table)
        .filter(&select.filter);
    for (at, (column, direction)) in select.order.iter().enumerate() {
        statement
            .text(if at == 0 { " ORDER BY " } else { ", " })
            .name(column);
        if *direction == Direction::Descending {
            statement.text(" DESC");
        }
    }
    if let Some(limit) = select.limit {
        statement.text(" LIMIT ?").values.push(limit.into());
    }
    statement
}

/// An insert; `verb` is `INSERT` or `REPLACE`.
pub(crate) fn insert(verb: &str, table: &Name, row: Row) -> Statement {
    let mut statement = Statement::new(verb);
    statement.text(" INTO ").name(table);
    if row.is_empty() {
        statement.text(" DEFAULT VALUES");
        return statement;
    }
    statement.text(" (");
    statement.names(row.iter().map(|(column, _)| column), "");
    statement.text(") VALUES (?");
    for _ in 1..row.len() {
        statement.text(", ?");
    }
    statement
        .text(")")
        .values
        .extend(row.into_iter().map(|(_, cell)| cell));
    statement
}

/// An update of the rows that the filter takes.
pub(crate) fn update(table: &Name, set: Row, filter: &Filter) -> Statement {
    let mut statement = Statement::new("UPDATE ");
    statement.name(table).text(" SET ");
    statement.names(set.iter().map(|(column, _)| column), " = ?");
    statement
        .values
        .extend(set.into_iter().map(|(_, cell)| cell));
    statement.filter(filter);
    statement
}

/// A removal of the rows that the filter takes.
pub(crate) fn delete(table: &Name, filter: &Filter) -> Statement {
    let mut statement = Statement::new("DELETE FROM ");
    statement.name(table).filter(filter);
    statement
}

impl Statement {
    fn new(verb: &str) -> Self {
        Self {
            sql: verb.to_owned(),
            values: Vec::new(),
        }
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.sql.push_str(text);
        self
    }

    /// In backquotes: a name in double quotes that is no column would become a string in SQLite.
    fn name(&mut self, name: &Name) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.sql, "`{name}`");
        self
    }

    fn names<'a>(&mut self, names: impl Iterator<Item = &'a Name>, after_each: &str) {
        for (at, name) in names.enumerate() {
            self.text(if at == 0 { "" } else { ", " })
                .name(name)
                .text(after_each);
        }
    }

    fn filter(&mut self, filter: &Filter) {
        for (at, condition) in filter.0.iter().enumerate() {
            self.text(if at == 0 { " WHERE " } else { " AND " });
            self.condition(condition);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let Condition { column, op, value } = condition;
        match (op, value) {
            (Op::Eq, Cell::Null) => _ = self.name(column).text(" IS NULL"),
            (Op::Ne, Cell::Null) => _ = self.name(column).text(" IS NOT NULL"),
            (op, Cell::Time(unix_s)) => self.time_condition(column, *op, *unix_s),
            (Op::HasBits, value) => {
                self.text("(")
                    .name(column)
                    .text(" & ?) != 0")
                    .values
                    .push(value.clone());
            }
            (op, value) => self.name(column).text(sign(*op)).values.push(value.clone()),
        }
    }

    /// A second is a stretch of julian days; see [`value`].
    fn time_condition(&mut self, column: &Name, op: Op, unix_s: i64) {
        let (from, to) = value::days_of_second(unix_s);
        let mut part = |before: &str, sign: &str, day: f64| {
            self.text(before)
                .name(column)
                .text(sign)
                .values
                .push(Cell::Real(day));
        };
        match op {
            Op::Eq => {
                part("(", " >= ?", from);
                part(" AND ", " < ?)", to);
            }
            Op::Ne => {
                part("(", " < ?", from);
                part(" OR ", " >= ?)", to);
            }
            Op::Lt => part("", " < ?", from),
            Op::Le => part("", " < ?", to),
            Op::Gt => part("", " >= ?", to),
            Op::Ge => part("", " >= ?", from),
            // No bits are in a time.
            Op::HasBits => _ = self.text("0"),
        }
    }
}

fn sign(op: Op) -> &'static str {
    match op {
        Op::Eq => " = ?",
        Op::Ne => " != ?",
        Op::Lt => " < ?",
        Op::Le => " <= ?",
        Op::Gt => " > ?",
        Op::Ge => " >= ?",
        Op::HasBits => " & ?",
    }
}
