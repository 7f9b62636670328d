//! A list of networks that operators write, ready to be looked up.

use super::Source;
use super::ranges::Ranges;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct Networks<T> {
    listed: Mutex<BTreeMap<Source, T>>,
    ranges: RwLock<Ranges>,
    /// So that an empty list costs no lock.
    is_empty: AtomicBool,
    until_ms: fn(&T) -> u64,
    most: usize,
}

impl<T: Clone> Networks<T> {
    /// At most `most` networks; each holds until the time that `until_ms` reads.
    pub(super) fn new(most: usize, until_ms: fn(&T) -> u64) -> Networks<T> {
        Networks {
            listed: Mutex::default(),
            ranges: RwLock::default(),
            is_empty: AtomicBool::new(true),
            until_ms,
            most,
        }
    }

    /// Until when an address stands in a network of the list.
    pub(super) fn until_ms(&self, address: Source) -> Option<u64> {
        if self.is_empty.load(Ordering::Relaxed) {
            return None;
        }
        self.ranges.read().until_ms(address)
    }

    /// Enters a network; false where there is no room.
    pub(super) fn put(&self, network: Source, what: T) -> bool {
        self.put_all([(network, what)].into_iter())
    }

    /// Enters several; false where there was no room for all. Making the ranges takes a moment, so it is
    /// done once.
    pub(super) fn put_all(&self, several: impl Iterator<Item = (Source, T)>) -> bool {
        self.change(|listed| {
            let mut fit = true;
            for (network, what) in several {
                let fits = listed.len() < self.most || listed.contains_key(&network);
                if fits {
                    listed.insert(network, what);
                }
                fit &= fits;
            }
            fit
        })
    }

    pub(super) fn remove(&self, network: Source) -> Option<T> {
        let is_there = self.listed.lock().contains_key(&network);
        is_there
            .then(|| self.change(|listed| listed.remove(&network)))
            .flatten()
    }

    /// Keeps what `stays` says.
    pub(super) fn retain(&self, stays: impl Fn(&T) -> bool) {
        let all_stay = self.listed.lock().values().all(&stays);
        if !all_stay {
            self.change(|listed| listed.retain(|_, what| stays(what)));
        }
    }

    /// True where a network of the list contains this source.
    pub(super) fn covers(&self, source: Source) -> bool {
        if self.is_empty.load(Ordering::Relaxed) {
            return false;
        }
        let listed = self.listed.lock();
        listed.keys().any(|network| network.contains(source))
    }

    pub(super) fn all(&self) -> Vec<(Source, T)> {
        let listed = self.listed.lock();
        let pairs = listed.iter();
        pairs
            .map(|(network, what)| (*network, what.clone()))
            .collect()
    }

    fn change<R>(&self, how: impl FnOnce(&mut BTreeMap<Source, T>) -> R) -> R {
        let mut listed = self.listed.lock();
        let done = how(&mut listed);
        let pairs = listed.iter();
        let ranges = Ranges::new(pairs.map(|(network, what)| (*network, (self.until_ms)(what))));
        *self.ranges.write() = ranges;
        self.is_empty.store(listed.is_empty(), Ordering::Relaxed);
        done
    }
}
