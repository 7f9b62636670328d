//! The table of dialogs: chains by Call-ID, each with its lock and the time it must be looked at.

use super::call::{Dialog, Side};
use super::texts::Did;
use ahash::RandomState;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// All dialogs. A dialog lies in the chain of its Call-ID's hash, which is keyed, so that no peer can
/// choose what collides; its name only says which of the chain is meant.
pub(super) struct Table {
    chains: Box<[Chain]>,
    hasher: RandomState,
    count: AtomicUsize,
    numbers: Numbers,
}

/// How numbers of dialogs are made: `start + N * step` where `step` is above 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// `h_id_start`.
    pub(super) start: u32,
    /// `h_id_step`.
    pub(super) step: u32,
}

struct Chain {
    /// Nothing in the chain is due before, in Unix seconds. A hint: it may be too early.
    due_s: AtomicU64,
    inside: Mutex<Inside>,
}

struct Inside {
    dialogs: Vec<Arc<Dialog>>,
    /// The number of the next dialog.
    next: u32,
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

    /// An empty table of `size` chains.
    pub(super) fn new(size: usize, numbers: Numbers, hasher: RandomState) -> Table {
        let chain = |index: usize| Chain {
            due_s: AtomicU64::new(u64::MAX),
            inside: Mutex::new(Inside {
                dialogs: Vec::new(),
                next: (hasher.hash_one(index) & 0x3fff) as u32,
            }),
        };
        Table {
            chains: (0..size.max(1)).map(chain).collect(),
            hasher,
            count: AtomicUsize::new(0),
            numbers,
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
        hash: u64,
        most: usize,
        spiral: impl Fn(&Arc<Dialog>) -> bool,
        make: impl FnOnce(Did) -> Option<Dialog>,
    ) -> Result<Inserted, Full> {
        let (entry, chain) = self.chain(hash);
        let mut inside = chain.inside.lock();
        if let Some(found) = inside.dialogs.iter().find(|dialog| spiral(dialog)) {
            return Ok(Inserted::Spiral(found.clone()));
        }
        if self.len() >= most {
            return Err(Full::Table);
        }
        if inside.dialogs.len() >= Self::MOST_A_CHAIN {
            return Err(Full::Chain);
        }
        let id = inside.number(self.numbers);
        let Some(dialog) = make(Did { entry, id }) else {
            return Ok(Inserted::TooLong);
        };
        let dialog = Arc::new(dialog);
        inside.dialogs.push(dialog.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(Inserted::New(dialog))
    }

    /// Takes in a dialog that has its name already; false where it is there.
    pub(super) fn restore(&self, dialog: &Arc<Dialog>) -> bool {
        let (_, chain) = self.chain(dialog.hash);
        let mut inside = chain.inside.lock();
        let same = |other: &Arc<Dialog>| {
            other.did == dialog.did
                || other.call_id() == dialog.call_id() && other.caller_tag() == dialog.caller_tag()
        };
        if inside.dialogs.len() >= Self::MOST_A_CHAIN || inside.dialogs.iter().any(same) {
            return false;
        }
        inside.dialogs.push(dialog.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Takes a dialog out.
    pub(super) fn remove(&self, dialog: &Dialog) {
        let mut inside = self.chain(dialog.hash).1.inside.lock();
        let found = inside
            .dialogs
            .iter()
            .position(|other| std::ptr::eq(other.as_ref(), dialog));
        if let Some(found) = found {
            inside.dialogs.swap_remove(found);
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
        let inside = self.chain(hash).1.inside.lock();
        inside.dialogs.iter().find_map(|dialog| {
            let is_meant = did.is_none_or(|did| did == dialog.did);
            if !(is_meant && dialog.hash == hash && dialog.call_id() == call_id) {
                return None;
            }
            Some((dialog.clone(), dialog.sender(from_tag, to_tag)?))
        })
    }

    /// The dialog of this name. One that was read from a database may lie in any chain.
    pub(super) fn named(&self, did: Did) -> Option<Arc<Dialog>> {
        let in_chain = |chain: &Chain| {
            let inside = chain.inside.lock();
            let mut dialogs = inside.dialogs.iter();
            dialogs.find(|dialog| dialog.did == did).cloned()
        };
        let own = self.chains.get(did.entry as usize).and_then(in_chain);
        own.or_else(|| self.chains.iter().find_map(in_chain))
    }

    /// Calls `visit` with each dialog, chain after chain, without holding a lock.
    pub(super) fn each(&self, mut visit: impl FnMut(&Arc<Dialog>)) {
        for chain in &self.chains {
            let dialogs = chain.inside.lock().dialogs.clone();
            dialogs.iter().for_each(&mut visit);
        }
    }

    /// Sees to it that a dialog is looked at when `due_s` has come.
    pub(super) fn remind(&self, dialog: &Dialog, due_s: u64) {
        self.chain(dialog.hash)
            .1
            .due_s
            .fetch_min(due_s, Ordering::AcqRel);
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
            for dialog in &chain.inside.lock().dialogs {
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

    fn chain(&self, hash: u64) -> (u32, &Chain) {
        let index = (hash % self.chains.len() as u64) as usize;
        (index as u32, &self.chains[index])
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

impl Inside {
    fn number(&mut self, numbers: Numbers) -> u32 {
        loop {
            let n = self.next;
            self.next = n.wrapping_add(1);
            let id = match numbers.step {
                0 | 1 => n,
                step => numbers.start.wrapping_add(n.wrapping_mul(step)),
            };
            if !self.dialogs.iter().any(|dialog| dialog.did.id == id) {
                return id;
            }
        }
    }
}
