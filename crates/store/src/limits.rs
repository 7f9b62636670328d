//! How large an operation and its answer may be.

use crate::{Cell, Filter, Name, Operation, Row, Select, StoreError, Write};

/// Bounds on one operation. An operation over a bound is refused with
/// [`StoreError::TooLarge`] before it costs more than reading it. The defaults allow a `Batch` of about 64 MiB
/// in the worst case.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes in one value. SIP messages fit whole.
    pub cell_bytes: usize,
    /// Columns, conditions or sort keys in one operation, each.
    pub columns: usize,
    /// Changes in one batch.
    pub batch_writes: usize,
    /// Bytes of all values (and of the raw statement) in one operation.
    pub operation_bytes: usize,
    /// Bytes of all values in one answer: a query that finds more fails instead of being cut, since
    /// half a table read as a whole one loses registrations. Read large tables in pages.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cell_bytes: 1 << 20,
            columns: 256,
            batch_writes: 10_000,
            operation_bytes: 64 << 20,
            answer_bytes: 256 << 20,
        }
    }
}

impl Limits {
    /// Whether the operation is within the bounds and makes sense by itself. Engines call it first.
    pub fn check(&self, operation: &Operation) -> Result<(), StoreError> {
        let bytes = match operation {
            Operation::Select(select) => self.select(select)?,
            Operation::Write(write) => self.write(write)?,
            Operation::Batch(writes) => {
                within("changes in a batch", writes.len(), self.batch_writes)?;
                writes
                    .iter()
                    .try_fold(0, |sum, write| Ok(sum + self.write(write)?))?
            }
            Operation::Raw { sql, values } => {
                within("values", values.len(), self.columns)?;
                sql.len() + self.cells(values)?
            }
            Operation::TableVersion { .. } | Operation::CreateTables(_) => 0,
        };
        within("bytes in all values", bytes, self.operation_bytes)
    }

    fn select(&self, select: &Select) -> Result<usize, StoreError> {
        within("columns", select.columns.len(), self.columns)?;
        within("sort keys", select.order.len(), self.columns)?;
        self.filter(&select.filter)
    }

    fn write(&self, write: &Write) -> Result<usize, StoreError> {
        match write {
            Write::Insert { row, .. } | Write::Replace { row, .. } => self.row(row),
            Write::InsertOrUpdate { row, key, .. } => {
                key_in_row(key, row)?;
                self.row(row)
            }
            Write::Update { set, filter, .. } => {
                if set.is_empty() {
                    return Err(refused("an update sets no column"));
                }
                if set.iter().any(|(column, _)| column.as_str() == "id") {
                    return Err(refused("an update sets the id"));
                }
                Ok(self.row(set)? + self.filter(filter)?)
            }
            Write::Delete { filter, .. } => self.filter(filter),
        }
    }

    fn row(&self, row: &Row) -> Result<usize, StoreError> {
        within("columns", row.len(), self.columns)?;
        for (at, (column, _)) in row.iter().enumerate() {
            if row.iter().take(at).any(|(earlier, _)| earlier == column) {
                return Err(refused(&format!("column {column} is given twice")));
            }
        }
        self.cells(row.iter().map(|(_, cell)| cell))
    }

    fn filter(&self, filter: &Filter) -> Result<usize, StoreError> {
        within("conditions", filter.0.len(), self.columns)?;
        self.cells(filter.0.iter().map(|condition| &condition.value))
    }

    fn cells<'a>(&self, cells: impl IntoIterator<Item = &'a Cell>) -> Result<usize, StoreError> {
        cells.into_iter().try_fold(0, |sum, cell| {
            within("bytes in a value", cell.size(), self.cell_bytes)?;
            Ok(sum + cell.size())
        })
    }
}

fn key_in_row(key: &[Name], row: &Row) -> Result<(), StoreError> {
    if key.is_empty() {
        return Err(refused("an insert-or-update names no key"));
    }
    match key
        .iter()
        .find(|name| !row.iter().any(|(column, _)| column == *name))
    {
        Some(missing) => Err(refused(&format!(
            "key column {missing} has no value in the row"
        ))),
        None => Ok(()),
    }
}

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), StoreError> {
    if size > limit {
        Err(StoreError::TooLarge { what, size, limit })
    } else {
        Ok(())
    }
}

fn refused(reason: &str) -> StoreError {
    StoreError::Refused {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name;

    fn insert(cells: usize, bytes: usize) -> Write {
        let name = |at| Name::parse(&format!("c{at}")).expect("a name");
        let row = (0..cells)
            .map(|at| (name(at), Cell::text(vec![b'x'; bytes])))
            .collect();
        Write::Insert {
            table: name!("t"),
            row,
        }
    }

    #[test]
    fn each_bound_is_kept() {
        let limits = Limits {
            cell_bytes: 10,
            columns: 3,
            batch_writes: 2,
            operation_bytes: 50,
            answer_bytes: 0,
        };
        let check = |operation: Operation| match limits.check(&operation) {
            Err(StoreError::TooLarge { what, .. }) => what,
            Ok(()) => "fine",
            Err(_) => "another error",
        };
        assert_eq!(check(insert(3, 10).into()), "fine");
        assert_eq!(check(insert(1, 11).into()), "bytes in a value");
        assert_eq!(check(insert(4, 1).into()), "columns");
        assert_eq!(
            check(Operation::Batch(vec![insert(1, 1); 3])),
            "changes in a batch"
        );
        assert_eq!(
            check(Operation::Batch(vec![insert(3, 10); 2])),
            "bytes in all values"
        );
        assert_eq!(check(Operation::raw(vec![b' '; 51])), "bytes in all values");
        let filter = (0..4).fold(Filter::all(), |filter, _| filter.eq(name!("a"), 1));
        assert_eq!(
            check(Select::from(name!("t")).filter(filter).into()),
            "conditions"
        );
    }

    #[test]
    fn senseless_changes_are_refused() {
        let table = name!("t");
        let row = vec![(name!("a"), Cell::Int(1)), (name!("a"), Cell::Int(2))];
        let upsert = |key| Write::InsertOrUpdate {
            table: name!("t"),
            row: vec![(name!("a"), Cell::Null)],
            key,
        };
        let senseless = [
            Write::Insert {
                table: table.clone(),
                row,
            },
            Write::Update {
                table: table.clone(),
                set: vec![(name!("id"), Cell::Int(1))],
                filter: Filter::all(),
            },
            Write::Update {
                table,
                set: vec![],
                filter: Filter::all(),
            },
            upsert(vec![]),
            upsert(vec![name!("b")]),
        ];
        for write in senseless {
            let refused = Limits::default().check(&write.clone().into());
            assert!(
                matches!(refused, Err(StoreError::Refused { .. })),
                "{write:?}"
            );
        }
        assert!(
            Limits::default()
                .check(&upsert(vec![name!("a")]).into())
                .is_ok()
        );
    }
}
