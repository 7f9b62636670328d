//! Rows of the database as a table.

use super::table::{Entry, Subnet, Table};
use super::{bad_column, is_single};
use bytes::Bytes;
use parking_lot::RwLock;
use policy::{Level, Logger, Problem, StartDone};
use std::sync::Arc;
use store::{Cell, Name, Rows, Select, Store};

/// Where the table is read from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) store: Arc<dyn Store>,
    pub(super) columns: Checked,
    pub(super) max_subnets: usize,
    pub(super) logger: Logger,
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
    table: Name,
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
    /// Reads all rows and puts them in the place of the former ones, then calls `done`.
    pub(super) fn read(&self, table: Arc<RwLock<Arc<Table>>>, done: StartDone) {
        let columns = self.columns.clone();
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
        self.store.submit(select.into(), Box::new(take));
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
    let Some(ip) = policy::address_of(address) else {
        table
            .domains
            .entry(address.to_vec())
            .or_default()
            .push(entry);
        return Ok(());
    };
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let mask = number(&columns.mask, most.into()).and_then(|mask| u8::try_from(mask).ok());
    let mask = mask
        .filter(|mask| *mask <= most)
        .ok_or("its mask is none")?;
    if is_single(ip, mask) {
        table.addresses.entry(ip).or_default().push(entry);
    } else if table.subnets.len() < max_subnets {
        table.subnets.push(Subnet {
            address: ip,
            mask,
            entry,
        });
    } else {
        return Err("there are more networks than max_subnets");
    }
    Ok(())
}
