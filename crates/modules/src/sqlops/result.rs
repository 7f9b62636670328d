//! Results of queries, each under the name that the script gave it.

use bytes::Bytes;
use script::Value;
use store::{Cell, Rows};

/// The results of one request, and how many rows its last query changed on each connection.
#[derive(Default)]
pub(super) struct Results {
    kept: Vec<(Bytes, Rows)>,
    affected: Vec<(Bytes, u64)>,
}

/// Names that one request may use; a further result is not kept.
const MOST: usize = 256;

impl Results {
    /// Keeps rows in the place of the former ones.
    pub(super) fn keep(&mut self, name: Bytes, rows: Rows) {
        self.free(&name);
        if self.kept.len() < MOST {
            self.kept.push((name, rows));
        }
    }

    /// Forgets the rows under a name.
    pub(super) fn free(&mut self, name: &[u8]) {
        self.kept.retain(|(other, _)| other.as_ref() != name);
    }

    /// The rows under a name.
    pub(super) fn rows(&self, name: &[u8]) -> Option<&Rows> {
        let found = self.kept.iter().find(|(other, _)| other.as_ref() == name);
        found.map(|(_, rows)| rows)
    }

    /// Notes how many rows a statement changed.
    pub(super) fn note(&mut self, connection: &Bytes, affected: u64) {
        self.affected.retain(|(other, _)| other != connection);
        self.affected.push((connection.clone(), affected));
    }

    /// How many rows the last statement changed; none before the first.
    pub(super) fn affected(&self, connection: &[u8]) -> Option<u64> {
        let mut noted = self.affected.iter();
        let found = noted.find(|(other, _)| other.as_ref() == connection);
        found.map(|(_, affected)| *affected)
    }
}

/// A cell as scripts see it; a time is in Unix seconds.
pub(super) fn value_of(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) | Cell::Time(number) => Value::Int(*number),
        Cell::Real(number) => Value::Str(number.to_string().into()),
        Cell::Text(text) | Cell::Blob(text) => Value::Str(text.clone()),
    }
}
