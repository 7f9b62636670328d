//! The table of high-risk destinations.

use super::prefixes::{Prefixes, example_rows};
use parking_lot::RwLock;
use policy::{Level, Logger, StartDone};
use std::sync::Arc;
use store::{Cell, Name, Operation, Outcome, Row, Rows, Select, Store, StoreError, Write};
use store::{name, schema};

/// The database of the table.
#[derive(Clone)]
pub(super) struct Table {
    store: Arc<dyn Store>,
    logger: Logger,
}

const TABLE: Name = name!("fraud_prefix");
const PREFIX: Name = name!("prefix");
const RISK: Name = name!("risk");
const DESCRIPTION: Name = name!("description");

impl Table {
    pub(super) fn new(store: Arc<dyn Store>, logger: Logger) -> Table {
        Table { store, logger }
    }

    /// Makes the table where it is missing, and reads it; an empty one gets the rows of the example.
    pub(super) fn read_first(self, prefixes: Arc<RwLock<Prefixes>>, done: StartDone) {
        let make = Operation::CreateTables(vec![&schema::FRAUD_PREFIX]);
        let store = self.store.clone();
        let made = move |result: Result<Outcome, StoreError>| match result {
            Ok(_) => self.select(prefixes, done),
            Err(error) => done(Err(format!("fraud: {error}"))),
        };
        store.submit(make, Box::new(made));
    }

    /// Reads the table again, and waits for it.
    ///
    /// # Errors
    /// Why it cannot be read; what was read before holds then.
    pub(super) fn reload(&self, prefixes: &RwLock<Prefixes>) -> Result<usize, String> {
        let rows = store::wait(self.store.as_ref(), Select::from(TABLE).into());
        let rows = rows.map_err(|error| error.to_string())?.into_rows();
        let read = self.prefixes(&rows);
        let count = read.len();
        *prefixes.write() = read;
        Ok(count)
    }

    fn select(self, prefixes: Arc<RwLock<Prefixes>>, done: StartDone) {
        let store = self.store.clone();
        let take = move |result: Result<Outcome, StoreError>| match result.map(Outcome::into_rows) {
            // The example holds already.
            Ok(rows) if rows.is_empty() => self.fill(done),
            Ok(rows) => {
                *prefixes.write() = self.prefixes(&rows);
                done(Ok(()));
            }
            Err(error) => done(Err(format!("fraud: {error}"))),
        };
        store.submit(Select::from(TABLE).into(), Box::new(take));
    }

    fn fill(self, done: StartDone) {
        let rows = example_rows().map(|(prefix, is_risky, description)| Write::Insert {
            table: TABLE,
            row: row(prefix, is_risky, description),
        });
        let filled = move |result: Result<Outcome, StoreError>| {
            done(result.map(drop).map_err(|error| format!("fraud: {error}")));
        };
        let batch = Operation::Batch(rows.collect());
        self.store.submit(batch, Box::new(filled));
    }

    fn prefixes(&self, rows: &Rows) -> Prefixes {
        let mut prefixes = Prefixes::default();
        for row in 0..rows.len() {
            let cell = |column: Name| rows.cell(row, &column).filter(|cell| !cell.is_null());
            let prefix = cell(PREFIX).and_then(Cell::as_str).unwrap_or_default();
            let is_risky = cell(RISK).and_then(Cell::as_int) != Some(0);
            let description = cell(DESCRIPTION).and_then(Cell::as_str).unwrap_or_default();
            if !prefixes.add(prefix, is_risky, description) {
                self.logger.log(Level::Err, "fraud", || {
                    format!("{prefix:?} in table fraud_prefix is no prefix of a number")
                });
            }
        }
        prefixes
    }
}

fn row(prefix: &str, is_risky: bool, description: &str) -> Row {
    vec![
        (PREFIX, Cell::text(prefix)),
        (RISK, Cell::Int(is_risky.into())),
        (DESCRIPTION, Cell::text(description)),
    ]
}
