//! What outlives a configuration.

use crate::{BansLink, Outbox, Surroundings, TlsConnections, TransactionsLink};
use parking_lot::Mutex;
use stack::blocklist::Blocklist;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

type Shared = Arc<dyn Any + Send + Sync>;

/// State that outlives a reload, by module and name.
#[derive(Default)]
pub struct States {
    by_name: Mutex<BTreeMap<(&'static str, String), Shared>>,
    outbox: Outbox,
    bans: BansLink,
    surroundings: OnceLock<Surroundings>,
    tls_connections: OnceLock<Arc<dyn TlsConnections>>,
    transactions: TransactionsLink,
    blocklist: Arc<Blocklist>,
}

impl States {
    /// The state of a module under `name`; `make` is called the first time.
    pub(super) fn of<T: Send + Sync + 'static>(
        &self,
        module: &'static str,
        name: &str,
        make: impl FnOnce() -> T,
    ) -> Arc<T> {
        let mut states = self.by_name.lock();
        let key = (module, name.to_owned());
        let found = states.get(&key).cloned();
        if let Some(found) = found.and_then(|any| any.downcast::<T>().ok()) {
            return found;
        }
        let made = Arc::new(make());
        states.insert(key, made.clone());
        made
    }

    /// What modules want done outside of any message; the edge drains it.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The sources that are not heard, where module `ban` keeps a list.
    pub fn bans(&self) -> &BansLink {
        &self.bans
    }

    /// Tells every configuration about the process; the first call counts.
    pub fn set_surroundings(&self, surroundings: Surroundings) {
        let _already_told = self.surroundings.set(surroundings);
    }

    /// Tells every configuration who knows the TLS connections; the first call counts.
    pub fn set_tls_connections(&self, connections: Arc<dyn TlsConnections>) {
        let _already_told = self.tls_connections.set(connections);
    }

    /// The way to the transactions, which the edge fills.
    pub fn transactions(&self) -> &TransactionsLink {
        &self.transactions
    }

    /// The destinations that failed.
    pub fn blocklist(&self) -> &Arc<Blocklist> {
        &self.blocklist
    }

    /// Who knows the TLS connections, where somebody does.
    pub fn tls_connections(&self) -> Option<Arc<dyn TlsConnections>> {
        self.tls_connections.get().cloned()
    }

    /// The process, as it was told.
    pub fn surroundings(&self) -> Surroundings {
        self.surroundings.get().cloned().unwrap_or_default()
    }
}
