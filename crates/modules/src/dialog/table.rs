//! The table of dialogs: chains by Call-ID, each with its lock and the time it must be looked at.

use super::call::{Dialog, Side};
use super::names::{Names, Numbers};
use super::texts::Did;
use ahash::RandomState;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// All dialogs. A dialog lies in the chain of its Call-ID's hash, which is keyed, so that no peer can
/// choose what collides.
pub(super) struct Table {
    chains: Box<[Chain]>,
    hasher: RandomState,
    count: AtomicUsize,
    names: Names,
}

struct Chain {
    /// Nothing in the chain is due before, in Unix seconds. A hint: it may be too early.
    due_s: AtomicU64,
    dialogs: Mutex<Vec<Arc<Dialog>>>,
}

/// Why a dialog was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// `max_dialogs` are there.
    Table,
    /// [`Table::MOST_A_CHAIN`] lie in its chain.
    Chain,
}

impl Table {
    /// The most dialogs in one chain, so that a peer who uses one Call-ID for many calls cannot make
    /// lookups slow. With the default size and limit an even spread puts 49 into each.
    pub(super) const MOST_A_CHAIN: usize = 512;

    /// Chains are cheap, 64 octets each; long ones are not.
    const LEAST_CHAINS: u32 = 4096;

    /// An empty table for names with `size` entries.
    pub(super) fn new(size: u32, numbers: Numbers, hasher: RandomState) -> Table {
        let chain = |_| Chain {
            due_s: AtomicU64::new(u64::MAX),
            dialogs: Mutex::default(),
        };
        let first = (hasher.hash_one(size) & 0x3fff) as u32;
        Table {
            chains: (0..size.max(Self::LEAST_CHAINS)).map(chain).collect(),
            hasher,
            count: AtomicUsize::new(0),
            names: Names::new(size, numbers, first),
        }
    }

    /// How many dialogs there are, those that ended a moment ago among them.
    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// The hash of a Call-ID.
    pub(super) fn hash(&self, call_id: &[u8]) -> u64 {
        self.hasher.hash_one(call_id)
    }

    /// Makes a dialog with a new name and takes it in, unless `spiral` finds one in its chain.
    pub(super) fn insert(
        &self,
        (call_id, hash): (&[u8], u64),
        most: usize,
        spiral: impl Fn(&Arc<Dialog>) -> bool,
        make: impl FnOnce(Did) -> Option<Dialog>,
    ) -> Result<Inserted, Full> {
        let mut dialogs = self.chain(hash).dialogs.lock();
        if let Some(found) = dialogs.iter().find(|dialog| spiral(dialog)) {
            return Ok(Inserted::Spiral(found.clone()));
        }
        if self.len() >= most {
            return Err(Full::Table);
        }
        if dialogs.len() >= Self::MOST_A_CHAIN {
            return Err(Full::Chain);
        }
        let did = self.names.give(call_id, hash);
        let Some(dialog) = make(did) else {
            self.names.free(did);
            return Ok(Inserted::TooLong);
        };
        let dialog = Arc::new(dialog);
        dialogs.push(dialog.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(Inserted::New(dialog))
    }

    /// Takes in a dialog that has its name already; false where it is there.
    pub(super) fn restore(&self, dialog: &Arc<Dialog>) -> bool {
        let mut dialogs = self.chain(dialog.hash).dialogs.lock();
        let same = |other: &Arc<Dialog>| {
            other.call_id() == dialog.call_id() && other.caller_tag() == dialog.caller_tag()
        };
        if dialogs.len() >= Self::MOST_A_CHAIN || dialogs.iter().any(same) {
            return false;
        }
        if !self.names.take(dialog.did, dialog.hash) {
            return false;
        }
        dialogs.push(dialog.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Takes a dialog out.
    pub(super) fn remove(&self, dialog: &Dialog) {
        let mut dialogs = self.chain(dialog.hash).dialogs.lock();
        let found = dialogs
            .iter()
            .position(|other| std::ptr::eq(other.as_ref(), dialog));
        if let Some(found) = found {
            dialogs.swap_remove(found);
            if dialogs.is_empty() {
                // Most chains are: what a peak has left in them is given back.
                *dialogs = Vec::new();
            }
            self.names.free(dialog.did);
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The dialog of a message with this Call-ID and these tags, and who sent it; with `did` only the
    /// one of that name.
    pub(super) fn find(
        &self,
        call_id: &[u8],
        from_tag: &[u8],
        to_tag: &[u8],
        did: Option<Did>,
    ) -> Option<(Arc<Dialog>, Side)> {
        let hash = self.hash(call_id);
        let dialogs = self.chain(hash).dialogs.lock();
        dialogs.iter().find_map(|dialog| {
            let is_meant = did.is_none_or(|did| did == dialog.did);
            if !(is_meant && dialog.hash == hash && dialog.call_id() == call_id) {
                return None;
            }
            Some((dialog.clone(), dialog.sender(from_tag, to_tag)?))
        })
    }

    /// The dialog of this name.
    pub(super) fn named(&self, did: Did) -> Option<Arc<Dialog>> {
        let hash = self.names.hash_of(did)?;
        let dialogs = self.chain(hash).dialogs.lock();
        dialogs.iter().find(|dialog| dialog.did == did).cloned()
    }

    /// Calls `visit` with each dialog, chain after chain, without holding a lock.
    pub(super) fn each(&self, mut visit: impl FnMut(&Arc<Dialog>)) {
        for chain in &self.chains {
            let dialogs = chain.dialogs.lock().clone();
            dialogs.iter().for_each(&mut visit);
        }
    }

    /// Sees to it that a dialog is looked at when `due_s` has come.
    pub(super) fn remind(&self, dialog: &Dialog, due_s: u64) {
        let chain = self.chain(dialog.hash);
        chain.due_s.fetch_min(due_s, Ordering::AcqRel);
    }

    /// The dialogs for which `due_s` says a time that has come. Chains whose hint lies ahead cost one
    /// load each.
    pub(super) fn due(&self, now_s: u64, due_s: impl Fn(&Dialog) -> u64) -> Vec<Arc<Dialog>> {
        let mut found = Vec::new();
        for chain in &self.chains {
            if chain.due_s.load(Ordering::Acquire) > now_s {
                continue;
            }
            // Before the dialogs are looked at, so that no reminder that comes meanwhile is lost.
            chain.due_s.store(u64::MAX, Ordering::Release);
            let mut next = u64::MAX;
            for dialog in chain.dialogs.lock().iter() {
                let due_s = due_s(dialog);
                if due_s <= now_s {
                    found.push(dialog.clone());
                } else {
                    next = next.min(due_s);
                }
            }
            chain.due_s.fetch_min(next, Ordering::AcqRel);
        }
        found
    }

    fn chain(&self, hash: u64) -> &Chain {
        &self.chains[(hash % self.chains.len() as u64) as usize]
    }
}

/// What became of a new dialog.
pub(super) enum Inserted {
    /// It is in.
    New(Arc<Dialog>),
    /// The request was here before.
    Spiral(Arc<Dialog>),
    /// Its texts are too long.
    TooLong,
}
