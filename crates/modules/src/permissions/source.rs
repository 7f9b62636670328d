//! Where the table of addresses is read from: rows of a database, or a file.

use super::table::{Entry, Table};
use super::{bad_column, file};
use bytes::Bytes;
use parking_lot::RwLock;
use policy::{Init, Level, Logger, Problem, StartDone, Surroundings};
use std::sync::Arc;
use store::{Cell, Name, Rows, Select, Store};

/// Where the table is read from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) max_subnets: usize,
    pub(super) logger: Logger,
}

/// The kinds of sources.
#[derive(Clone)]
pub(super) enum Origin {
    Rows {
        store: Arc<dyn Store>,
        columns: Checked,
        url: String,
    },
    File {
        path: String,
        surroundings: Surroundings,
    },
}

/// Table and columns by name.
pub(super) struct Columns {
    pub(super) table: String,
    pub(super) group: String,
    pub(super) address: String,
    pub(super) mask: String,
    pub(super) port: String,
    pub(super) tag: String,
}

/// The same as names of a database.
#[derive(Clone)]
pub(super) struct Checked {
    pub(super) table: Name,
    group: Name,
    address: Name,
    mask: Name,
    port: Name,
    tag: Name,
}

impl Default for Columns {
    fn default() -> Columns {
        Columns {
            table: "address".to_owned(),
            group: "grp".to_owned(),
            address: "ip_addr".to_owned(),
            mask: "mask".to_owned(),
            port: "port".to_owned(),
            tag: "tag".to_owned(),
        }
    }
}

impl Columns {
    pub(super) fn checked(&self) -> Result<Checked, Problem> {
        let name = |text: &String| Name::parse(text).map_err(|_| bad_column(text));
        Ok(Checked {
            table: name(&self.table)?,
            group: name(&self.group)?,
            address: name(&self.address)?,
            mask: name(&self.mask)?,
            port: name(&self.port)?,
            tag: name(&self.tag)?,
        })
    }
}

impl Source {
    /// Reads everything as soon as that can be done.
    pub(super) fn read_at_start(&self, table: Arc<RwLock<Arc<Table>>>, init: &mut Init<'_>) {
        let source = self.clone();
        match &self.origin {
            Origin::Rows { url, .. } => {
                init.on_database(url, move |done| source.read(table.clone(), done));
            }
            Origin::File { .. } => init.on_start(move |done| source.read(table, done)),
        }
    }

    /// Reads everything and puts it in the place of what was there, then calls `done`.
    pub(super) fn read(&self, table: Arc<RwLock<Arc<Table>>>, done: StartDone) {
        match &self.origin {
            Origin::Rows { store, columns, .. } => {
                self.read_rows(store, columns.clone(), table, done)
            }
            Origin::File { path, surroundings } => {
                done(self.read_file(path, surroundings, &table));
            }
        }
    }

    fn read_file(
        &self,
        path: &str,
        surroundings: &Surroundings,
        table: &RwLock<Arc<Table>>,
    ) -> Result<(), String> {
        let text = surroundings.file(path);
        let text = text.map_err(|why| format!("permissions: {why}"))?;
        let (read, wrong) = file::parse(&String::from_utf8_lossy(&text), self.max_subnets);
        for why in wrong {
            self.logger
                .log(Level::Err, "permissions", || format!("{path}, {why}"));
        }
        *table.write() = Arc::new(read);
        Ok(())
    }

    fn read_rows(
        &self,
        store: &Arc<dyn Store>,
        columns: Checked,
        table: Arc<RwLock<Arc<Table>>>,
        done: StartDone,
    ) {
        let select = Select::from(columns.table.clone()).columns([
            columns.group.clone(),
            columns.address.clone(),
            columns.mask.clone(),
            columns.port.clone(),
            columns.tag.clone(),
        ]);
        let (logger, max_subnets) = (self.logger.clone(), self.max_subnets);
        let take = move |outcome: Result<store::Outcome, store::StoreError>| match outcome {
            Ok(outcome) => {
                let rows = outcome.into_rows();
                *table.write() = Arc::new(made(&rows, &columns, max_subnets, &logger));
                done(Ok(()));
            }
            Err(error) => done(Err(format!("permissions: {error}"))),
        };
        store.submit(select.into(), Box::new(take));
    }
}

fn made(rows: &Rows, columns: &Checked, max_subnets: usize, logger: &Logger) -> Table {
    let mut table = Table::default();
    for row in 0..rows.len() {
        if let Err(why) = add(&mut table, rows, row, columns, max_subnets) {
            logger.log(Level::Err, "permissions", || {
                format!("row {}: {why}", row + 1)
            });
        }
    }
    table
}

fn add(
    table: &mut Table,
    rows: &Rows,
    row: usize,
    columns: &Checked,
    max_subnets: usize,
) -> Result<(), &'static str> {
    let number = |column, otherwise| match rows.cell(row, column) {
        None | Some(Cell::Null) => Some(otherwise),
        Some(cell) => cell.as_int(),
    };
    let address = rows.cell(row, &columns.address).and_then(Cell::as_bytes);
    let address = address.ok_or("it has no address")?;
    let tag = rows.cell(row, &columns.tag).and_then(Cell::as_bytes);
    let port = number(&columns.port, 0).and_then(|port| u16::try_from(port).ok());
    let entry = Entry {
        group: number(&columns.group, 1).ok_or("its group is no number")?,
        port: port.ok_or("its port is none")?,
        tag: tag.map(Bytes::copy_from_slice),
    };
    match policy::address_of(address) {
        _ if entry.group < 1 => Err(file::NO_GROUP),
        Some(ip) => {
            let mask = number(&columns.mask, 0).ok_or("its mask is no number")?;
            file::add(table, ip, mask, entry, max_subnets)
        }
        None => {
            table.add_domain(address, entry);
            Ok(())
        }
    }
}
