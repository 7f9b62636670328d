//! Regular expressions with group numbers, from table `re_grp`.

use parking_lot::RwLock;
use policy::StartDone;
use script::Regex;
use std::sync::Arc;
use store::{Cell, Name, Rows, Select, Store};

/// Expressions and the groups they stand for.
#[derive(Default)]
pub(super) struct Expressions(Vec<(Regex, i64)>);

impl Expressions {
    /// The groups whose expressions match, the last row first; the first of them unless `all`.
    pub(super) fn groups_of(&self, uri: &[u8], all: bool) -> Vec<i64> {
        let newest_first = self.0.iter().rev();
        newest_first
            .filter(|(expression, _)| expression.matches(uri) == Ok(true))
            .map(|(_, group)| *group)
            .take(if all { usize::MAX } else { 1 })
            .collect()
    }
}

/// Where the expressions are read from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) store: Arc<dyn Store>,
    pub(super) table: Name,
    pub(super) expression: Name,
    pub(super) group: Name,
}

impl Source {
    /// Reads the table; a row that cannot be used is an error, since whoever it was meant to keep
    /// out would be let in.
    pub(super) fn read(self, into: Arc<RwLock<Arc<Expressions>>>, done: StartDone) {
        let Source {
            store,
            table,
            expression,
            group,
        } = self;
        let select = Select::from(table.clone()).columns([expression, group]);
        let take = move |outcome: Result<store::Outcome, store::StoreError>| {
            let read = outcome
                .map_err(|error| error.to_string())
                .and_then(|outcome| compiled(&outcome.into_rows()));
            done(match read {
                Ok(expressions) => {
                    *into.write() = Arc::new(expressions);
                    Ok(())
                }
                Err(why) => Err(format!("group: failed to load table {table}: {why}")),
            });
        };
        store.submit(select.into(), Box::new(take));
    }
}

fn compiled(rows: &Rows) -> Result<Expressions, String> {
    let row = |cells: &Vec<Cell>| {
        let source = cells.first().and_then(Cell::as_bytes);
        let source = source.ok_or("a row has no expression")?;
        let group = cells.get(1).and_then(Cell::as_int);
        let group = group.ok_or("a row has no group")?;
        let expression = Regex::compile(source)
            .map_err(|error| format!("bad re {}: {error}", String::from_utf8_lossy(source)))?;
        Ok((expression, group))
    };
    rows.rows
        .iter()
        .map(row)
        .collect::<Result<_, String>>()
        .map(Expressions)
}
