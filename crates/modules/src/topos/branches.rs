//! The branches whose replies are expected here: what a reply needs is found without asking anybody.

use super::hop::Hop;
use super::limits::Limits;
use ahash::RandomState;
use bytes::Bytes;
use parking_lot::Mutex;
use policy::memory::give_back;
use policy::{HiddenBranch, HiddenDialog};
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Workers rarely meet in one of so many parts.
const SHARDS: usize = 16;

/// By the branch of our own Via.
pub(super) struct Branches {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    most: usize,
}

struct Shard {
    branches: HashMap<Bytes, Entry, RandomState>,
    /// The INVITEs that began dialogs, by the dialogs' names.
    begun: HashMap<Bytes, Weak<Hop>, RandomState>,
}

struct Entry {
    known: Known,
    /// Whether the request's transaction still lives: then replies may come however long it takes.
    life: Weak<()>,
    until_s: u64,
}

/// What is known of a branch.
#[derive(Clone)]
pub(super) enum Known {
    /// A request left on it with its topology hidden.
    Hidden(Arc<HiddenBranch>, Arc<Hop>),
    /// A request of our own, or one that was let pass: its replies are as they should be.
    Clear,
}

impl Branches {
    /// An empty table.
    pub(super) fn new(hasher: RandomState, limits: &Limits) -> Branches {
        Branches {
            shards: std::array::from_fn(|_| {
                Mutex::new(Shard {
                    branches: HashMap::with_hasher(hasher.clone()),
                    begun: HashMap::with_hasher(hasher.clone()),
                })
            }),
            hasher,
            most: limits.branches.div_ceil(SHARDS),
        }
    }

    /// Keeps what is known of a branch until `until_s`, and while `life` lasts. False where there is no room.
    pub(super) fn insert(&self, branch: Bytes, known: Known, life: Weak<()>, until_s: u64) -> bool {
        let Some(shard) = self.shard(&branch) else {
            return false;
        };
        let mut shard = shard.lock();
        if shard.branches.len() >= self.most && !shard.branches.contains_key(&branch) {
            return false;
        }
        let entry = Entry {
            known,
            life,
            until_s,
        };
        shard.branches.insert(branch, entry);
        true
    }

    /// What is known of a branch.
    pub(super) fn find(&self, branch: &[u8]) -> Option<Known> {
        let shard = self.shard(branch)?.lock();
        shard.branches.get(branch).map(|entry| entry.known.clone())
    }

    /// An INVITE begins the dialog of this name. Without room an early target refresh lasts until the INVITE is answered.
    pub(super) fn note_begun(&self, uuid: &Bytes, hop: &Arc<Hop>) {
        let Some(shard) = self.shard(uuid) else {
            return;
        };
        let mut shard = shard.lock();
        if shard.begun.len() < self.most {
            shard.begun.insert(uuid.clone(), Arc::downgrade(hop));
        }
    }

    /// A target refresh has changed a dialog: where its INVITE is not accepted yet, the answer to that leaves the
    /// caller as he is now.
    pub(super) fn note_refreshed(&self, dialog: &HiddenDialog) {
        if dialog.is_confirmed {
            return;
        }
        let shard = self.shard(&dialog.uuid);
        let hop = shard.and_then(|shard| shard.lock().begun.get(&dialog.uuid)?.upgrade());
        if let Some(hop) = hop {
            hop.note_caller(dialog);
        }
    }

    /// Forgets a branch on which nothing left after all.
    pub(super) fn remove(&self, branch: &[u8]) {
        if let Some(shard) = self.shard(branch) {
            shard.lock().branches.remove(branch);
        }
    }

    /// Forgets what has outlived its time, part after part.
    pub(super) fn clean(&self, now_s: u64) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard
                .branches
                .retain(|_, entry| entry.until_s > now_s || entry.life.strong_count() > 0);
            shard.begun.retain(|_, hop| hop.strong_count() > 0);
            let Shard { branches, begun } = &mut *shard;
            give_back(branches);
            give_back(begun);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().branches.len())
            .sum()
    }

    fn shard(&self, branch: &[u8]) -> Option<&Mutex<Shard>> {
        let hash = self.hasher.hash_one(branch) as usize;
        self.shards.get(hash % SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(branches: usize) -> Branches {
        let limits = Limits {
            branches,
            ..Limits::default()
        };
        Branches::new(RandomState::with_seeds(1, 2, 3, 4), &limits)
    }

    #[test]
    fn a_branch_stays_for_its_time_and_while_its_transaction_lives() {
        let (table, life) = (table(1000), Arc::new(()));
        table.insert("lives".into(), Known::Clear, Arc::downgrade(&life), 10);
        table.insert("late".into(), Known::Clear, Weak::new(), 20);
        table.insert("done".into(), Known::Clear, Weak::new(), 10);
        table.clean(10);
        assert!(table.find(b"lives").is_some() && table.find(b"late").is_some());
        assert!(table.find(b"done").is_none());
        drop(life);
        table.clean(10);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_full_table_takes_no_more() {
        let table = table(SHARDS);
        let taken = (0..200)
            .filter(|n: &u8| table.insert(vec![*n].into(), Known::Clear, Weak::new(), 1))
            .count();
        assert!(taken <= SHARDS && taken == table.len(), "{taken}");
    }
}
