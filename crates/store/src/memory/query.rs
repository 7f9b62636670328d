//! Which rows of a table in memory a filter takes, and what a query returns.

use std::cmp::Ordering;

use super::column::{coerce, holds, order};
use super::table::{Place, Table};
use crate::{Cell, Condition, Direction, Filter, Name, Op, Rows, Select, StoreError};

impl Table {
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

    /// The rows that satisfy all conditions, by an index where one fits.
    pub(super) fn find(&self, filter: &Filter) -> Result<Vec<i64>, StoreError> {
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
        let equal = conditions.iter().filter(|(_, op, _)| *op == Op::Eq);
        let pinned = |wanted: usize| {
            equal.clone().find_map(|(place, _, value)| match place {
                Place::At(at, _) => (*at == wanted).then(|| value.clone()),
                Place::Id => None,
            })
        };
        let by_id = equal
            .clone()
            .find_map(|(place, _, value)| match (place, value) {
                (Place::Id, Cell::Int(id)) => Some(*id),
                _ => None,
            });
        if let Some(id) = by_id {
            return Some(
                self.rows
                    .contains_key(&id)
                    .then_some(id)
                    .into_iter()
                    .collect(),
            );
        }
        self.indexes.iter().find_map(|index| {
            let values: Option<Vec<Cell>> = index.places.iter().map(|at| pinned(*at)).collect();
            Some(index.find(values?))
        })
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
}
