//! Servers of keys and values, connected when the server starts.

use parking_lot::RwLock;
use store::StoreError;
use store::keys::{Command, Heard, KeyServer, KeyStore};
use store_redis::RedisStore;

/// A server that is connected later, so that `check` connects none, and closed while modules still hold
/// it.
pub(super) struct LazyKeys {
    server: KeyServer,
    store: RwLock<Option<RedisStore>>,
}

impl LazyKeys {
    pub(super) fn new(server: KeyServer) -> LazyKeys {
        LazyKeys {
            server,
            store: RwLock::new(None),
        }
    }

    /// Connects, unless that is done.
    pub(super) fn connect(&self) -> Result<(), StoreError> {
        let mut store = self.store.write();
        if store.is_none() {
            *store = Some(RedisStore::open(&self.server)?);
        }
        Ok(())
    }

    /// Waits for what is under way, and says farewell.
    pub(super) fn close(&self) {
        let store = self.store.write().take();
        // Outside of the lock: a call-back that is waited for may ask for more, and is told that it is closed.
        drop(store);
    }
}

impl KeyStore for LazyKeys {
    fn submit(&self, pipeline: Vec<Command>, heard: Heard) {
        if let Some(store) = &*self.store.read() {
            return store.submit(pipeline, heard);
        }
        heard(Err(StoreError::unavailable(
            self.server.to_string(),
            "not connected",
        )));
    }
}
