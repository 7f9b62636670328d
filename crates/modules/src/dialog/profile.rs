//! Profiles: which dialogs belong together, counted by value.

use super::call::Dialog;
use super::texts::Did;
use ahash::RandomState;
use parking_lot::Mutex;
use policy::memory::give_back;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

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
    /// The values whose numbers have changed, where anybody wants to know.
    changed: OnceLock<Mutex<BTreeSet<Box<[u8]>>>>,
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
    /// How many other servers have, by their names, and when their word ends, in Unix seconds.
    told: BTreeMap<Box<[u8]>, (usize, u64)>,
    size: usize,
}

/// What another server has told: its name, a value, how many dialogs, and until which Unix second.
pub(super) type Told = (Box<[u8]>, Box<[u8]>, usize, u64);

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
            changed: OnceLock::new(),
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
        self.note_change(value);
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
        self.note_change(value);
    }

    /// From now on the values whose numbers change are noted.
    pub(super) fn note_changes(&self) {
        let _already = self.changed.set(Mutex::default());
    }

    /// The values whose numbers have changed, with how many dialogs of this server have each.
    pub(super) fn take_changes(&self) -> Vec<(Box<[u8]>, usize)> {
        let Some(changed) = self.changed.get() else {
            return Vec::new();
        };
        let changed = std::mem::take(&mut *changed.lock());
        let each = changed.into_iter().map(|value| {
            let shard = self.shard(&value).lock();
            let count = shard.get(&value).map_or(0, Members::local_size);
            drop(shard);
            (value, count)
        });
        each.collect()
    }

    /// The same for every value that dialogs of this server have.
    pub(super) fn local_counts(&self) -> Vec<(Box<[u8]>, usize)> {
        let mut counts = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let each = shard
                .iter()
                .map(|(value, members)| (value.clone(), members.local_size()));
            counts.extend(each.filter(|(_, count)| *count > 0));
        }
        counts
    }

    /// Another server has so many dialogs with a value, until a Unix second; none where it has none.
    pub(super) fn hear(&self, server: &[u8], value: &[u8], told: Option<(usize, u64)>) {
        let has_room = self.remote.load(Ordering::Relaxed) < Self::MOST_REMOTE;
        self.with(value, |members| {
            let before = members.told.remove(server);
            self.remote
                .fetch_sub(usize::from(before.is_some()), Ordering::Relaxed);
            self.resize(members, before.map_or(0, |(count, _)| count), 0);
            if let Some((count, until_s)) = told.filter(|_| has_room || before.is_some()) {
                members.told.insert(server.into(), (count, until_s));
                self.remote.fetch_add(1, Ordering::Relaxed);
                self.resize(members, 0, count);
            }
        });
    }

    /// Everything that other servers have told.
    pub(super) fn told(&self) -> Vec<Told> {
        let mut all = Vec::new();
        for shard in &self.shards {
            for (value, members) in &*shard.lock() {
                let each = members.told.iter();
                all.extend(each.map(|(server, (count, until_s))| {
                    (server.clone(), value.clone(), *count, *until_s)
                }));
            }
        }
        all
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
            let mut shard = shard.lock();
            shard.retain(|_, members| {
                let before = members.remote.len();
                members.remote.retain(|_, expires_s| *expires_s > now_s);
                self.forget(members, before - members.remote.len());
                let (mut gone, before) = (0, members.told.len());
                members.told.retain(|_, (count, until_s)| {
                    let stays = *until_s > now_s;
                    gone += if stays { 0 } else { *count };
                    stays
                });
                let servers = before - members.told.len();
                self.remote.fetch_sub(servers, Ordering::Relaxed);
                self.resize(members, gone, 0);
                members.size > 0
            });
            give_back(&mut shard);
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

    fn resize(&self, members: &mut Members, gone: usize, come: usize) {
        members.size = members.size + come - gone;
        self.total.fetch_add(come, Ordering::Relaxed);
        self.total.fetch_sub(gone, Ordering::Relaxed);
    }

    fn note_change(&self, value: &[u8]) {
        if let Some(changed) = self.changed.get() {
            let mut changed = changed.lock();
            if !changed.contains(value) {
                changed.insert(value.into());
            }
        }
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
            told: BTreeMap::new(),
            size: 0,
        });
        let done = work(members);
        if members.size == 0 {
            shard.remove(value);
            give_back(&mut shard);
        }
        done
    }
}

impl Members {
    /// How many there are of this server.
    fn local_size(&self) -> usize {
        let told: usize = self.told.values().map(|(count, _)| count).sum();
        self.size - self.remote.len() - told
    }
}
