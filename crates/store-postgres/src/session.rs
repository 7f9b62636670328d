//! One connection to PostgreSQL.

use std::collections::HashMap;
use std::pin::pin;

use bytes::Bytes;
use futures_util::TryStreamExt;
use store::schema::{self, Default, Table};
use store::{Cell, Filter, Name, Outcome, Row, Rows, StoreError, sql};
use store_remote::{Session, Zone};
use tokio_postgres::{Client, Statement as Prepared};

use crate::dialect::{PostgresDialect, Statement};
use crate::error::Context;
use crate::placeholders;
use crate::value::{self, Bound, Received};

/// Prepared statements kept for each connection: more than the modules have between them.
const STATEMENTS: usize = 256;

/// A connection.
pub struct PostgresSession {
    client: Client,
    context: Context,
    zone: Zone,
    prepared: HashMap<String, Prepared>,
}

impl PostgresSession {
    pub(crate) fn new(client: Client, context: Context, zone: Zone) -> Self {
        Self {
            client,
            context,
            zone,
            prepared: HashMap::new(),
        }
    }

    /// Literals are quoted as [`quote`](store_remote::Driver::quote) promises, whatever the server's
    /// settings.
    pub(crate) async fn set_up(&mut self) -> Result<(), StoreError> {
        self.command("SET standard_conforming_strings = on").await
    }

    async fn prepare(&mut self, text: &str) -> Result<Prepared, StoreError> {
        if let Some(prepared) = self.prepared.get(text) {
            return Ok(prepared.clone());
        }
        let prepared = self.client.prepare(text).await;
        let prepared = prepared.map_err(|error| self.context.error(&error))?;
        if self.prepared.len() >= STATEMENTS {
            self.prepared.clear();
        }
        self.prepared.insert(text.to_owned(), prepared.clone());
        Ok(prepared)
    }

    async fn run(
        &self,
        prepared: &Prepared,
        values: &[Cell],
        most: usize,
    ) -> Result<(Rows, u64), StoreError> {
        let wanted = prepared.params().len();
        if wanted != values.len() {
            let given = values.len();
            let reason = format!("the statement takes {wanted} values and was given {given}");
            return Err(StoreError::Refused { reason });
        }
        let zone = &self.zone;
        let bound = values.iter().map(|cell| Bound { cell, zone });
        let bound: Vec<Bound<'_>> = bound.collect();
        let found = self.client.query_raw(prepared, &bound).await;
        let mut found = pin!(found.map_err(|error| self.context.error(&error))?);
        let names = prepared.columns().iter();
        let mut rows = Rows {
            columns: names.map(|column| column.name().to_owned()).collect(),
            rows: Vec::new(),
        };
        let mut size = 0;
        let failed = |error| self.context.error(&error);
        while let Some(row) = found.try_next().await.map_err(failed)? {
            let mut cells = Vec::with_capacity(row.len());
            for at in 0..row.len() {
                let received: Received<'_> = row.try_get(at).map_err(failed)?;
                cells.push(received.cell(zone));
            }
            size += cells.iter().map(Cell::size).sum::<usize>();
            if size <= most {
                rows.rows.push(cells);
            }
        }
        let affected = found.rows_affected().unwrap_or_default();
        match size <= most {
            true => Ok((rows, affected)),
            false => Err(StoreError::TooLarge {
                what: "bytes in the answer",
                size,
                limit: most,
            }),
        }
    }

    /// The values of a unique key in a new row, as a condition; none where one of them is no value,
    /// so that no row can agree.
    fn rivals(table: &Table, key: &[&str], row: &Row) -> Option<Filter> {
        let mut filter = Filter::all();
        for name in key {
            let given = row.iter().find(|(column, _)| column.as_str() == *name);
            let column = table
                .columns
                .iter()
                .find(|own| own.name.as_str() == *name)?;
            let value = match (given, column.default) {
                (Some((_, cell)), _) => cell.clone(),
                (None, Default::Text(text)) => text.into(),
                (None, Default::Int(number)) => number.into(),
                (None, Default::Real(number)) => number.into(),
                (None, Default::None) => Cell::Null,
            };
            if value.is_null() {
                return None;
            }
            filter = filter.eq(column.name.clone(), value);
        }
        Some(filter)
    }
}

