//! Databases by URL: one each, connected when the server starts.

mod connect;
mod keys;
mod late;
mod lazy;

pub(crate) use connect::{connect, known};
pub(crate) use late::{Awaited, Late};

use keys::LazyKeys;
use lazy::{Lazy, Unchecked};
use parking_lot::Mutex;
use policy::{DriverSettings, Logger, Stores};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::keys::{KeyServer, KeyStore};
use store::{DbUrl, Store, StoreError};

/// All databases that a configuration names.
#[derive(Default)]
pub(crate) struct Databases {
    by_url: Mutex<BTreeMap<String, Arc<Lazy>>>,
    settings: Mutex<BTreeMap<&'static str, DriverSettings>>,
    keys: Mutex<BTreeMap<KeyServer, Arc<LazyKeys>>>,
}

impl Databases {
    /// Connects every database, those of modules (module and URL) first. One that nobody answers for is told in
    /// the log, with the modules that want it.
    ///
    /// # Errors
    /// A sentence for the first that does not open, with the module that wants it.
    pub(crate) fn connect_for(
        &self,
        wanted: &[(&'static str, String)],
        logger: &Logger,
    ) -> Result<(), String> {
        let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, url) in wanted {
            modules.entry(url).or_default().insert(module);
        }
        for (url, modules) in modules {
            let lazy = self.by_url.lock().get(url).cloned();
            let Some(lazy) = lazy else { continue };
            let away = self.connect_one(&lazy).map_err(|why| {
                let first = modules.first().copied().unwrap_or_default();
                format!("module {first} needs its database: {why}")
            })?;
            if let Some(why) = away {
                late::tell_away(logger, &modules, &why);
            }
        }
        self.connect()
    }

    /// How databases of a driver are connected.
    pub(crate) fn settings_of(&self, driver: &'static str) -> DriverSettings {
        let settings = self.settings.lock().get(driver).cloned();
        settings.unwrap_or_default()
    }

    /// Connects a database; says why nobody answers, where that is so.
    fn connect_one(&self, lazy: &Lazy) -> Result<Option<StoreError>, StoreError> {
        lazy.connect(&self.settings_of(lazy.driver))
    }

    /// The databases that nobody answers for, and whose tables are not checked.
    pub(crate) fn awaited(&self) -> Vec<Awaited> {
        let all = self.by_url.lock();
        let awaited = all.iter().filter(|(_, lazy)| lazy.is_awaited());
        awaited
            .map(|(url, lazy)| Awaited::new(url, lazy.clone()))
            .collect()
    }

    /// Connects every database that was named and is not connected yet, each of which must answer.
    ///
    /// # Errors
    /// A sentence for the first that does not open, or where nobody answers.
    pub(crate) fn connect(&self) -> Result<(), String> {
        for lazy in self.by_url.lock().values() {
            let away = self.connect_one(lazy).map_err(|why| why.to_string())?;
            if let Some(why) = away {
                return Err(why.to_string());
            }
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

impl Databases {
    fn lazy(&self, url: &str) -> Result<Arc<Lazy>, String> {
        let parsed = DbUrl::parse(url).map_err(|error| error.to_string())?;
        let driver = known(&parsed.driver)?;
        let mut all = self.by_url.lock();
        let lazy = all
            .entry(url.to_owned())
            .or_insert_with(|| Arc::new(Lazy::new(parsed, driver)));
        Ok(lazy.clone())
    }
}

impl Stores for Databases {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        Ok(self.lazy(url)?)
    }

    fn open_unchecked(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        Ok(Arc::new(Unchecked(self.lazy(url)?)))
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
