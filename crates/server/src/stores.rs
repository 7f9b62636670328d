//! Databases by URL: one each, connected when the server starts.

use parking_lot::{Mutex, RwLock};
use policy::Stores;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use store::{DbUrl, Done, Operation, Store, StoreError};
use store_sqlite::{Options, SqliteStore};

/// All databases that a configuration names.
#[derive(Default)]
pub(crate) struct Databases(Mutex<BTreeMap<String, Arc<Lazy>>>);

impl Databases {
    /// Connects every database that was named.
    ///
    /// # Errors
    /// A sentence for the first that does not open.
    pub(crate) fn connect(&self) -> Result<(), String> {
        for lazy in self.0.lock().values() {
            lazy.connect().map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    /// The URLs of all that were named.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.0.lock().keys().cloned().collect()
    }

    /// The database of a URL, connected.
    ///
    /// # Errors
    /// A sentence, where it does not open.
    pub(crate) fn connected(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        let store = self.open(url)?;
        self.connect()?;
        Ok(store)
    }

    /// Waits until what was written is in the files, and closes them, whoever still holds one.
    pub(crate) fn close(&self) {
        for lazy in std::mem::take(&mut *self.0.lock()).into_values() {
            lazy.close();
        }
    }
}

impl Stores for Databases {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        let parsed = DbUrl::parse(url).map_err(|error| error.to_string())?;
        if parsed.driver != "sqlite" {
            return Err(format!(
                "no driver for `{}` databases; write sqlite:///path",
                parsed.driver
            ));
        }
        let mut all = self.0.lock();
        let lazy = all
            .entry(url.to_owned())
            .or_insert_with(|| Arc::new(Lazy::new(parsed)));
        Ok(lazy.clone())
    }
}

/// A database that is connected later, so that `check` connects none, and closed while modules still
/// hold it.
struct Lazy {
    url: DbUrl,
    store: RwLock<Option<SqliteStore>>,
}

impl Lazy {
    fn new(url: DbUrl) -> Lazy {
        Lazy {
            url,
            store: RwLock::new(None),
        }
    }

    fn connect(&self) -> Result<(), StoreError> {
        let mut store = self.store.write();
        if store.is_none() {
            let path = Path::new(&self.url.database);
            *store = Some(SqliteStore::open(path, Options::default())?);
        }
        Ok(())
    }

    fn close(&self) {
        let store = self.store.write().take();
        // Outside of the lock: a call-back that is waited for may ask for more, and is told that it is closed.
        drop(store);
    }
}

impl Store for Lazy {
    fn submit(&self, operation: Operation, done: Done) {
        if let Some(store) = &*self.store.read() {
            return store.submit(operation, done);
        }
        done(Err(StoreError::Unavailable {
            store: self.url.to_string(),
            reason: "not connected".to_owned(),
        }));
    }

    fn quote(&self, text: &[u8]) -> String {
        self.store
            .read()
            .as_ref()
            .map_or_else(|| store_sqlite::literal(text), |store| store.quote(text))
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }
}
