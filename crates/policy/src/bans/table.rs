//! The table of single sources, in parts that are locked one by one.

use super::{Ban, Proof, Source, shard_of};
use ahash::RandomState;
use parking_lot::RwLock;
use stack::memory::{give_back, keep_within};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Who is banned: a source, with one port of it or, with port 0, all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) source: Source,
    pub(super) port: u16,
}

impl Key {
    pub(super) fn new(source: Source, port: Option<u16>) -> Key {
        let port = port.unwrap_or(0);
        Key { source, port }
    }

    pub(super) fn port(self) -> Option<u16> {
        (self.port != 0).then_some(self.port)
    }
}

pub(super) struct Table {
    shards: Box<[RwLock<Shard>]>,
    hasher: RandomState,
    /// Entries at most in each part.
    most: usize,
    len: AtomicUsize,
    /// Entries of one port.
    ports: AtomicUsize,
}

struct Shard {
    bans: HashMap<Key, Ban, RandomState>,
    weak: usize,
    ports: usize,
    swept_ms: u64,
}

impl Table {
    pub(super) fn new(hasher: RandomState, shards: usize, most: usize) -> Table {
        let shard = |_| {
            RwLock::new(Shard {
                bans: HashMap::with_hasher(hasher.clone()),
                weak: 0,
                ports: 0,
                swept_ms: 0,
            })
        };
        Table {
            shards: (0..shards).map(shard).collect(),
            most: most / shards.max(1),
            hasher,
            len: AtomicUsize::new(0),
            ports: AtomicUsize::new(0),
        }
    }

    /// Entries there are, ended ones that are remembered among them.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// True where some ban is of one port.
    pub(super) fn has_ports(&self) -> bool {
        self.ports.load(Ordering::Relaxed) > 0
    }

    /// Until when a key is banned, and how well that is founded.
    pub(super) fn find(&self, key: Key) -> Option<(u64, Proof)> {
        let shard = self.shard(key).read();
        let ban = shard.bans.get(&key)?;
        Some((ban.until_ms, ban.proof))
    }

    pub(super) fn ban_of(&self, key: Key) -> Option<Ban> {
        self.shard(key).read().bans.get(&key).cloned()
    }

    /// Enters a ban; false where there is no room for it.
    pub(super) fn put(&self, key: Key, ban: Ban, now_ms: u64) -> bool {
        let most = self.most;
        self.change(self.shard(key), |shard| {
            let fits = shard.bans.contains_key(&key) || shard.make_room(ban.proof, most, now_ms);
            if fits {
                shard.remove(key);
                keep_within(&mut shard.bans, most);
                shard.insert(key, ban);
            }
            fits
        })
    }

    pub(super) fn remove(&self, key: Key) -> Option<Ban> {
        self.change(self.shard(key), |shard| shard.remove(key))
    }

    /// Keeps what `stays` says.
    pub(super) fn retain(&self, mut stays: impl FnMut(Key, &Ban) -> bool) {
        for shard in &self.shards {
            self.change(shard, |shard| shard.retain(&mut stays));
        }
    }

    pub(super) fn each(&self, mut see: impl FnMut(Key, &Ban)) {
        for shard in &self.shards {
            let shard = shard.read();
            shard.bans.iter().for_each(|(key, ban)| see(*key, ban));
        }
    }

    fn change<T>(&self, shard: &RwLock<Shard>, how: impl FnOnce(&mut Shard) -> T) -> T {
        let mut shard = shard.write();
        let (len, ports) = (shard.bans.len(), shard.ports);
        let done = how(&mut shard);
        // Differences of unsigned numbers: a sum that wraps twice is right again.
        let more = |new: usize, old: usize| new.wrapping_sub(old);
        self.len
            .fetch_add(more(shard.bans.len(), len), Ordering::Relaxed);
        self.ports
            .fetch_add(more(shard.ports, ports), Ordering::Relaxed);
        done
    }

    fn shard(&self, key: Key) -> &RwLock<Shard> {
        &self.shards[shard_of(self.hasher.hash_one(key.source), self.shards.len())]
    }
}

impl Shard {
    /// What is over goes first, at most once a second; then, for a ban that is founded, one that is
    /// not, or the one that ends next. What the operator wrote stays. Unvalidated bans fill half.
    fn make_room(&mut self, proof: Proof, most: usize, now_ms: u64) -> bool {
        let is_weak = proof == Proof::Unvalidated;
        let has_room =
            |shard: &Shard| shard.bans.len() < most && !(is_weak && shard.weak >= most.div_ceil(2));
        if has_room(self) {
            return true;
        }
        if now_ms.saturating_sub(self.swept_ms) >= 1000 {
            self.swept_ms = now_ms;
            self.retain(&mut |_, ban| ban.until_ms > now_ms);
        }
        if has_room(self) {
            return true;
        }
        if is_weak {
            return false;
        }
        let others = self
            .bans
            .iter()
            .filter(|(_, ban)| ban.proof != Proof::Operator);
        let next = others.min_by_key(|(_, ban)| (ban.proof, ban.until_ms));
        match next.map(|(key, _)| *key) {
            Some(key) => self.remove(key).is_some(),
            None => false,
        }
    }

    fn retain(&mut self, stays: &mut impl FnMut(Key, &Ban) -> bool) {
        let (mut weak, mut ports) = (0, 0);
        self.bans.retain(|key, ban| {
            let stays = stays(*key, ban);
            weak += usize::from(stays && ban.proof == Proof::Unvalidated);
            ports += usize::from(stays && key.port != 0);
            stays
        });
        (self.weak, self.ports) = (weak, ports);
        give_back(&mut self.bans);
    }

    fn insert(&mut self, key: Key, ban: Ban) {
        self.weak += usize::from(ban.proof == Proof::Unvalidated);
        self.ports += usize::from(key.port != 0);
        self.bans.insert(key, ban);
    }

    fn remove(&mut self, key: Key) -> Option<Ban> {
        let ban = self.bans.remove(&key)?;
        self.weak -= usize::from(ban.proof == Proof::Unvalidated);
        self.ports -= usize::from(key.port != 0);
        Some(ban)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_costs_what_the_limit_says() {
        // One octet more is the hash table's own.
        assert_eq!(size_of::<(Key, Ban)>() + 1, 65);
    }
}
