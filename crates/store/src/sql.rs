//! Operations as SQL text and the values to bind. The text holds names alone, never a value.
//!
//! What all databases write alike stands here; a [`Dialect`] says where one differs.

mod tables;

pub use tables::create;

use std::borrow::Cow;
use std::marker::PhantomData;

use crate::schema::{self, Kind};
use crate::{Cell, Condition, Direction, Filter, Name, Op, Row, Select};

/// How one database wants its SQL.
pub trait Dialect: Sized {
    /// What stands around names.
    const QUOTE: char;

    /// The column that numbers the rows of a table.
    const ID: &'static str;

    /// Whether the name of an index is known in its table alone, and so needs not the table's name before it.
    const INDEXES_OF_TABLE: bool = false;

    /// What follows `INSERT INTO table` where every column takes its default.
    const ROW_OF_DEFAULTS: &'static str = " DEFAULT VALUES";

    /// The type of a column that holds this.
    fn column_type(kind: Kind) -> Cow<'static, str> {
        match kind {
            Kind::Text(characters) => format!("VARCHAR({characters})").into(),
            Kind::LongText => "TEXT".into(),
            Kind::Int | Kind::Unsigned => "INTEGER".into(),
            Kind::SmallInt | Kind::SmallUnsigned => "SMALLINT".into(),
            Kind::Real(_) => "REAL".into(),
            Kind::Time => "TIMESTAMP WITHOUT TIME ZONE".into(),
        }
    }

    /// Writes the place of a value, counted from 1.
    fn place(text: &mut String, _number: usize, _value: &Cell) {
        text.push('?');
    }

    /// The value as a column that holds this takes it; nothing is known of other people's tables. Who
    /// does not ask for the kind does not wait until it is found.
    fn value(_kind: impl FnOnce() -> Option<Kind>, value: Cell) -> Cell {
        value
    }

    /// Writes how a column compares with a value that is not [`Cell::Null`].
    fn compare(statement: &mut Statement<Self>, column: &Name, op: Op, value: &Cell) {
        statement.plain(column, op, value);
    }

    /// Writes a column to sort by.
    fn sort(statement: &mut Statement<Self>, column: &Name, direction: Direction) {
        statement.name(column).direction(direction);
    }
}

/// A statement and what is bound to its places, in order.
pub struct Statement<D> {
    /// The SQL.
    pub text: String,
    /// The values.
    pub values: Vec<Cell>,
    table: Name,
    dialect: PhantomData<D>,
}

/// A query.
pub fn select<D: Dialect>(select: &Select) -> Statement<D> {
    let mut statement = Statement::new("SELECT ", &select.table);
    match select.columns.as_slice() {
        [] => statement.text.push('*'),
        columns => statement.names(columns.iter()),
    }
    statement
        .write(" FROM ")
        .name(&select.table)
        .filter(&select.filter);
    for (at, (column, direction)) in select.order.iter().enumerate() {
        statement.write(if at == 0 { " ORDER BY " } else { ", " });
        D::sort(&mut statement, column, *direction);
    }
    if let Some(limit) = select.limit {
        statement.write(" LIMIT ").bind(limit.into());
    }
    statement
}

/// An insert; `verb` is `INSERT` or `REPLACE`.
pub fn insert<D: Dialect>(verb: &str, table: &Name, row: &Row) -> Statement<D> {
    let mut statement = Statement::new(verb, table);
    statement.write(" INTO ").name(table);
    if row.is_empty() {
        statement.write(D::ROW_OF_DEFAULTS);
        return statement;
    }
    statement.write(" (");
    statement.names(row.iter().map(|(column, _)| column));
    statement.write(") VALUES (");
    for (at, (column, cell)) in row.iter().enumerate() {
        statement
            .write(if at == 0 { "" } else { ", " })
            .bind_for(column, cell);
    }
    statement.write(")");
    statement
}

