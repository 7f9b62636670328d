//! Tables from the database and back.

use super::Load;
use super::held::Held;
use super::items::LOADED;
use super::table::Table;
use bytes::Bytes;
use policy::{Level, Problem, problem};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Cell, Filter, Name, Operation, Outcome, Row, Rows, Select, Store, StoreError, Write};

/// Where tables come from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) store: Arc<dyn Store>,
    pub(super) columns: Columns,
    /// The end of a key that holds the size of an array.
    pub(super) size_suffix: String,
    /// Ends of items are read and written too.
    pub(super) db_expires: bool,
}

/// The columns, where a table names none of its own.
#[derive(Clone)]
pub(super) struct Columns {
    key: Name,
    key_type: Name,
    value_type: Name,
    value: Name,
    expires: Name,
}

/// Rows in a batch: the store takes 10,000 at most.
const BATCH: usize = 5000;

/// Called at the end.
pub(super) type Done = Box<dyn FnOnce(Result<(), String>) + Send>;

impl Columns {
    pub(super) fn new(names: [&str; 5]) -> Result<Columns, Problem> {
        let name = |text: &str| Name::parse(text).map_err(|error| problem(error.to_string()));
        let [key, key_type, value_type, value, expires] = names;
        Ok(Columns {
            key: name(key)?,
            key_type: name(key_type)?,
            value_type: name(value_type)?,
            value: name(value)?,
            expires: name(expires)?,
        })
    }
}

impl Source {
    /// Reads tables one after the other.
    pub(super) fn load_each(self, mut tables: std::vec::IntoIter<Load>, done: Done) {
        let Some((table, loaded)) = tables.next() else {
            return done(Ok(()));
        };
        let Some(select) = self.select(&table) else {
            return self.load_each(tables, done);
        };
        let store = self.store.clone();
        let read = move |result: Result<Outcome, StoreError>| match result {
            Ok(outcome) => {
                self.fill(&table, &outcome.into_rows(), 0);
                loaded.store(true, Ordering::Release);
                self.load_each(tables, done);
            }
            Err(error) => {
                let name = &table.definition.name;
                done(Err(format!("cannot load table {name}: {error}")));
            }
        };
        store.submit(select, Box::new(read));
    }

    /// What reads a table; none where it is not from the database.
    pub(super) fn select(&self, table: &Table) -> Option<Operation> {
        let definition = &table.definition;
        let columns = &self.columns;
        let mut names = definition.cols.clone();
        if names.is_empty() {
            names = [
                &columns.key,
                &columns.key_type,
                &columns.value_type,
                &columns.value,
            ]
            .map(Name::clone)
            .to_vec();
            names.extend(self.db_expires.then(|| columns.expires.clone()));
        }
        let select = Select::from(definition.dbtable.clone()?).columns(names);
        Some(select.into())
    }

    /// Puts rows into a table. Where the time is not known, 0, items get theirs from the timer, and those that are there stay.
    pub(super) fn fill(&self, table: &Table, rows: &Rows, now_s: u64) {
        for (key, (value, until_s)) in self.items(table, rows, now_s) {
            match now_s {
                // Other servers have read the same, or tell what it has become.
                0 => table.take_over_new(&key, value, until_s),
                _ => table.set_until(&key, value, until_s, now_s),
            };
        }
    }

    /// The items of rows, with when they end; the last row of a key counts.
    fn items(&self, table: &Table, rows: &Rows, now_s: u64) -> BTreeMap<Bytes, (Held, u64)> {
        let fresh_s = match now_s {
            0 => LOADED,
            now_s => now_s.saturating_add(table.definition.autoexpire_s),
        };
        if !table.definition.cols.is_empty() {
            let packed = rows.rows.iter().map(|row| {
                let (key, value) = packed(row, &table.definition.colnull);
                (key, (value, fresh_s))
            });
            return packed.collect();
        }
        let mut items = BTreeMap::new();
        let mut arrays: BTreeMap<Bytes, i64> = BTreeMap::new();
        for index in 0..rows.len() {
            let Some((key, is_array, value)) = self.read(table, rows, index) else {
                continue;
            };
            let until_s = match self.number(rows, index, &self.columns.expires) {
                0 => fresh_s,
                until_s if until_s < now_s => continue,
                until_s => until_s,
            };
            if !is_array {
                items.insert(key, (value, until_s));
                continue;
            }
            let count = arrays.entry(key.clone()).or_default();
            items.insert(element(&key, *count).into(), (value, until_s));
            *count += 1;
        }
        for (key, count) in arrays {
            let key = [key.as_ref(), self.size_suffix.as_bytes()].concat();
            items.insert(key.into(), (Held::Int(count), fresh_s));
        }
        items
    }

