//! Pipes from the database.

use super::pipes::Pipes;
use crate::throttle::Algorithm;
use bytes::Bytes;
use policy::{Level, Logger, Problem, StartDone, problem};
use std::sync::Arc;
use store::{Cell, Name, Outcome, Rows, Select, Store, StoreError};

/// Table and columns by name.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) table: String,
    pub(super) id: String,
    pub(super) limit: String,
    pub(super) algorithm: String,
}

impl Default for Columns {
    fn default() -> Columns {
        Columns {
            table: "pl_pipes".to_owned(),
            id: "pipeid".to_owned(),
            limit: "plimit".to_owned(),
            algorithm: "algorithm".to_owned(),
        }
    }
}

/// Where pipes come from.
#[derive(Clone)]
pub(super) struct Source {
    store: Arc<dyn Store>,
    table: Name,
    id: Name,
    limit: Name,
    algorithm: Name,
    logger: Logger,
}

impl Source {
    pub(super) fn new(
        store: Arc<dyn Store>,
        columns: &Columns,
        logger: Logger,
    ) -> Result<Source, Problem> {
        let name = |text: &String| Name::parse(text).map_err(|error| problem(error.to_string()));
        Ok(Source {
            store,
            table: name(&columns.table)?,
            id: name(&columns.id)?,
            limit: name(&columns.limit)?,
            algorithm: name(&columns.algorithm)?,
            logger,
        })
    }

    pub(super) fn table(&self) -> &Name {
        &self.table
    }

    /// Reads every pipe, then calls `done`.
    pub(super) fn load(self, pipes: Arc<Pipes>, done: StartDone) {
        let columns = [&self.id, &self.limit, &self.algorithm].map(Name::clone);
        let select = Select::from(self.table.clone()).columns(columns);
        let store = self.store.clone();
        let read = move |result: Result<Outcome, StoreError>| match result {
            Ok(outcome) => {
                let rows = outcome.into_rows();
                (0..rows.len()).for_each(|row| self.add(&pipes, &rows, row));
                done(Ok(()));
            }
            Err(error) => done(Err(format!("cannot read the pipes: {error}"))),
        };
        store.submit(select.into(), Box::new(read));
    }

    fn add(&self, pipes: &Pipes, rows: &Rows, row: usize) {
        let text = |column| {
            rows.cell(row, column)
                .and_then(Cell::as_bytes)
                .unwrap_or_default()
        };
        let limit = rows.cell(row, &self.limit).and_then(Cell::as_int);
        let limit = limit.and_then(|limit| u32::try_from(limit).ok());
        let made = match (Algorithm::named(text(&self.algorithm)), limit) {
            (Some(algorithm), Some(limit)) if algorithm.takes(limit) => {
                let name = Bytes::copy_from_slice(text(&self.id));
                !name.is_empty() && pipes.ensure(&name, algorithm, limit)
            }
            _ => false,
        };
        if !made {
            self.logger.log(Level::Err, "pipelimit", || {
                format!("row {} of {} is no pipe", row + 1, self.table)
            });
        }
    }
}
