//! The tables, read one after the other.

use super::table::Domains;
use bytes::Bytes;
use parking_lot::RwLock;
use policy::StartDone;
use script::Value;
use std::sync::Arc;
use store::{Cell, Name, Outcome, Rows, Select, Store, StoreError, name};

/// Where domains are read from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) store: Arc<dyn Store>,
    pub(super) columns: Columns,
}

/// Tables and columns by name.
#[derive(Clone)]
pub(super) struct Columns {
    pub(super) domains: Name,
    pub(super) attributes: Name,
    pub(super) did: Name,
    pub(super) domain: Name,
    pub(super) name: Name,
    pub(super) kind: Name,
    pub(super) value: Name,
}

impl Default for Columns {
    fn default() -> Columns {
        Columns {
            domains: name!("domain"),
            attributes: name!("domain_attrs"),
            did: name!("did"),
            domain: name!("domain"),
            name: name!("name"),
            kind: name!("type"),
            value: name!("value"),
        }
    }
}

type Read = Result<Outcome, StoreError>;

impl Source {
    /// Reads both tables and puts them in the place of the former ones, then calls `done`.
    pub(super) fn read(self, into: Arc<RwLock<Arc<Domains>>>, done: StartDone) {
        let (store, select) = (self.store.clone(), self.select_domains());
        let then = move |domains: Read| {
            let (store, select) = (self.store.clone(), self.select_attributes());
            let then = move |attributes: Read| done(self.keep(&into, domains, attributes));
            store.submit(select.into(), Box::new(then));
        };
        store.submit(select.into(), Box::new(then));
    }

    fn select_domains(&self) -> Select {
        let columns = self.columns.clone();
        Select::from(columns.domains).columns([columns.domain, columns.did])
    }

    fn select_attributes(&self) -> Select {
        let columns = self.columns.clone();
        Select::from(columns.attributes).columns([
            columns.did,
            columns.name,
            columns.kind,
            columns.value,
        ])
    }

    fn keep(
        &self,
        into: &RwLock<Arc<Domains>>,
        domains: Read,
        attributes: Read,
    ) -> Result<(), String> {
        let rows = |read: Read| {
            read.map(Outcome::into_rows)
                .map_err(|error| format!("domain: {error}"))
        };
        let read = self.made(&rows(domains)?, &rows(attributes)?)?;
        *into.write() = Arc::new(read);
        Ok(())
    }

    fn made(&self, domains: &Rows, attributes: &Rows) -> Result<Domains, String> {
        let columns = &self.columns;
        let mut made = Domains::default();
        for row in 0..domains.len() {
            let name = text(domains, row, &columns.domain);
            let name = name.ok_or_else(|| wrong(&columns.domains, row, "it has no domain"))?;
            made.add(name, text(domains, row, &columns.did));
        }
        for row in 0..attributes.len() {
            let bad = |why: &str| wrong(&columns.attributes, row, why);
            let did = text(attributes, row, &columns.did).ok_or_else(|| bad("it has no did"))?;
            let name = text(attributes, row, &columns.name).ok_or_else(|| bad("it has no name"))?;
            let value = text(attributes, row, &columns.value).unwrap_or_default();
            let kind = attributes.cell(row, &columns.kind).and_then(Cell::as_int);
            let value = match kind {
                Some(0) => script::parse_int(&value)
                    .map(Value::Int)
                    .ok_or_else(|| bad("its value is no number"))?,
                Some(2) => Value::Str(value),
                _ => return Err(bad("unknown type")),
            };
            made.add_attribute(did, name, value);
        }
        Ok(made)
    }
}

fn text(rows: &Rows, row: usize, column: &Name) -> Option<Bytes> {
    let cell = rows.cell(row, column)?;
    match cell {
        Cell::Int(number) => Some(number.to_string().into()),
        cell => cell.as_bytes().map(Bytes::copy_from_slice),
    }
}

fn wrong(table: &Name, row: usize, why: &str) -> String {
    format!("domain: table {table}, row {}: {why}", row + 1)
}