    /// What writes a table in place of its rows, batch by batch; none where it cannot be written.
    pub(super) fn writes(&self, table: &Table, now_s: u64) -> Option<Vec<Operation>> {
        let definition = &table.definition;
        let name = definition.dbtable.clone()?;
        if definition.is_read_only {
            return None;
        }
        if !definition.cols.is_empty() {
            let table_name = &definition.name;
            table.logger.log(Level::Warn, "htable", || {
                format!("saving htable [{table_name}] with custom db columns is not available")
            });
            return None;
        }
        let delete = Write::Delete {
            table: name.clone(),
            filter: Filter::all(),
        };
        let items = table.slots(now_s).flat_map(|(_, items)| items);
        let inserts = items.map(|item| Write::Insert {
            table: name.clone(),
            row: self.row(&item),
        });
        let writes: Vec<Write> = std::iter::once(delete).chain(inserts).collect();
        let batches = writes.chunks(BATCH);
        Some(
            batches
                .map(|batch| Operation::Batch(batch.to_vec()))
                .collect(),
        )
    }

    /// Writes tables one after the other.
    pub(super) fn store_each(self, mut operations: std::vec::IntoIter<Operation>, done: Done) {
        let Some(operation) = operations.next() else {
            return done(Ok(()));
        };
        let store = self.store.clone();
        let written = move |result: Result<Outcome, StoreError>| match result {
            Ok(_) => self.store_each(operations, done),
            Err(error) => done(Err(format!("htables are not all written: {error}"))),
        };
        store.submit(operation, Box::new(written));
    }

    fn row(&self, item: &super::items::Listed) -> Row {
        let columns = &self.columns;
        let is_number = matches!(item.value, Held::Int(_));
        let mut row = vec![
            (columns.key.clone(), Cell::Text(item.key.clone())),
            (columns.key_type.clone(), Cell::Int(0)),
            (columns.value_type.clone(), Cell::Int(is_number.into())),
            (
                columns.value.clone(),
                Cell::Text(item.value.value().to_text()),
            ),
        ];
        if self.db_expires {
            let until_s = match item.until_s {
                // It gets its time when it is read again.
                LOADED => 0,
                until_s => until_s,
            };
            let until_s = i64::try_from(until_s).unwrap_or(i64::MAX);
            row.push((columns.expires.clone(), Cell::Int(until_s)));
        }
        row
    }

    /// Key, whether it is that of an array, and value.
    fn read(&self, table: &Table, rows: &Rows, index: usize) -> Option<(Bytes, bool, Held)> {
        let key = text(rows.cell(index, &self.columns.key)?).filter(|key| !key.is_empty());
        let Some(key) = key else {
            let name = &table.definition.name;
            table.logger.log(Level::Err, "htable", || {
                format!("row {} of htable [{name}] has no key", index + 1)
            });
            return None;
        };
        let value = rows.cell(index, &self.columns.value).and_then(text);
        let value = value.unwrap_or_default();
        let value = match self.number(rows, index, &self.columns.value_type) {
            0 => Held::Text(value.as_ref().into()),
            _ => Held::Int(script::parse_int(&value).unwrap_or(0)),
        };
        let is_array = self.number(rows, index, &self.columns.key_type) == 1;
        Some((key, is_array, value))
    }

    /// A number that is 0 where the column is not there.
    fn number(&self, rows: &Rows, index: usize, column: &Name) -> u64 {
        let number = rows.cell(index, column).and_then(Cell::as_int);
        number
            .and_then(|number| u64::try_from(number).ok())
            .unwrap_or(0)
    }
}

/// `key[3]`.
fn element(key: &[u8], index: i64) -> Vec<u8> {
    [key, format!("[{index}]").as_bytes()].concat()
}

/// Key and values of a row with columns of its own, the values in one text.
fn packed(row: &[Cell], null: &str) -> (Bytes, Held) {
    let shown = |cell: &Cell| text(cell).unwrap_or_else(|| Bytes::copy_from_slice(null.as_bytes()));
    let mut cells = row.iter().map(shown);
    let key = cells.next().unwrap_or_default();
    let values: Vec<Bytes> = cells.collect();
    (key, Held::Text(values.join(&b","[..]).into()))
}

fn text(cell: &Cell) -> Option<Bytes> {
    match cell {
        Cell::Null => None,
        Cell::Int(number) | Cell::Time(number) => Some(number.to_string().into()),
        Cell::Real(number) => Some(number.to_string().into()),
        Cell::Text(text) | Cell::Blob(text) => Some(text.clone()),
    }
}
