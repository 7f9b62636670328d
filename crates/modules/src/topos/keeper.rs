//! Where state is kept: the storage that the parameters name, which may come from a module loaded later.

use super::params::Failure;
use parking_lot::RwLock;
use policy::{
    Counter, DialogQuery, HiddenBranch, HiddenDialog, Level, Lifetimes, Logger, Received, Sent,
    Stored, TopologyStorage, TopologyStorages, TopologyWrite,
};
use std::sync::Arc;

/// The storage and what is done where it fails.
pub(super) struct Keeper {
    /// What the parameter `storage` says.
    name: String,
    storage: RwLock<Option<Arc<dyn TopologyStorage>>>,
    pub(super) failure: Failure,
    retry_after_s: u32,
    branch_s: u64,
    dialog_s: u64,
    logger: Logger,
    failed: Counter,
}

/// The numbers of a keeper, from the parameters.
pub(super) struct Terms {
    pub(super) failure: Failure,
    pub(super) retry_after_s: u32,
    pub(super) branch_s: u64,
    pub(super) dialog_s: u64,
}

impl Keeper {
    /// A keeper without a storage.
    pub(super) fn new(name: String, terms: Terms, logger: Logger, failed: Counter) -> Keeper {
        let Terms {
            failure,
            retry_after_s,
            branch_s,
            dialog_s,
        } = terms;
        Keeper {
            name,
            storage: RwLock::default(),
            failure,
            retry_after_s,
            branch_s,
            dialog_s,
            logger,
            failed,
        }
    }

    /// Whether somebody has offered the storage that is wanted.
    pub(super) fn has_storage(&self) -> bool {
        self.storage.read().is_some()
    }

    /// The storage's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// See [`TopologyStorage::dialogs`].
    pub(super) fn dialogs(&self, query: &DialogQuery) -> Stored<Vec<HiddenDialog>> {
        match self.storage() {
            Some(storage) => storage.dialogs(query),
            None => self.nowhere(),
        }
    }

    /// See [`TopologyStorage::branch`].
    pub(super) fn branch(&self, branch: &[u8]) -> Stored<Option<HiddenBranch>> {
        match self.storage() {
            Some(storage) => storage.branch(branch),
            None => self.nowhere(),
        }
    }

    /// See [`TopologyStorage::write`].
    pub(super) fn write(&self, writes: Vec<TopologyWrite>, now_s: u64) -> Stored<()> {
        match self.storage() {
            Some(storage) => storage.write(writes, self.lifetimes(now_s)),
            None => self.nowhere(),
        }
    }

    /// See [`TopologyStorage::write_unheard`].
    pub(super) fn write_unheard(&self, writes: Vec<TopologyWrite>, now_s: u64) {
        if let Some(storage) = self.storage() {
            storage.write_unheard(writes, self.lifetimes(now_s));
        }
    }

    /// See [`TopologyStorage::clean`].
    pub(super) fn clean(&self, now_s: u64) {
        if let Some(storage) = self.storage() {
            storage.clean(self.lifetimes(now_s));
        }
    }

    /// How long things are kept, from now on.
    pub(super) fn lifetimes(&self, now_s: u64) -> Lifetimes {
        Lifetimes {
            now_s,
            branch_s: self.branch_s,
            dialog_s: self.dialog_s,
        }
    }

    /// Counts a failure, and says it.
    pub(super) fn note_failure(&self, what: &str, why: &str) {
        self.failed.inc();
        self.logger
            .log(Level::Err, "topos", || format!("{what}: {why}"));
    }

    /// What is answered to a request that came.
    pub(super) fn refused_arrival(&self) -> Received {
        Received::Refused {
            code: 503,
            reason: "Service Unavailable",
            retry_after_s: Some(self.retry_after_s),
        }
    }

    /// What becomes of a request that was to leave.
    pub(super) fn refused_departure(&self) -> Sent {
        Sent::Refused {
            code: 503,
            reason: "Service Unavailable",
            retry_after_s: Some(self.retry_after_s),
        }
    }

    fn storage(&self) -> Option<Arc<dyn TopologyStorage>> {
        self.storage.read().clone()
    }

    fn nowhere<T>(&self) -> Stored<T> {
        Stored::Known(Err(format!("no module offers storage {}", self.name)))
    }
}

impl TopologyStorages for Keeper {
    fn offer(&self, name: &str, storage: Arc<dyn TopologyStorage>) -> bool {
        let is_wanted = name == self.name;
        if is_wanted {
            *self.storage.write() = Some(storage);
        }
        is_wanted
    }
}
