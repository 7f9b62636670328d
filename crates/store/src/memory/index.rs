//! Keys over a table in memory.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::column::order;
use crate::Cell;
use crate::schema::{Index as Schema, Table};

/// An ordered set of (values of the index's columns, id), one entry for each row.
#[derive(Clone)]
pub(super) struct Index {
    /// Where its columns stand among those of the table.
    pub(super) places: Vec<usize>,
    unique: bool,
    entries: BTreeSet<(Key, i64)>,
}

impl Index {
    pub(super) fn new(schema: &Schema, table: &Table) -> Self {
        let place = |wanted: &&str| {
            table
                .columns
                .iter()
                .position(|column| column.name.as_str() == *wanted)
        };
        let places = schema.columns.iter().filter_map(place).collect();
        Self {
            places,
            unique: schema.unique,
            entries: BTreeSet::new(),
        }
    }

    pub(super) fn insert(&mut self, id: i64, cells: &[Cell]) {
        self.entries.insert((self.key(cells), id));
    }

    pub(super) fn remove(&mut self, id: i64, cells: &[Cell]) {
        self.entries.remove(&(self.key(cells), id));
    }

    /// The rows with these values in the index's columns.
    pub(super) fn find(&self, values: Vec<Cell>) -> Vec<i64> {
        let key = Key(values);
        self.entries
            .range((key.clone(), i64::MIN)..=(key, i64::MAX))
            .map(|(_, id)| *id)
            .collect()
    }

    /// The rows that a row with these cells cannot stand beside.
    pub(super) fn rivals(&self, cells: &[Cell]) -> Vec<i64> {
        let key = self.key(cells);
        // Rows without a value in a column of the key never agree in it.
        match self.unique && !key.0.iter().any(Cell::is_null) {
            true => self.find(key.0),
            false => Vec::new(),
        }
    }

    fn key(&self, cells: &[Cell]) -> Key {
        Key(self
            .places
            .iter()
            .map(|at| cells.get(*at).cloned().unwrap_or_default())
            .collect())
    }
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
