//! One table in memory: rows by `id`, and an ordered set for each key.

use std::collections::BTreeMap;

use super::column::{coerce, default};
use super::index::Index;
use crate::schema::{Column, Table as Schema};
use crate::{Cell, Filter, Name, Row, StoreError};

/// Rows and the indexes over them.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) schema: &'static Schema,
    pub(super) rows: BTreeMap<i64, Vec<Cell>>,
    pub(super) indexes: Vec<Index>,
    capacity: usize,
}

/// Where a column stands: the `id`, or a place among the others.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Id,
    At(usize, &'static Column),
}

impl Table {
    pub(super) fn new(schema: &'static Schema, capacity: usize) -> Self {
        let indexes = schema
            .indexes
            .iter()
            .map(|index| Index::new(index, schema))
            .collect();
        Self {
            schema,
            capacity,
            rows: BTreeMap::new(),
            indexes,
        }
    }

    pub(super) fn set_capacity(&mut self, rows: usize) {
        self.capacity = rows;
    }

    pub(super) fn insert(&mut self, row: Row) -> Result<u64, StoreError> {
        let (id, cells) = self.complete(row)?;
        if self.rivals(&cells, id).next().is_some() || self.rows.contains_key(&id) {
            return Err(self.constraint("a row with this unique key exists"));
        }
        self.put(id, cells)?;
        Ok(1)
    }

    pub(super) fn replace(&mut self, row: Row) -> Result<u64, StoreError> {
        let (id, cells) = self.complete(row)?;
        let rivals: Vec<i64> = self.rivals(&cells, id).collect();
        for rival in rivals {
            self.take(rival);
        }
        self.take(id);
        self.put(id, cells)?;
        Ok(1)
    }

    pub(super) fn insert_or_update(&mut self, row: Row, key: &[Name]) -> Result<u64, StoreError> {
        let of_key = row.iter().filter(|(column, _)| key.contains(column));
        let filter = of_key.fold(Filter::all(), |filter, (column, cell)| {
            filter.eq(column.clone(), cell.clone())
        });
        match self.update(row.clone(), &filter)? {
            0 => self.insert(row),
            updated => Ok(updated),
        }
    }

    /// All rows or none, like one SQL statement.
    pub(super) fn update(&mut self, set: Row, filter: &Filter) -> Result<u64, StoreError> {
        let mut changes = Vec::with_capacity(set.len());
        for (column, cell) in set {
            // `Limits::check` has refused a new id.
            if let Place::At(at, column) = self.place(&column)? {
                changes.push((at, column, coerce(column, cell)?));
            }
        }
        let found = self.find(filter)?;
        if found.is_empty() {
            return Ok(0);
        }
        for (_, column, cell) in &changes {
            self.needs_value(column, cell)?;
        }
        let before: Vec<_> = found
            .iter()
            .filter_map(|id| Some((*id, self.take(*id)?)))
            .collect();
        for (id, cells) in &before {
            let mut cells = cells.clone();
            for (at, _, cell) in &changes {
                if let Some(old) = cells.get_mut(*at) {
                    *old = cell.clone();
                }
            }
            let refused = self.rivals(&cells, *id).next().is_some();
            if refused || self.put(*id, cells).is_err() {
                self.restore(before);
                return Err(self.constraint("a row with this unique key exists"));
            }
        }
        Ok(found.len() as u64)
    }

    pub(super) fn delete(&mut self, filter: &Filter) -> Result<u64, StoreError> {
        let found = self.find(filter)?;
        for id in &found {
            self.take(*id);
        }
        Ok(found.len() as u64)
    }

    fn restore(&mut self, before: Vec<(i64, Vec<Cell>)>) {
        for (id, _) in &before {
            self.take(*id);
        }
        for (id, cells) in before {
            // These rows were here a moment ago, so there is room and no rival.
            let _ = self.put(id, cells);
        }
    }

    /// The ids of other rows that have one of these cells' unique keys.
    fn rivals(&self, cells: &[Cell], id: i64) -> impl Iterator<Item = i64> {
        let rivals = self.indexes.iter().flat_map(|index| index.rivals(cells));
        rivals.filter(move |rival| *rival != id)
    }

    fn put(&mut self, id: i64, cells: Vec<Cell>) -> Result<(), StoreError> {
        if self.rows.len() >= self.capacity {
            let size = self.rows.len() + 1;
            return Err(StoreError::TooLarge {
                what: "rows in the table",
                size,
                limit: self.capacity,
            });
        }
        for index in &mut self.indexes {
            index.insert(id, &cells);
        }
        self.rows.insert(id, cells);
        Ok(())
    }

    fn take(&mut self, id: i64) -> Option<Vec<Cell>> {
        let cells = self.rows.remove(&id)?;
        for index in &mut self.indexes {
            index.remove(id, &cells);
        }
        Some(cells)
    }

    /// A whole row from the columns given, and its id.
    fn complete(&self, row: Row) -> Result<(i64, Vec<Cell>), StoreError> {
        // As SQLite does it: the id of a last row that was removed is given again.
        let mut id = self
            .rows
            .last_key_value()
            .map_or(1, |(last, _)| last.saturating_add(1));
        let mut given: Vec<Option<Cell>> = vec![None; self.schema.columns.len()];
        for (name, cell) in row {
            match self.place(&name)? {
                Place::Id => id = cell.as_int().unwrap_or(id),
                Place::At(at, column) => {
                    let cell = self.checked(column, cell)?;
                    if let Some(slot) = given.get_mut(at) {
                        *slot = Some(cell);
                    }
                }
            }
        }
        let columns = self.schema.columns.iter().zip(given);
        let cells: Result<Vec<Cell>, StoreError> = columns
            .map(|(column, cell)| match cell {
                Some(cell) => Ok(cell),
                None => self.checked(column, default(column)),
            })
            .collect();
        Ok((id, cells?))
    }

    fn checked(&self, column: &'static Column, cell: Cell) -> Result<Cell, StoreError> {
        let cell = coerce(column, cell)?;
        self.needs_value(column, &cell)?;
        Ok(cell)
    }

    fn needs_value(&self, column: &Column, cell: &Cell) -> Result<(), StoreError> {
        match cell.is_null() && !column.nullable {
            true => Err(self.constraint(&format!("column {} needs a value", column.name))),
            false => Ok(()),
        }
    }

    pub(super) fn place(&self, name: &Name) -> Result<Place, StoreError> {
        if name.as_str() == "id" {
            return Ok(Place::Id);
        }
        let at = self
            .schema
            .columns
            .iter()
            .position(|column| column.name == *name);
        at.and_then(|at| Some(Place::At(at, self.schema.columns.get(at)?)))
            .ok_or_else(|| StoreError::NoColumn {
                store: super::KIND.to_owned(),
                column: format!("{}.{name}", self.schema.name),
            })
    }

    pub(super) fn cell(&self, id: i64, place: Place) -> Cell {
        match place {
            Place::Id => Cell::Int(id),
            Place::At(at, _) => self
                .rows
                .get(&id)
                .and_then(|cells| cells.get(at))
                .cloned()
                .unwrap_or_default(),
        }
    }

    fn constraint(&self, reason: &str) -> StoreError {
        StoreError::Constraint {
            store: super::KIND.to_owned(),
            reason: format!("{reason} (table {})", self.schema.name),
        }
    }
}
