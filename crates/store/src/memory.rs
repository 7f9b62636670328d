//! The engine in memory.

mod column;
mod index;
mod query;
mod table;

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::schema::{self, Table as Schema};
use crate::{Cell, Done, Limits, Name, Operation, Outcome, Select, Store, StoreError, Write, name};
use table::Table;

/// A database in memory: the same answers as an SQL database, nothing kept after the end. It calls
/// back before `submit` returns.
///
/// A query over columns of an index, all compared by `Eq`, costs the rows it finds; any other costs
/// the table. A batch that fails is undone by a copy of the tables it changes, so it costs those.
pub struct Memory {
    limits: Limits,
    rows_per_table: usize,
    tables: Mutex<BTreeMap<Name, Table>>,
}

impl Memory {
    /// The most rows in a table unless told otherwise: about a million registrations. A full table
    /// refuses new rows with [`StoreError::TooLarge`].
    pub const ROWS_PER_TABLE: usize = 1_000_000;

    /// An empty database.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            rows_per_table: Self::ROWS_PER_TABLE,
            tables: Mutex::default(),
        }
    }

    /// A database with all of [`schema::STANDARD`].
    pub fn standard() -> Self {
        let memory = Self::new(Limits::default());
        create(
            &mut memory.tables.lock(),
            schema::STANDARD,
            memory.rows_per_table,
        );
        memory
    }

    /// The same database with another bound on the rows of a table.
    pub fn with_rows_per_table(mut self, rows: usize) -> Self {
        self.rows_per_table = rows;
        for table in self.tables.get_mut().values_mut() {
            table.set_capacity(rows);
        }
        self
    }

    fn run(&self, operation: Operation) -> Result<Outcome, StoreError> {
        self.limits.check(&operation)?;
        let tables = &mut *self.tables.lock();
        match operation {
            Operation::Select(select) => self.select(tables, &select),
            Operation::Write(write) => write_one(tables, write).map(done),
            Operation::Batch(writes) => batch(tables, writes).map(done),
            Operation::TableVersion { table } => version(tables, table),
            Operation::CreateTables(wanted) => {
                Ok(done(create(tables, &wanted, self.rows_per_table)))
            }
            Operation::Raw { .. } => Err(StoreError::Unsupported {
                store: KIND.to_owned(),
                what: "it knows no SQL",
            }),
        }
    }

    fn select(
        &self,
        tables: &mut BTreeMap<Name, Table>,
        select: &Select,
    ) -> Result<Outcome, StoreError> {
        table_mut(tables, &select.table)?
            .select(select, self.limits.answer_bytes)
            .map(Outcome::Rows)
    }
}

impl Store for Memory {
    fn submit(&self, operation: Operation, done: Done) {
        done(self.run(operation));
    }

    /// There is no SQL to quote for; the text in SQL's standard quotes.
    fn quote(&self, text: &[u8]) -> String {
        format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''"))
    }

    fn kind(&self) -> &'static str {
        KIND
    }
}

/// What errors call this engine.
const KIND: &str = "memory";

fn done(affected: u64) -> Outcome {
    Outcome::Done { affected }
}

fn table_mut<'a>(
    tables: &'a mut BTreeMap<Name, Table>,
    name: &Name,
) -> Result<&'a mut Table, StoreError> {
    tables.get_mut(name).ok_or_else(|| StoreError::NoTable {
        store: KIND.to_owned(),
        table: name.to_string(),
    })
}

fn write_one(tables: &mut BTreeMap<Name, Table>, write: Write) -> Result<u64, StoreError> {
    let table = table_mut(tables, write.table())?;
    match write {
        Write::Insert { row, .. } => table.insert(row),
        Write::Replace { row, .. } => table.replace(row),
        Write::InsertOrUpdate { row, key, .. } => table.insert_or_update(row, &key),
        Write::Update { set, filter, .. } => table.update(set, &filter),
        Write::Delete { filter, .. } => table.delete(&filter),
    }
}

fn batch(tables: &mut BTreeMap<Name, Table>, writes: Vec<Write>) -> Result<u64, StoreError> {
    let mut before = BTreeMap::new();
    for write in &writes {
        let name = write.table();
        if !before.contains_key(name) {
            before.insert(name.clone(), table_mut(tables, name)?.clone());
        }
    }
    let outcome = writes
        .into_iter()
        .try_fold(0, |sum, write| Ok(sum + write_one(tables, write)?));
    if outcome.is_err() {
        tables.append(&mut before);
    }
    outcome
}

fn version(tables: &mut BTreeMap<Name, Table>, table: Name) -> Result<Outcome, StoreError> {
    let filter = crate::Filter::all().eq(name!("table_name"), table.as_str());
    let select = Select::from(name!("version"))
        .columns([name!("table_version")])
        .filter(filter);
    let rows = table_mut(tables, &select.table)?.select(&select, usize::MAX)?;
    Ok(Outcome::Version(
        rows.rows
            .first()
            .and_then(|row| row.first())
            .and_then(Cell::as_int),
    ))
}

fn create(tables: &mut BTreeMap<Name, Table>, wanted: &[&'static Schema], capacity: usize) -> u64 {
    let mut made = 0;
    for schema in std::iter::once(&&schema::VERSION).chain(wanted) {
        if tables.contains_key(&schema.name) {
            continue;
        }
        tables.insert(schema.name.clone(), Table::new(schema, capacity));
        made += 1;
        let row = vec![
            (name!("table_name"), schema.name.as_str().into()),
            (name!("table_version"), schema.version.into()),
        ];
        if let Some(versions) = tables.get_mut(&schema::VERSION.name) {
            // The row is missing exactly if the table was; one that exists is as good.
            let _ = versions.insert(row);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract, wait};

    #[test]
    fn memory_keeps_the_contract() {
        contract::run(&|| Box::new(Memory::new(Limits::default())));
    }

    #[test]
    fn a_full_table_refuses_and_a_large_answer_too() {
        let memory = Memory::standard().with_rows_per_table(2);
        let insert = |domain: &str| {
            let row = vec![(name!("domain"), domain.into())];
            wait(
                &memory,
                Write::Insert {
                    table: name!("domain"),
                    row,
                }
                .into(),
            )
        };
        assert!(insert("a").is_ok() && insert("b").is_ok());
        assert!(matches!(
            insert("c"),
            Err(StoreError::TooLarge {
                what: "rows in the table",
                ..
            })
        ));
        let small = Memory::new(Limits {
            answer_bytes: 10,
            ..Limits::default()
        });
        wait(&small, Operation::CreateTables(vec![])).expect("a table");
        let all = wait(&small, Select::from(name!("version")).into());
        assert!(matches!(
            all,
            Err(StoreError::TooLarge {
                what: "bytes in the answer",
                ..
            })
        ));
    }
}
