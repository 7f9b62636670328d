//! One operation on one connection.

use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, Statement as Prepared, StatementStatus};
use store::schema::{self, Table};
use store::sql;
use store::{Cell, Filter, Name, Operation, Outcome, Rows, Select, StoreError, Write, name};

use crate::dialect::{Sqlite, Statement};
use crate::error::Context;
use crate::{Executed, value};

/// A connection, what to call it in errors, and how much one answer may hold.
pub(crate) struct Session<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) context: &'a Context,
    pub(crate) answer_bytes: usize,
}

impl Session<'_> {
    /// Carries out an operation. Several changes (a batch, new tables) are one savepoint.
    pub(crate) fn run(&self, operation: Operation) -> Executed {
        match operation {
            Operation::Select(select) => self.query(&sql::select(&select)).map(Outcome::Rows),
            Operation::Write(write) => self.write(write).map(done),
            Operation::Batch(writes) => self.atomically(|| {
                writes
                    .into_iter()
                    .try_fold(0, |sum, write| Ok(sum + self.write(write)?))
                    .map(done)
            }),
            Operation::Raw { sql, values } => self.raw(&sql, values),
            Operation::TableVersion { table } => self.version(&table).map(Outcome::Version),
            Operation::CreateTables(tables) => self.atomically(|| self.create(&tables).map(done)),
        }
    }

    /// Runs a statement without values or rows: `BEGIN` and its kin.
    pub(crate) fn command(&self, sql: &str) -> Result<(), StoreError> {
        let run = || self.connection.prepare_cached(sql)?.raw_execute();
        run()
            .map(|_| ())
            .map_err(|error| self.context.error(&error))
    }

    fn atomically(&self, body: impl FnOnce() -> Executed) -> Executed {
        self.command("SAVEPOINT several")?;
        let outcome = body();
        // After a disk error SQLite has rolled back everything and the savepoint is gone.
        if outcome.is_err() && !self.connection.is_autocommit() {
            self.command("ROLLBACK TO several")?;
        }
        if !self.connection.is_autocommit() {
            self.command("RELEASE several")?;
        }
        outcome
    }

    fn write(&self, write: Write) -> Result<u64, StoreError> {
        match write {
            Write::Insert { table, row } => self.change(&sql::insert("INSERT", &table, &row)),
            // SQLite counts the new row alone, not those it took the place of.
            Write::Replace { table, row } => self.change(&sql::insert("REPLACE", &table, &row)),
            Write::Update { table, set, filter } => {
                self.change(&sql::update(&table, &set, &filter))
            }
            Write::Delete { table, filter } => self.change(&sql::delete(&table, &filter)),
            Write::InsertOrUpdate { table, row, key } => {
                let filter = sql::of_key(&row, &key);
                match self.change(&sql::update(&table, &row, &filter))? {
                    0 => self.change(&sql::insert("INSERT", &table, &row)),
                    updated => Ok(updated),
                }
            }
        }
    }

    fn change(&self, statement: &Statement) -> Result<u64, StoreError> {
        let mut prepared = self.prepare(statement)?;
        let changed = prepared
            .raw_execute()
            .map_err(|error| self.context.error(&error))?;
        Ok(changed as u64)
    }

    pub(crate) fn query(&self, statement: &Statement) -> Result<Rows, StoreError> {
        let mut prepared = self.prepare(statement)?;
        // What bounds a read by its instructions counts those of this one.
        prepared.reset_status(StatementStatus::VmStep);
        self.rows(&mut prepared)
    }

    fn raw(&self, sql: &Bytes, values: Vec<Cell>) -> Executed {
        let Ok(sql) = std::str::from_utf8(sql) else {
            let reason =
                "it is not UTF-8; other bytes must be quoted or given as values".to_owned();
            return Err(StoreError::Syntax {
                store: self.context.store(),
                reason,
            });
        };
        let before = self.connection.total_changes();
        // Not cached: a script that puts values into its text would push everything else out.
        let mut prepared = self
            .connection
            .prepare(sql)
            .map_err(|error| self.context.error(&error))?;
        self.bind(&mut prepared, &values)?;
        let yields_rows = prepared.column_count() > 0;
        let rows = self.rows(&mut prepared)?;
        match yields_rows {
            true => Ok(Outcome::Rows(rows)),
            false => Ok(done(self.connection.total_changes().saturating_sub(before))),
        }
    }

    fn version(&self, table: &Name) -> Result<Option<i64>, StoreError> {
        let filter = Filter::all().eq(name!("table_name"), table.as_str());
        let select = Select::from(name!("version"))
            .columns([name!("table_version")])
            .filter(filter);
        let rows = self.query(&sql::select(&select))?;
        Ok(rows
            .rows
            .first()
            .and_then(|row| row.first())
            .and_then(Cell::as_int))
    }

    fn create(&self, tables: &[&'static Table]) -> Result<u64, StoreError> {
        let mut made = 0;
        for table in std::iter::once(&&schema::VERSION).chain(tables) {
            if self.exists(&table.name)? {
                continue;
            }
            for statement in sql::create::<Sqlite>(table) {
                self.connection
                    .execute_batch(&statement)
                    .map_err(|error| self.context.error(&error))?;
            }
            self.write(Write::InsertOrUpdate {
                table: schema::VERSION.name.clone(),
                row: vec![
                    (name!("table_name"), table.name.as_str().into()),
                    (name!("table_version"), table.version.into()),
                ],
                key: vec![name!("table_name")],
            })?;
            made += 1;
        }
        Ok(made)
    }

    fn exists(&self, table: &Name) -> Result<bool, StoreError> {
        self.connection
            .table_exists(None, table.as_str())
            .map_err(|error| self.context.error(&error))
    }

    fn prepare(&self, statement: &Statement) -> Result<CachedStatement<'_>, StoreError> {
        let prepared = self.connection.prepare_cached(&statement.text);
        let mut prepared = prepared.map_err(|error| self.context.error(&error))?;
        self.bind(&mut prepared, &statement.values)?;
        Ok(prepared)
    }

    fn bind(&self, prepared: &mut Prepared<'_>, values: &[Cell]) -> Result<(), StoreError> {
        let wanted = prepared.parameter_count();
        if wanted != values.len() {
            let reason = format!(
                "the statement takes {wanted} values and was given {}",
                values.len()
            );
            return Err(StoreError::Refused { reason });
        }
        for (at, cell) in values.iter().enumerate() {
            let bound = prepared.raw_bind_parameter(at + 1, value::bound(cell));
            bound.map_err(|error| self.context.error(&error))?;
        }
        Ok(())
    }

    /// The columns are looked up after the first step: that prepares the statement anew where another
    /// process has changed the table.
    fn rows(&self, prepared: &mut Prepared<'_>) -> Result<Rows, StoreError> {
        let mut rows = Rows::default();
        let mut times = Vec::new();
        let mut size = 0;
        let mut found = prepared.raw_query();
        while let Some(row) = found.next().map_err(|error| self.context.error(&error))? {
            if rows.columns.is_empty() {
                (rows.columns, times) = columns(row.as_ref());
            }
            let mut cells = Vec::with_capacity(times.len());
            for (at, is_time) in times.iter().enumerate() {
                let stored = row
                    .get_ref(at)
                    .map_err(|error| self.context.error(&error))?;
                cells.push(value::cell(stored, *is_time));
            }
            size += cells.iter().map(Cell::size).sum::<usize>();
            if size > self.answer_bytes {
                return Err(StoreError::TooLarge {
                    what: "bytes in the answer",
                    size,
                    limit: self.answer_bytes,
                });
            }
            rows.rows.push(cells);
        }
        drop(found);
        if rows.is_empty() {
            rows.columns = columns(prepared).0;
        }
        Ok(rows)
    }
}

/// The names of a statement's columns, and which of them hold times.
fn columns(statement: &Prepared<'_>) -> (Vec<String>, Vec<bool>) {
    let columns = statement.columns();
    columns
        .iter()
        .map(|column| {
            (
                column.name().to_owned(),
                value::holds_time(column.decl_type()),
            )
        })
        .unzip()
}

fn done(affected: u64) -> Outcome {
    Outcome::Done { affected }
}
