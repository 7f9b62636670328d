//! Reading tables at start, page by page.

use super::keeper::Keeper;
use super::table::Table;
use bytes::Bytes;
use policy::{Binding, Change, Changes, Level};
use smallvec::smallvec;
use std::sync::Arc;
use store::{Direction, Filter, Op, Outcome, Select, Store, StoreError, name};

/// How tables are read.
#[derive(Clone, Copy)]
pub(super) struct Loading {
    /// Rows a page.
    pub(super) rows: u32,
    /// Delete contacts over TCP, TLS and WebSocket instead.
    pub(super) cleans_tcp: bool,
}

/// Calls back once all is read.
pub(super) type Done = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Reads `tables` one after the other.
pub(super) fn load(
    keeper: Arc<Keeper>,
    how: Loading,
    mut tables: std::vec::IntoIter<Arc<Table>>,
    done: Done,
) {
    let (Some(table), Some(store)) = (tables.next(), keeper.settings.store.clone()) else {
        return done(Ok(()));
    };
    let next = {
        let keeper = keeper.clone();
        Box::new(move |result: Result<(), String>| match result {
            Ok(()) => load(keeper, how, tables, done),
            Err(error) => done(Err(error)),
        })
    };
    let page = Page {
        keeper,
        how,
        table,
        store,
        last_id: None,
        contacts: 0,
    };
    page.read(next);
}

struct Page {
    keeper: Arc<Keeper>,
    how: Loading,
    table: Arc<Table>,
    store: Arc<dyn Store>,
    last_id: Option<i64>,
    contacts: usize,
}

impl Page {
    fn read(self, done: Done) {
        let (store, select) = (self.store.clone(), self.select());
        let read = move |result: Result<Outcome, StoreError>| match result {
            Ok(outcome) => self.take(outcome, done),
            Err(error) => done(Err(self.failed(&error))),
        };
        store.submit(select.into(), Box::new(read));
    }

    fn select(&self) -> Select {
        let filter = match self.last_id {
            Some(id) => Filter::all().and(name!("id"), Op::Gt, id),
            None => Filter::all(),
        };
        let filter = match self.keeper.settings.server_id {
            Some(id) => filter.eq(self.keeper.settings.columns.server_id.clone(), id),
            None => filter,
        };
        let select = Select::from(self.table.sql_name.clone()).filter(filter);
        select
            .order_by(name!("id"), Direction::Ascending)
            .limit(self.how.rows)
    }

    /// Puts a page into memory and reads the next one.
    fn take(mut self, outcome: Outcome, done: Done) {
        let rows = outcome.into_rows();
        let last = rows
            .len()
            .checked_sub(1)
            .and_then(|last| rows.cell(last, &name!("id")))
            .and_then(store::Cell::as_int);
        for (aor, binding) in self.keeper.read_rows(&rows) {
            self.contacts += 1;
            if self.how.cleans_tcp && is_stream(&binding) {
                self.forget(&aor, &binding);
            } else {
                self.keep(&aor, binding);
            }
        }
        let is_full = u32::try_from(rows.len()).is_ok_and(|read| read >= self.how.rows);
        if let Some(last) = last.filter(|_| is_full) {
            self.last_id = Some(last);
            return self.read(done);
        }
        self.table.await_rows(false);
        let (contacts, name) = (self.contacts, &self.table.sql_name);
        self.keeper.log(
            Level::Dbg,
            format!("{contacts} contacts read from table {name}"),
        );
        done(Ok(()));
    }

    fn keep(&self, aor: &Bytes, binding: Arc<Binding>) {
        let newest_first = self.keeper.settings.desc_time_order;
        let matching = self.keeper.settings.rules.matching;
        let (row, mut is_outdated) = (binding.clone(), false);
        self.table.change(aor, newest_first, |present| {
            // A row may be there already where a page is read again.
            let is_known = present.iter().any(|other| other.ruid() == binding.ruid());
            // Whoever registered while the database was away has a newer binding.
            let replaces = |other: &Arc<Binding>| {
                self.keeper.tables.is_new(other.ruid())
                    && other.modified_s() >= binding.modified_s()
                    && matching.is_same(&binding.key(), &other.key())
            };
            is_outdated = !is_known && present.iter().any(replaces);
            if is_known || is_outdated {
                Changes::new()
            } else {
                smallvec![Change::Insert(binding)]
            }
        });
        if is_outdated && self.keeper.mode().writes() {
            self.forget(aor, &row);
        }
    }

    fn forget(&self, aor: &[u8], binding: &Binding) {
        self.table
            .delete_later(aor, [binding.share(binding.ruid())]);
    }

    fn failed(&self, error: &StoreError) -> String {
        format!("cannot read table {}: {error}", self.table.sql_name)
    }
}

/// True for a contact over TCP, TLS or WebSocket.
fn is_stream(binding: &Binding) -> bool {
    let streams: [&[u8]; 4] = [b"tcp", b"tls", b"ws", b"wss"];
    let uri = sip::Uri::parse(binding.contact());
    let transport = uri
        .ok()
        .and_then(|uri| uri.param(b"transport"))
        .and_then(|param| param.value);
    let socket = binding.socket().split(|byte| *byte == b':').next();
    let names = [transport, socket];
    names.into_iter().flatten().any(|name| {
        streams
            .iter()
            .any(|stream| name.eq_ignore_ascii_case(stream))
    })
}
