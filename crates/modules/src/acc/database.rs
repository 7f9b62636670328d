//! The rows in the database.

use super::facts::Facts;
use super::{Logic, clock};
use bytes::Bytes;
use policy::{Context, Level, Logger};
use script::Value;
use store::{Cell, Name, Operation, Row, Write};

impl Logic {
    /// Writes the rows of an event, nobody waits for them.
    pub(super) fn store_event(
        &self,
        context: &mut Context,
        table: &policy::LateText,
        facts: &Facts,
    ) {
        let (Some(_), Some(table)) = (&self.store, table_name(&table.get(context))) else {
            return;
        };
        let operation = self.insert(context, table, facts);
        self.submit(operation, context.config.logger.clone());
    }

    /// Writes something that nobody waits for.
    pub(super) fn submit(&self, operation: Operation, logger: Logger) {
        let done = move |result: Result<store::Outcome, store::StoreError>| {
            if let Err(error) = result {
                logger.log(Level::Err, "acc", || {
                    format!("failed to insert into database: {error}")
                });
            }
        };
        if let Some(store) = &self.store {
            store.submit(operation, Box::new(done));
        }
    }

    /// One row, or one for each leg.
    pub(super) fn insert(&self, context: &mut Context, table: Name, facts: &Facts) -> Operation {
        let row = self.row(context, facts);
        let mut legs = self.legs(context);
        if legs.len() < 2 {
            let leg = legs.pop().unwrap_or_default();
            return Operation::Write(self.with_leg(&table, row, leg));
        }
        let writes = legs
            .into_iter()
            .map(|leg| self.with_leg(&table, row.clone(), leg));
        Operation::Batch(writes.collect())
    }

    fn with_leg(&self, table: &Name, mut row: Row, leg: Vec<Value>) -> Write {
        let names = &self.leg_columns;
        row.extend(
            names
                .iter()
                .cloned()
                .zip(leg.iter().map(|value| Cell::Text(value.to_text()))),
        );
        let table = table.clone();
        Write::Insert { table, row }
    }

    fn row(&self, context: &mut Context, facts: &Facts) -> Row {
        let columns = &self.params.columns;
        let mut row: Row = [
            (&columns.method, &facts.method),
            (&columns.from_tag, &facts.from_tag),
            (&columns.to_tag, &facts.to_tag),
            (&columns.call_id, &facts.call_id),
            (&columns.code, &facts.code),
            (&columns.reason, &facts.reason),
        ]
        .into_iter()
        .map(|(column, value)| (column.clone(), Cell::Text(value.clone())))
        .collect();
        let now_s = i64::try_from(context.now.unix_s()).unwrap_or(i64::MAX);
        row.push((columns.time.clone(), Cell::Time(now_s)));
        let times = clock::cells(&self.params, &self.surroundings, context.now);
        row.extend(
            times
                .into_iter()
                .filter_map(|(name, cell)| Some((Name::parse(name).ok()?, cell))),
        );
        for (column, text) in &self.db_extra {
            let cell = match text.value(context) {
                Value::Null if self.params.extra_nullable => Cell::Null,
                value => Cell::Text(value.to_text()),
            };
            row.push((column.clone(), cell));
        }
        row
    }

    /// The values of `multi_leg_info`, a set for each leg, the newest first.
    pub(super) fn legs(&self, context: &Context) -> Vec<Vec<Value>> {
        let owner = context.home.as_deref().unwrap_or(context);
        let value = |avp, leg| owner.vars.avps.value(avp, leg).cloned();
        let mut legs = Vec::new();
        for leg in 0..MOST_LEGS {
            let values: Vec<_> = self
                .params
                .legs
                .iter()
                .map(|(_, avp)| value(avp, leg))
                .collect();
            if values.iter().all(Option::is_none) {
                break;
            }
            legs.push(values.into_iter().map(Option::unwrap_or_default).collect());
        }
        legs
    }
}

/// The most legs that are accounted: a script that adds AVPs without end costs no more than this.
const MOST_LEGS: i64 = 64;

pub(super) fn table_name(text: &Bytes) -> Option<Name> {
    Name::parse(std::str::from_utf8(text).ok()?).ok()
}
