//! Pipes by name.

use crate::throttle::{Algorithm, Pipe, Regulator};
use ahash::RandomState;
use bytes::Bytes;
use parking_lot::Mutex;
use policy::memory::give_back;
use std::collections::HashMap;

/// How many pipes there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Pipes at most. Scripts make pipes by names that peers choose (`pl_check("$si", …)`). Each costs about
    /// 180 octets and its name, of at most [`Limits::name_bytes`]: 47 MiB in the worst case.
    pub(super) pipes: usize,
    /// The longest name, in octets.
    pub(super) name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            pipes: 65_536,
            name_bytes: 512,
        }
    }
}

/// Parts that are locked one by one.
const SHARDS: usize = 16;

/// Everything that changes while the server runs.
pub(super) struct Pipes {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    limits: Limits,
    pub(super) regulator: Regulator,
    /// The algorithms in use that go by a load, as of the last interval.
    wanted: Mutex<Vec<Algorithm>>,
}

type Shard = HashMap<Bytes, Named, RandomState>;

/// A pipe as it is listed.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) pipe: Pipe,
    /// Intervals in a row without a check.
    pub(super) unused: u32,
}

impl Named {
    fn limit(&mut self, limit: u32) {
        if limit > 0 {
            self.pipe.limit = limit;
        }
    }
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    Missing,
    Passes,
    Refused,
    /// The pipe lets everything pass.
    Nop,
}

impl Pipes {
    pub(super) fn new(hasher: RandomState, limits: Limits) -> Pipes {
        let shard = |_| Mutex::new(HashMap::with_hasher(hasher.clone()));
        Pipes {
            shards: (0..SHARDS).map(shard).collect(),
            hasher,
            limits,
            regulator: Regulator::default(),
            wanted: Mutex::default(),
        }
    }

    /// Counts at a pipe.
    pub(super) fn check(&self, name: &[u8]) -> Checked {
        let mut shard = self.shard(name).lock();
        let Some(named) = shard.get_mut(name) else {
            return Checked::Missing;
        };
        named.unused = 0;
        let passes = named.pipe.check(1);
        match (named.pipe.algorithm, passes) {
            (Algorithm::Nop, _) => Checked::Nop,
            (_, true) => Checked::Passes,
            (_, false) => Checked::Refused,
        }
    }

    /// Makes a pipe where there is none, else gives it a limit above 0. False where it has no place.
    pub(super) fn ensure(&self, name: &Bytes, algorithm: Algorithm, limit: u32) -> bool {
        let mut shard = self.shard(name).lock();
        if let Some(named) = shard.get_mut(name) {
            named.limit(limit);
            return true;
        }
        if name.len() > self.limits.name_bytes {
            return false;
        }
        if shard.len() >= self.limits.pipes / SHARDS {
            // Pipes that nobody asked for in this interval and the last make room.
            shard.retain(|_, named| named.unused < 2);
        }
        let fits = shard.len() < self.limits.pipes / SHARDS;
        if fits {
            let pipe = Pipe::new(algorithm, limit);
            // The name may be a slice of a whole message.
            shard.insert(Bytes::copy_from_slice(name), Named { pipe, unused: 0 });
        }
        fits
    }

    /// Gives a pipe a limit above 0; false where there is none.
    pub(super) fn give(&self, name: &[u8], limit: u32) -> bool {
        let mut shard = self.shard(name).lock();
        let named = shard.get_mut(name);
        named.map(|named| named.limit(limit)).is_some()
    }

    /// Whether there is such a pipe.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.shard(name).lock().contains_key(name)
    }

    /// Changes a pipe; false where there is none.
    pub(super) fn set(&self, name: &[u8], algorithm: Algorithm, limit: u32) -> bool {
        let mut shard = self.shard(name).lock();
        let named = shard.get_mut(name);
        named
            .map(|named| named.pipe = Pipe::new(algorithm, limit))
            .is_some()
    }

    /// Ends an interval. Pipes that were not used for `clean` intervals go, unless it is 0; `read`
    /// gives a file of the machine by its path.
    pub(super) fn turn(&self, clean: u32, read: impl Fn(&str) -> Option<Vec<u8>>) {
        let wanted = std::mem::take(&mut *self.wanted.lock());
        let (load, gains) = self.regulator.measure(&wanted, read);
        let mut wanted = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.retain(|_, named| {
                let algorithm = named.pipe.algorithm;
                if algorithm.goes_by_load() && !wanted.contains(&algorithm) {
                    wanted.push(algorithm);
                }
                named.pipe.turn(1, load, &gains);
                named.unused = named.unused.saturating_add(1);
                clean == 0 || named.unused <= clean
            });
            give_back(&mut shard);
        }
        *self.wanted.lock() = wanted;
    }

    /// Takes a load for true until the next one is measured, and lets the controllers act on it.
    pub(super) fn push_load(&self, cpu: f64) {
        let (load, gains) = self.regulator.force(cpu);
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard
                .values_mut()
                .for_each(|named| named.pipe.control(load, &gains));
        }
    }

    /// The pipe of this name, or all of them by name.
    pub(super) fn listed(&self, name: Option<&str>) -> Vec<(Bytes, Named)> {
        let mut pipes = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let is_meant = |key: &Bytes| name.is_none_or(|name| name.as_bytes() == key);
            let found = shard.iter().filter(|(key, _)| is_meant(key));
            pipes.extend(found.map(|(key, named)| (key.clone(), named.clone())));
        }
        pipes.sort_by(|one, other| one.0.cmp(&other.0));
        pipes
    }

    fn shard(&self, name: &[u8]) -> &Mutex<Shard> {
        // The shards' own tables take the bits at both ends of the hash.
        let index = (self.hasher.hash_one(name) >> 32) as usize % SHARDS;
        &self.shards[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_find_an_end_and_idle_ones_make_room() {
        let limits = Limits {
            pipes: 64,
            ..Limits::default()
        };
        let pipes = Pipes::new(RandomState::with_seeds(1, 2, 3, 4), limits);
        let ensure = |number: u32| {
            let name = Bytes::from(number.to_string());
            pipes.ensure(&name, Algorithm::TailDrop, 1)
        };
        let made = (0..1000).filter(|number| ensure(*number)).count();
        assert_eq!(made, 64);
        assert_eq!(pipes.listed(None).len(), 64);
        (0..2).for_each(|_| pipes.turn(0, |_| None));
        assert!((1000..1010).all(ensure));
        let long = Bytes::from(vec![b'x'; 513]);
        assert!(!pipes.ensure(&long, Algorithm::Red, 1));
    }

    #[test]
    fn unused_pipes_go_where_that_is_wanted() {
        let pipes = Pipes::new(RandomState::with_seeds(1, 2, 3, 4), Limits::default());
        let name = Bytes::from_static(b"a");
        pipes.ensure(&name, Algorithm::TailDrop, 1);
        (0..3).for_each(|_| pipes.turn(3, |_| None));
        assert!(pipes.has(b"a"));
        pipes.turn(3, |_| None);
        assert!(!pipes.has(b"a"));
    }
}