impl Session for PostgresSession {
    type Dialect = PostgresDialect;

    async fn change(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let prepared = self.prepare(&statement.text).await?;
        let (_, affected) = self.run(&prepared, &statement.values, 0).await?;
        Ok(affected)
    }

    async fn query(&mut self, statement: Statement, most: usize) -> Result<Rows, StoreError> {
        let prepared = self.prepare(&statement.text).await?;
        let (mut rows, _) = self.run(&prepared, &statement.values, most).await?;
        let names = rows.columns.iter();
        let kinds = names.map(|name| statement.kind(&Name::parse(name).ok()?));
        let kinds: Vec<_> = kinds.collect();
        for row in &mut rows.rows {
            for (cell, kind) in row.iter_mut().zip(&kinds) {
                *cell = value::without_sign(std::mem::take(cell), *kind);
            }
        }
        Ok(rows)
    }

    async fn raw(
        &mut self,
        sql: &Bytes,
        values: &[Cell],
        most: usize,
    ) -> Result<Outcome, StoreError> {
        let Ok(sql) = std::str::from_utf8(sql) else {
            let reason = "it is not UTF-8; other bytes must be given as values".to_owned();
            let store = self.context.store();
            return Err(StoreError::Syntax { store, reason });
        };
        if opens_transaction(sql) {
            let store = self.context.store();
            let what = "a transaction by raw statements; use a batch";
            return Err(StoreError::Unsupported { store, what });
        }
        // Not kept: a script that puts values into its text would push everything else out.
        let prepared = self.client.prepare(&placeholders::numbered(sql)).await;
        let prepared = prepared.map_err(|error| self.context.error(&error))?;
        let (rows, affected) = self.run(&prepared, values, most).await?;
        Ok(match prepared.columns() {
            [] => Outcome::Done { affected },
            _ => Outcome::Rows(rows),
        })
    }

    async fn command(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = self.client.batch_execute(sql).await;
        done.map_err(|error| self.context.error(&error))
    }

    /// PostgreSQL has no such statement. Of the tables that are not in the schema nobody knows the
    /// keys.
    async fn replace(&mut self, name: &Name, row: &Row) -> Result<(), StoreError> {
        let Some(table) = schema::find(name.as_str()) else {
            let store = self.context.store();
            let what = "taking the place of rows in a table that is not Kamailio's";
            return Err(StoreError::Unsupported { store, what });
        };
        let id = [Name::fixed("id")];
        let mut rivals = vec![
            row.iter()
                .any(|(it, _)| *it == id[0])
                .then(|| sql::of_key(row, &id)),
        ];
        let unique = table.indexes.iter().filter(|index| index.unique);
        rivals.extend(unique.map(|index| Self::rivals(table, index.columns, row)));
        for filter in rivals.into_iter().flatten() {
            self.change(sql::delete(name, &filter)).await?;
        }
        self.change(sql::insert("INSERT", name, row))
            .await
            .map(drop)
    }

    async fn has_table(&mut self, table: &Name) -> Result<bool, StoreError> {
        let prepared = self
            .prepare("SELECT to_regclass($1::text) IS NOT NULL")
            .await?;
        let values = [Cell::from(table.as_str())];
        let (rows, _) = self.run(&prepared, &values, usize::MAX).await?;
        let found = rows.rows.first().and_then(|row| row.first());
        Ok(found.and_then(Cell::as_int) == Some(1))
    }

    /// The driver says farewell for a client that is dropped.
    async fn close(self) {}
}

/// Whether a statement begins a transaction, which would take other callers' changes in.
fn opens_transaction(sql: &str) -> bool {
    let text = sql.trim_start();
    let word = text
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .next();
    let word = word.unwrap_or_default().to_ascii_uppercase();
    let words = [
        "BEGIN",
        "START",
        "COMMIT",
        "END",
        "ABORT",
        "ROLLBACK",
        "SAVEPOINT",
        "PREPARE",
    ];
    words.contains(&word.as_str())
}
