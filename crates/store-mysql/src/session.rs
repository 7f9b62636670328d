//! One connection to MySQL.

use bytes::Bytes;
use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{Conn, Params, QueryResult, Value};
use store::{Cell, Name, Outcome, Row, Rows, StoreError, sql};
use store_remote::{Session, Zone};

use crate::dialect::{MysqlDialect, Statement};
use crate::error::Context;
use crate::value;

/// A connection.
pub struct MysqlSession {
    connection: Conn,
    context: Context,
    zone: Zone,
}

impl MysqlSession {
    pub(crate) fn new(connection: Conn, context: Context, zone: Zone) -> Self {
        Self {
            connection,
            context,
            zone,
        }
    }

    fn bound(&self, values: Vec<Cell>) -> Result<Params, StoreError> {
        if values.is_empty() {
            return Ok(Params::Empty);
        }
        let values: Result<Vec<Value>, _> = values
            .into_iter()
            .map(|cell| value::bound(cell, &self.zone))
            .collect();
        values.map(Params::Positional)
    }
}

impl Session for MysqlSession {
    type Dialect = MysqlDialect;

    async fn change(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let values = self.bound(statement.values)?;
        let result = self.connection.exec_iter(statement.text, values).await;
        let result = result.map_err(|error| self.context.error(error))?;
        let changed = result.affected_rows();
        drop_rest(result, &self.context).await?;
        Ok(changed)
    }

    async fn query(&mut self, statement: Statement, most: usize) -> Result<Rows, StoreError> {
        let values = self.bound(statement.values)?;
        let result = self.connection.exec_iter(statement.text, values).await;
        let result = result.map_err(|error| self.context.error(error))?;
        rows(result, most, &self.context, &self.zone).await
    }

    async fn raw(
        &mut self,
        sql: &Bytes,
        values: &[Cell],
        most: usize,
    ) -> Result<Outcome, StoreError> {
        if opens_transaction(sql) {
            return Err(StoreError::Unsupported {
                store: self.context.store(),
                what: "a transaction by raw statements; use a batch",
            });
        }
        let bound = self.bound(values.to_vec())?;
        // Prepared, for the server then takes one statement alone; and not kept, for a script that
        // puts values into its text would push everything else out.
        let prepared = self.connection.prep(sql.to_vec()).await;
        let prepared = prepared.map_err(|error| self.context.error(error))?;
        let result = self.connection.exec_iter(&prepared, bound).await;
        let found = match result {
            Ok(result) => outcome(result, most, &self.context, &self.zone).await,
            Err(error) => Err(self.context.error(error)),
        };
        let closed = self.connection.close(prepared).await;
        closed.map_err(|error| self.context.error(error))?;
        found
    }

    async fn command(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = self.connection.query_drop(sql).await;
        done.map_err(|error| self.context.error(error))
    }

    async fn replace(&mut self, table: &Name, row: &Row) -> Result<(), StoreError> {
        self.change(sql::insert("REPLACE", table, row))
            .await
            .map(drop)
    }

    async fn has_table(&mut self, table: &Name) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?";
        let found: Result<Option<i64>, _> =
            self.connection.exec_first(sql, (table.as_str(),)).await;
        found
            .map(|found| found.is_some())
            .map_err(|error| self.context.error(error))
    }

    async fn close(self) {
        // A server that is not there anymore needs none.
        let _ = self.connection.disconnect().await;
    }
}

/// Whether a statement begins a transaction, which would take other callers' changes in.
fn opens_transaction(sql: &[u8]) -> bool {
    let word = sql
        .trim_ascii_start()
        .split(|byte| !byte.is_ascii_alphabetic())
        .next();
    let word = word.unwrap_or_default().to_ascii_uppercase();
    matches!(
        word.as_slice(),
        b"BEGIN" | b"START" | b"COMMIT" | b"ROLLBACK" | b"SAVEPOINT" | b"XA" | b"LOCK"
    )
}

async fn outcome<P: Protocol>(
    result: QueryResult<'_, '_, P>,
    most: usize,
    context: &Context,
    zone: &Zone,
) -> Result<Outcome, StoreError> {
    if result.columns_ref().is_empty() {
        let affected = result.affected_rows();
        drop_rest(result, context).await?;
        return Ok(Outcome::Done { affected });
    }
    rows(result, most, context, zone).await.map(Outcome::Rows)
}

async fn rows<P: Protocol>(
    mut result: QueryResult<'_, '_, P>,
    most: usize,
    context: &Context,
    zone: &Zone,
) -> Result<Rows, StoreError> {
    let columns = result.columns_ref();
    let names = columns.iter().map(|column| column.name_str().into_owned());
    let mut rows = Rows {
        columns: names.collect(),
        rows: Vec::new(),
    };
    let kinds: Vec<_> = columns
        .iter()
        .map(|column| (column.column_type(), column.character_set()))
        .collect();
    let mut size = 0;
    while let Some(row) = result.next().await.map_err(|error| context.error(error))? {
        let values = row.unwrap().into_iter().zip(&kinds);
        let cells: Vec<Cell> = values
            .map(|(value, (kind, set))| value::cell(value, *kind, *set, zone))
            .collect();
        size += cells.iter().map(Cell::size).sum::<usize>();
        if size <= most {
            rows.rows.push(cells);
        }
    }
    drop_rest(result, context).await?;
    match size <= most {
        true => Ok(rows),
        false => Err(StoreError::TooLarge {
            what: "bytes in the answer",
            size,
            limit: most,
        }),
    }
}

/// Reads what else a statement answers, so that the next one gets its own answer.
async fn drop_rest<P: Protocol>(
    result: QueryResult<'_, '_, P>,
    context: &Context,
) -> Result<(), StoreError> {
    result
        .drop_result()
        .await
        .map_err(|error| context.error(error))
}