/// An update of the rows that the filter takes.
pub fn update<D: Dialect>(table: &Name, set: &Row, filter: &Filter) -> Statement<D> {
    let mut statement = Statement::new("UPDATE ", table);
    statement.name(table).write(" SET ");
    for (at, (column, cell)) in set.iter().enumerate() {
        statement
            .write(if at == 0 { "" } else { ", " })
            .name(column)
            .write(" = ")
            .bind_for(column, cell);
    }
    statement.filter(filter);
    statement
}

/// A removal of the rows that the filter takes.
pub fn delete<D: Dialect>(table: &Name, filter: &Filter) -> Statement<D> {
    let mut statement = Statement::new("DELETE FROM ", table);
    statement.name(table).filter(filter);
    statement
}

/// The rows whose `key` columns equal those of `row`.
pub fn of_key(row: &Row, key: &[Name]) -> Filter {
    let of_key = row.iter().filter(|(column, _)| key.contains(column));
    of_key.fold(Filter::all(), |all, (column, cell)| {
        all.eq(column.clone(), cell.clone())
    })
}

impl<D: Dialect> Statement<D> {
    fn new(verb: &str, table: &Name) -> Self {
        Self {
            text: verb.to_owned(),
            values: Vec::new(),
            table: table.clone(),
            dialect: PhantomData,
        }
    }

    /// What a column of the statement's table holds, where that is one of Kamailio's or ours.
    pub fn kind(&self, column: &Name) -> Option<Kind> {
        schema::kind(&self.table, column)
    }

    /// Appends SQL.
    pub fn write(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a name, quoted.
    pub fn name(&mut self, name: &Name) -> &mut Self {
        self.text.push(D::QUOTE);
        self.text.push_str(name.as_str());
        self.text.push(D::QUOTE);
        self
    }

    /// Appends the place of a value, and keeps the value for it.
    pub fn bind(&mut self, value: Cell) -> &mut Self {
        D::place(&mut self.text, self.values.len() + 1, &value);
        self.values.push(value);
        self
    }

    /// The same for a value that meets a column.
    pub fn bind_for(&mut self, column: &Name, value: &Cell) -> &mut Self {
        let value = D::value(|| self.kind(column), value.clone());
        self.bind(value)
    }

    /// Appends a comparison as the standard has it.
    pub fn plain(&mut self, column: &Name, op: Op, value: &Cell) -> &mut Self {
        match op {
            Op::HasBits => self
                .write("(")
                .name(column)
                .write(" & ")
                .bind_for(column, value)
                .write(") <> 0"),
            _ => self.name(column).write(sign(op)).bind_for(column, value),
        }
    }

    /// Appends the direction of a sort key.
    pub fn direction(&mut self, direction: Direction) -> &mut Self {
        match direction {
            Direction::Ascending => self,
            Direction::Descending => self.write(" DESC"),
        }
    }

    fn names<'a>(&mut self, names: impl Iterator<Item = &'a Name>) {
        for (at, name) in names.enumerate() {
            self.write(if at == 0 { "" } else { ", " }).name(name);
        }
    }

    fn filter(&mut self, filter: &Filter) {
        for (at, condition) in filter.0.iter().enumerate() {
            self.write(if at == 0 { " WHERE " } else { " AND " });
            self.condition(condition);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let Condition { column, op, value } = condition;
        match (op, value) {
            (Op::Eq, Cell::Null) => _ = self.name(column).write(" IS NULL"),
            (Op::Ne, Cell::Null) => _ = self.name(column).write(" IS NOT NULL"),
            // Nothing compares with nothing, and no bits are in a time.
            (_, Cell::Null) | (Op::HasBits, Cell::Time(_)) => _ = self.write("1 = 0"),
            (op, value) => D::compare(self, column, *op, value),
        }
    }
}

/// The sign of a comparison, with spaces around it.
pub fn sign(op: Op) -> &'static str {
    match op {
        Op::Eq => " = ",
        Op::Ne => " <> ",
        Op::Lt => " < ",
        Op::Le => " <= ",
        Op::Gt => " > ",
        Op::Ge => " >= ",
        Op::HasBits => " & ",
    }
}
