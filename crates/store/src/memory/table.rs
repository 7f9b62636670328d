//! One table in memory: rows by `id`, and an ordered set for each key.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::column::{coerce, default, holds, order};
use crate::schema::{Column, Index as IndexSchema, Table as Schema};
use crate::{Cell, Condition, Direction, Filter, Name, Op, Row, Rows, Select, StoreError};

/// Rows, and one ordered set of (values, id) for each index of the schema.
#[derive(Clone)]
pub(super) struct Table {
    schema: &'static Schema,
    capacity: usize,
    last_id: i64,
    rows: BTreeMap<i64, Vec<Cell>>,
    indexes: Vec<BTreeSet<(Key, i64)>>,
}

/// Where a column stands: the `id`, or a place among the others.
#[derive(Clone, Copy)]
enum Place {
    Id,
    At(usize, &'static Column),
}

impl Table {
    pub(super) fn new(schema: &'static Schema, capacity: usize) -> Self {
        let indexes = schema.indexes.iter().map(|_| BTreeSet::new()).collect();
        Self {
            schema,
            capacity,
            last_id: 0,
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
            match self.place(&column)? {
                Place::Id => {
                    return Err(StoreError::Refused {
                        reason: "an update sets the id".to_owned(),
                    });
                }
                Place::At(at, column) => changes.push((at, self.checked(column, cell)?)),
            }
        }
        let found = self.find(filter)?;
        let before: Vec<_> = found
            .iter()
            .filter_map(|id| Some((*id, self.take(*id)?)))
            .collect();
        for (id, cells) in &before {
            let mut cells = cells.clone();
            for (at, cell) in &changes {
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

    pub(super) fn select(&self, select: &Select, answer_bytes: usize) -> Result<Rows, StoreError> {
        let mut found = self.find(&select.filter)?;
        self.sort(&mut found, &select.order)?;
        found.truncate(select.limit.map_or(usize::MAX, |limit| limit as usize));
        let mut places = Vec::new();
        for name in &select.columns {
            places.push((name.to_string(), self.place(name)?));
        }
        if select.columns.is_empty() {
            places.push(("id".to_owned(), Place::Id));
            let columns = self.schema.columns.iter().enumerate();
            places.extend(
                columns.map(|(at, column)| (column.name.to_string(), Place::At(at, column))),
            );
        }
        let mut size = 0;
        let mut rows = Vec::with_capacity(found.len());
        for id in found {
            let row: Vec<Cell> = places
                .iter()
                .map(|(_, place)| self.cell(id, *place))
                .collect();
            size += row.iter().map(Cell::size).sum::<usize>();
            if size > answer_bytes {
                return Err(StoreError::TooLarge {
                    what: "bytes in the answer",
                    size,
                    limit: answer_bytes,
                });
            }
            rows.push(row);
        }
        Ok(Rows {
            columns: places.into_iter().map(|(name, _)| name).collect(),
            rows,
        })
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

    fn sort(&self, ids: &mut [i64], keys: &[(Name, Direction)]) -> Result<(), StoreError> {
        let mut places = Vec::new();
        for (name, direction) in keys {
            places.push((self.place(name)?, *direction));
        }
        if places.is_empty() {
            return Ok(());
        }
        ids.sort_by(|one, other| {
            places
                .iter()
                .fold(Ordering::Equal, |so_far, (place, direction)| {
                    so_far.then_with(|| match direction {
                        Direction::Ascending => {
                            order(&self.cell(*one, *place), &self.cell(*other, *place))
                        }
                        Direction::Descending => {
                            order(&self.cell(*other, *place), &self.cell(*one, *place))
                        }
                    })
                })
        });
        Ok(())
    }

    /// The rows that satisfy all conditions, by an index where one fits.
    fn find(&self, filter: &Filter) -> Result<Vec<i64>, StoreError> {
        let mut conditions = Vec::new();
        for Condition { column, op, value } in &filter.0 {
            let place = self.place(column)?;
            let value = match place {
                Place::At(_, column) => coerce(column, value.clone())?,
                Place::Id => value.clone(),
            };
            conditions.push((place, *op, value));
        }
        let holds_all = |id: &i64| {
            conditions
                .iter()
                .all(|(place, op, value)| holds(&self.cell(*id, *place), *op, value))
        };
        Ok(match self.candidates(&conditions) {
            Some(ids) => ids.into_iter().filter(holds_all).collect(),
            None => self.rows.keys().copied().filter(holds_all).collect(),
        })
    }

    fn candidates(&self, conditions: &[(Place, Op, Cell)]) -> Option<Vec<i64>> {
        let pinned = |wanted: Option<&str>| {
            conditions
                .iter()
                .filter(|(_, op, _)| *op == Op::Eq)
                .find_map(|(place, _, value)| match place {
                    Place::Id => wanted.is_none().then(|| value.clone()),
                    Place::At(_, column) => {
                        (wanted == Some(column.name.as_str())).then(|| value.clone())
                    }
                })
        };
        if let Some(Cell::Int(id)) = pinned(None) {
            return Some(
                self.rows
                    .contains_key(&id)
                    .then_some(id)
                    .into_iter()
                    .collect(),
            );
        }
        self.schema
            .indexes
            .iter()
            .zip(&self.indexes)
            .find_map(|(index, set)| {
                let key: Option<Vec<Cell>> = index
                    .columns
                    .iter()
                    .map(|column| pinned(Some(column)))
                    .collect();
                Some(entries(set, Key(key?)))
            })
    }

    /// The ids of other rows that have one of these cells' unique keys.
    fn rivals<'a>(&'a self, cells: &'a [Cell], id: i64) -> impl Iterator<Item = i64> + 'a {
        let unique = self
            .schema
            .indexes
            .iter()
            .zip(&self.indexes)
            .filter(|(index, _)| index.unique);
        unique
            .filter_map(|(index, set)| {
                let key = self.key(index, cells);
                // Rows without a value in a key's column never agree in it.
                let comparable = !key.0.iter().any(Cell::is_null);
                comparable.then(|| entries(set, key))
            })
            .flatten()
            .filter(move |rival| *rival != id)
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
        let keys: Vec<Key> = self
            .schema
            .indexes
            .iter()
            .map(|index| self.key(index, &cells))
            .collect();
        for (set, key) in self.indexes.iter_mut().zip(keys) {
            set.insert((key, id));
        }
        self.last_id = self.last_id.max(id);
        self.rows.insert(id, cells);
        Ok(())
    }

    fn take(&mut self, id: i64) -> Option<Vec<Cell>> {
        let cells = self.rows.remove(&id)?;
        let keys: Vec<Key> = self
            .schema
            .indexes
            .iter()
            .map(|index| self.key(index, &cells))
            .collect();
        for (set, key) in self.indexes.iter_mut().zip(keys) {
            set.remove(&(key, id));
        }
        Some(cells)
    }

    /// A whole row from the columns given, and its id.
    fn complete(&self, row: Row) -> Result<(i64, Vec<Cell>), StoreError> {
        let mut id = self.last_id.saturating_add(1);
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
        if cell.is_null() && !column.nullable {
            return Err(self.constraint(&format!("column {} needs a value", column.name)));
        }
        Ok(cell)
    }

    fn place(&self, name: &Name) -> Result<Place, StoreError> {
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

    fn cell(&self, id: i64, place: Place) -> Cell {
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

    fn key(&self, index: &IndexSchema, cells: &[Cell]) -> Key {
        let at = |wanted: &str| {
            self.schema
                .columns
                .iter()
                .position(|column| column.name.as_str() == wanted)
        };
        let cell = |wanted: &&str| {
            at(wanted)
                .and_then(|at| cells.get(at))
                .cloned()
                .unwrap_or_default()
        };
        Key(index.columns.iter().map(cell).collect())
    }

    fn constraint(&self, reason: &str) -> StoreError {
        StoreError::Constraint {
            store: super::KIND.to_owned(),
            reason: format!("{reason} (table {})", self.schema.name),
        }
    }
}

fn entries(set: &BTreeSet<(Key, i64)>, key: Key) -> Vec<i64> {
    set.range((key.clone(), i64::MIN)..=(key, i64::MAX))
        .map(|(_, id)| *id)
        .collect()
}

/// The values of an index's columns, in the order of [`order`].
#[derive(Clone)]
struct Key(Vec<Cell>);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let cells = self.0.iter().zip(&other.0);
        cells.fold(Ordering::Equal, |so_far, (one, other)| {
            so_far.then_with(|| order(one, other))
        })
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}
