//! Profiles: which dialogs belong together, counted by value.

use super::call::Dialog;
use super::texts::Did;
use ahash::RandomState;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A profile. Values are spread over locks of their own, so that counting one never waits for all.
pub(super) struct Profile {
    /// Its name.
    pub(super) name: String,
    /// Whether its members have values.
    pub(super) has_value: bool,
    hasher: RandomState,
    shards: [Shard; SHARDS],
    total: AtomicUsize,
    remote: AtomicUsize,
}

const SHARDS: usize = 16;

/// Members by value.
type Shard = Mutex<HashMap<Box<[u8]>, Members, RandomState>>;

/// The dialogs with one value.
struct Members {
    /// Each with how often it was put in.
    local: BTreeMap<Did, (Arc<Dialog>, usize)>,
    /// Those of other servers: their names and when they go, in Unix seconds.
    remote: HashMap<Box<[u8]>, u64, RandomState>,
    size: usize,
}

/// A membership, kept with the dialog.
#[derive(Clone)]
pub(super) struct Link {
    /// The profile.
    pub(super) profile: Arc<Profile>,
    /// The value; empty where the profile has none.
    pub(super) value: Box<[u8]>,
}

impl Link {
    /// The most memberships of one dialog; one more is refused.
    pub(super) const MOST: usize = 32;
}

impl Profile {
    /// The most members of other servers in one profile; one more is refused.
    pub(super) const MOST_REMOTE: usize = 65_536;

    /// An empty profile.
    pub(super) fn new(name: &str, has_value: bool, hasher: RandomState) -> Profile {
        Profile {
            name: name.to_owned(),
            has_value,
            shards: std::array::from_fn(|_| Mutex::new(HashMap::with_hasher(hasher.clone()))),
            hasher,
            total: AtomicUsize::new(0),
            remote: AtomicUsize::new(0),
        }
    }

    /// Puts a dialog in, once more where it is in already.
    pub(super) fn insert(&self, value: &[u8], dialog: &Arc<Dialog>) {
        self.with(value, |members| {
            let slot = members.local.entry(dialog.did);
            slot.or_insert_with(|| (dialog.clone(), 0)).1 += 1;
            members.size += 1;
        });
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a dialog out once.
    pub(super) fn remove(&self, value: &[u8], did: Did) {
        self.with(value, |members| {
            let Some((_, times)) = members.local.get_mut(&did) else {
                return;
            };
            *times -= 1;
            if *times == 0 {
                members.local.remove(&did);
            }
            members.size -= 1;
            self.total.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Puts a dialog of another server in until `expires_s`; false where too many are.
    pub(super) fn insert_remote(&self, value: &[u8], uid: &[u8], expires_s: u64) -> bool {
        if self.remote.load(Ordering::Relaxed) >= Self::MOST_REMOTE {
            return false;
        }
        self.with(value, |members| {
            if members.remote.insert(uid.into(), expires_s).is_none() {
                members.size += 1;
                self.total.fetch_add(1, Ordering::Relaxed);
                self.remote.fetch_add(1, Ordering::Relaxed);
            }
        });
        true
    }

    /// Takes a dialog of another server out; false where it is not in.
    pub(super) fn remove_remote(&self, value: &[u8], uid: &[u8]) -> bool {
        self.with(value, |members| {
            let found = members.remote.remove(uid).is_some();
            self.forget(members, usize::from(found));
            found
        })
    }

    /// Takes those of other servers out whose time is over.
    pub(super) fn expire_remote(&self, now_s: u64) {
        if self.remote.load(Ordering::Relaxed) == 0 {
            return;
        }
        for shard in &self.shards {
            shard.lock().retain(|_, members| {
                let before = members.remote.len();
                members.remote.retain(|_, expires_s| *expires_s > now_s);
                self.forget(members, before - members.remote.len());
                members.size > 0
            });
        }
    }

    /// How many members it has, with this value or with any.
    pub(super) fn size(&self, value: Option<&[u8]>) -> usize {
        match value.filter(|_| self.has_value) {
            None => self.total.load(Ordering::Relaxed),
            Some(value) => {
                let shard = self.shard(value).lock();
                shard.get(value).map_or(0, |members| members.size)
            }
        }
    }

    /// The dialogs in it, with this value or with any, as often as they were put in.
    pub(super) fn dialogs(&self, value: Option<&[u8]>) -> Vec<(Arc<Dialog>, usize)> {
        let mut found = Vec::new();
        let mut add = |members: &Members| found.extend(members.local.values().cloned());
        match value.filter(|_| self.has_value) {
            Some(value) => {
                self.shard(value).lock().get(value).map(&mut add);
            }
            None => {
                for shard in &self.shards {
                    shard.lock().values().for_each(&mut add);
                }
            }
        }
        found
    }

    fn forget(&self, members: &mut Members, gone: usize) {
        members.size -= gone;
        self.total.fetch_sub(gone, Ordering::Relaxed);
        self.remote.fetch_sub(gone, Ordering::Relaxed);
    }

    fn shard(&self, value: &[u8]) -> &Shard {
        let index = (self.hasher.hash_one(value) >> 60) as usize;
        &self.shards[index % SHARDS]
    }

    /// Works on the members with a value; a value without members is forgotten.
    fn with<T>(&self, value: &[u8], work: impl FnOnce(&mut Members) -> T) -> T {
        let mut shard = self.shard(value).lock();
        let members = shard.entry(value.into()).or_insert_with(|| Members {
            local: BTreeMap::new(),
            remote: HashMap::with_hasher(self.hasher.clone()),
            size: 0,
        });
        let done = work(members);
        if members.size == 0 {
            shard.remove(value);
        }
        done
    }
}
