//! Operations: what may be asked of a database. Modelled on Kamailio's DB API version 1.

use bytes::Bytes;

use crate::schema::Table;
use crate::{Cell, Name, Rows};

/// The columns of one row and their values. Columns that are not named keep their default.
pub type Row = Vec<(Name, Cell)>;

/// One thing asked of a database.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Reads rows. Answers [`Outcome::Rows`].
    Select(Select),
    /// Changes one table. Answers [`Outcome::Done`].
    Write(Write),
    /// Changes in one transaction: all or none. Answers [`Outcome::Done`] with the sum.
    Batch(Vec<Write>),
    /// One statement in the database's own SQL, with values for its `?` in order. Answers
    /// [`Outcome::Rows`] if it yields columns, else [`Outcome::Done`]. Never put peers' text into
    /// `sql` other than through [`Store::quote`](crate::Store::quote); prefer `values`.
    Raw { sql: Bytes, values: Vec<Cell> },
    /// The number in the `version` table for a table. Answers [`Outcome::Version`].
    TableVersion { table: Name },
    /// Makes the tables that are missing, with their keys and their rows in `version`, which is made
    /// too; tables that exist stay as they are. Answers [`Outcome::Done`] with how many were made.
    CreateTables(Vec<&'static Table>),
}

impl Operation {
    /// A raw statement without values.
    pub fn raw(sql: impl Into<Bytes>) -> Self {
        Self::Raw {
            sql: sql.into(),
            values: Vec::new(),
        }
    }
}

impl From<Select> for Operation {
    fn from(select: Select) -> Self {
        Self::Select(select)
    }
}

impl From<Write> for Operation {
    fn from(write: Write) -> Self {
        Self::Write(write)
    }
}

/// A query over one table.
#[derive(Debug, Clone)]
pub struct Select {
    /// Where to look.
    pub table: Name,
    /// What to return, in this order; none means every column in the table's order.
    pub columns: Vec<Name>,
    /// Which rows.
    pub filter: Filter,
    /// How to sort: first by the first column. Rows without a value are the smallest.
    pub order: Vec<(Name, Direction)>,
    /// The most rows to return. A large table is read in pages: sorted by `id`, with
    /// `id > last` in the filter.
    pub limit: Option<u32>,
}

impl Select {
    /// Every column of every row; narrow it with the methods below.
    pub fn from(table: Name) -> Self {
        Self {
            table,
            columns: Vec::new(),
            filter: Filter::all(),
            order: Vec::new(),
            limit: None,
        }
    }

    /// Returns only these columns.
    pub fn columns(mut self, columns: impl IntoIterator<Item = Name>) -> Self {
        self.columns = columns.into_iter().collect();
        self
    }

    /// Returns only rows that the filter takes.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Sorts by one more column.
    pub fn order_by(mut self, column: Name, direction: Direction) -> Self {
        self.order.push((column, direction));
        self
    }

    /// Returns at most so many rows.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }
}

/// Which way a query sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A change to one table.
#[derive(Debug, Clone)]
pub enum Write {
    /// A new row.
    Insert { table: Name, row: Row },
    /// A new row in place of every row that has one of its unique keys. Where the row has
    /// [`Cell::Null`] for a column that needs a value, databases differ: some refuse, SQLite takes
    /// the column's default.
    Replace { table: Name, row: Row },
    /// Updates the rows whose `key` columns equal those of `row`; where there is none, inserts `row`.
    /// The key's columns must be in `row`; they need no unique index.
    InsertOrUpdate {
        table: Name,
        row: Row,
        key: Vec<Name>,
    },
    /// New values for the rows that the filter takes.
    Update {
        table: Name,
        set: Row,
        filter: Filter,
    },
    /// Removes the rows that the filter takes.
    Delete { table: Name, filter: Filter },
}

impl Write {
    /// The table that is changed.
    pub fn table(&self) -> &Name {
        match self {
            Self::Insert { table, .. }
            | Self::Replace { table, .. }
            | Self::InsertOrUpdate { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. } => table,
        }
    }
}

/// Conditions that must all hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter(pub Vec<Condition>);

impl Filter {
    /// Takes every row.
    pub fn all() -> Self {
        Self::default()
    }

    /// And the column equals the value; for [`Cell::Null`]: has none.
    pub fn eq(self, column: Name, value: impl Into<Cell>) -> Self {
        self.and(column, Op::Eq, value)
    }

    /// And the column compares with the value in this way.
    pub fn and(mut self, column: Name, op: Op, value: impl Into<Cell>) -> Self {
        self.0.push(Condition {
            column,
            op,
            value: value.into(),
        });
        self
    }
}

/// One condition on one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is looked at.
    pub column: Name,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub value: Cell,
}

/// A comparison. A row without a value in the column satisfies only `Eq` [`Cell::Null`]. Text is
/// compared byte by byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`, and `IS NULL` for [`Cell::Null`].
    Eq,
    /// `!=`, and `IS NOT NULL` for [`Cell::Null`].
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `&`: the whole numbers have a bit in common (Kamailio's `OP_BITWISE_AND`).
    HasBits,
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// What a query found.
    Rows(Rows),
    /// The change is made: in how many rows.
    Done { affected: u64 },
    /// A table's version; `None` if the `version` table does not name it.
    Version(Option<i64>),
}

impl Outcome {
    /// The rows; none if the outcome is not a query's.
    pub fn into_rows(self) -> Rows {
        match self {
            Self::Rows(rows) => rows,
            _ => Rows::default(),
        }
    }

    /// How many rows were changed; 0 if the outcome is not a change's.
    pub fn affected(&self) -> u64 {
        match self {
            Self::Done { affected } => *affected,
            _ => 0,
        }
    }
}
