//! A database that is connected later, so that `check` connects none, and closed while modules still hold it.

use super::connect::{Opened, connect_sometime, literal};
use parking_lot::RwLock;
use policy::DriverSettings;
use std::sync::Arc;
use store::{DbUrl, Done, Operation, Outcome, Store, StoreError};

/// A database, for everybody.
pub(crate) struct Lazy {
    pub(super) url: DbUrl,
    pub(super) driver: &'static str,
    held: RwLock<Held>,
}

/// The same for those who check whether its tables are right.
pub(super) struct Unchecked(pub(super) Arc<Lazy>);

#[derive(Default)]
struct Held {
    store: Option<Box<dyn Store>>,
    /// Nobody answered at start: until its tables are checked the database is away for everybody.
    is_awaited: bool,
}

impl Lazy {
    pub(super) fn new(url: DbUrl, driver: &'static str) -> Lazy {
        Lazy {
            url,
            driver,
            held: RwLock::default(),
        }
    }

    /// Connects, unless that is done; says why nobody answers, where that is so.
    pub(super) fn connect(
        &self,
        settings: &DriverSettings,
    ) -> Result<Option<StoreError>, StoreError> {
        let mut held = self.held.write();
        if held.store.is_some() {
            return Ok(None);
        }
        let Opened { store, away } = connect_sometime(&self.url, settings)?;
        held.store = Some(store);
        held.is_awaited = away.is_some();
        Ok(away)
    }

    /// True where nobody answered at start, and the tables are not checked yet.
    pub(super) fn is_awaited(&self) -> bool {
        self.held.read().is_awaited
    }

    /// Lets everybody use it: its tables are right.
    pub(super) fn admit_all(&self) {
        self.held.write().is_awaited = false;
    }

    pub(super) fn close(&self) {
        let store = self.held.write().store.take();
        // Outside of the lock: a call-back that is waited for may ask for more, and is told that it is closed.
        drop(store);
    }

    fn submit_where(&self, admits: impl Fn(&Held) -> bool, operation: Operation, done: Done) {
        // A call-back that comes at once may ask for more, on this thread, while another one waits to write.
        let held = self.held.read_recursive();
        let why = match &held.store {
            Some(store) if admits(&held) => return store.submit(operation, done),
            Some(_) => "it was away when the server started, and its tables are not checked yet",
            None => "not connected",
        };
        drop(held);
        done(Err(StoreError::unavailable(
            format!("the database {}", self.url),
            why,
        )));
    }
}

impl Store for Lazy {
    fn submit(&self, operation: Operation, done: Done) {
        self.submit_where(|held| !held.is_awaited, operation, done);
    }

    fn glance(&self, operation: &Operation) -> Option<Outcome> {
        let held = self.held.read_recursive();
        let store = held.store.as_ref().filter(|_| !held.is_awaited)?;
        store.glance(operation)
    }

    fn quote(&self, text: &[u8]) -> String {
        literal(self.driver, text)
    }

    fn kind(&self) -> &'static str {
        self.driver
    }
}

impl Store for Unchecked {
    fn submit(&self, operation: Operation, done: Done) {
        self.0.submit_where(|_| true, operation, done);
    }

    fn quote(&self, text: &[u8]) -> String {
        self.0.quote(text)
    }

    fn kind(&self) -> &'static str {
        self.0.kind()
    }
}
