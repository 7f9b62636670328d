//! Databases by URL: one each, connected when the server starts.

mod connect;
mod keys;

pub(crate) use connect::{connect, known};

use keys::LazyKeys;
use parking_lot::{Mutex, RwLock};
use policy::{DriverSettings, Stores};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::keys::{KeyServer, KeyStore};
use store::{DbUrl, Done, Operation, Outcome, Store, StoreError};

/// All databases that a configuration names.
#[derive(Default)]
pub(crate) struct Databases {
    by_url: Mutex<BTreeMap<String, Arc<Lazy>>>,
    settings: Mutex<BTreeMap<&'static str, DriverSettings>>,
    keys: Mutex<BTreeMap<KeyServer, Arc<LazyKeys>>>,
}

impl Databases {
    /// Connects every database, those of modules (module and URL) first.
    ///
    /// # Errors
    /// A sentence for the first that does not open, with the module that wants it.
    pub(crate) fn connect_for(&self, wanted: &[(&'static str, String)]) -> Result<(), String> {
        for (module, url) in wanted {
            let lazy = self.by_url.lock().get(url).cloned();
            if let Some(lazy) = lazy {
                self.connect_one(&lazy)
                    .map_err(|why| format!("module {module} needs its database: {why}"))?;
            }
        }
        self.connect()
    }

    fn connect_one(&self, lazy: &Lazy) -> Result<(), StoreError> {
        let settings = self.settings.lock().get(lazy.driver).cloned();
        lazy.connect(&settings.unwrap_or_default())
    }

    /// Connects every database that was named.
    ///
    /// # Errors
    /// A sentence for the first that does not open.
    pub(crate) fn connect(&self) -> Result<(), String> {
        for lazy in self.by_url.lock().values() {
            self.connect_one(lazy).map_err(|why| why.to_string())?;
        }
        for lazy in self.keys.lock().values() {
            lazy.connect().map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    /// The URLs of all that were named.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.by_url.lock().keys().cloned().collect()
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
        for lazy in std::mem::take(&mut *self.by_url.lock()).into_values() {
            lazy.close();
        }
        for lazy in std::mem::take(&mut *self.keys.lock()).into_values() {
            lazy.close();
        }
    }
}

impl Stores for Databases {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        let parsed = DbUrl::parse(url).map_err(|error| error.to_string())?;
        let driver = known(&parsed.driver)?;
        let mut all = self.by_url.lock();
        let lazy = all
            .entry(url.to_owned())
            .or_insert_with(|| Arc::new(Lazy::new(parsed, driver)));
        Ok(lazy.clone())
    }

    fn keys(&self, server: &KeyServer) -> Result<Arc<dyn KeyStore>, String> {
        let mut all = self.keys.lock();
        let lazy = all
            .entry(server.clone())
            .or_insert_with(|| Arc::new(LazyKeys::new(server.clone())));
        Ok(lazy.clone())
    }

    fn configure(&self, driver: &'static str, settings: DriverSettings) {
        self.settings.lock().insert(driver, settings);
    }
}

/// A database that is connected later, so that `check` connects none, and closed while modules still
/// hold it.
struct Lazy {
    url: DbUrl,
    driver: &'static str,
    store: RwLock<Option<Box<dyn Store>>>,
}

impl Lazy {
    fn new(url: DbUrl, driver: &'static str) -> Lazy {
        Lazy {
            url,
            driver,
            store: RwLock::new(None),
        }
    }

    fn connect(&self, settings: &DriverSettings) -> Result<(), StoreError> {
        let mut store = self.store.write();
        if store.is_none() {
            *store = Some(connect(&self.url, settings)?);
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
        done(Err(StoreError::unavailable(
            self.url.to_string(),
            "not connected",
        )));
    }

    fn glance(&self, operation: &Operation) -> Option<Outcome> {
        self.store.read().as_ref()?.glance(operation)
    }

    fn quote(&self, text: &[u8]) -> String {
        connect::literal(self.driver, text)
    }

    fn kind(&self) -> &'static str {
        self.driver
    }
}
