//! The items of a table: keys with values that may expire.

use super::held::Held;
use super::limits::ITEM;
use ahash::RandomState;
use bytes::Bytes;
use parking_lot::Mutex;
use policy::memory;
use script::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The end of an item that was read at start, when nobody knows the time: the next sweep gives it
/// its time.
pub(super) const LOADED: u64 = u64::MAX;

/// The items. They outlive a reload of the configuration.
pub(super) struct Items {
    slots: Box<[Mutex<Slot>]>,
    hasher: RandomState,
    bytes: AtomicUsize,
    /// Keys that scripts have locked.
    pub(super) locks: Mutex<HashSet<Bytes>>,
}

type Slot = HashMap<Box<[u8]>, Item, RandomState>;

#[derive(Clone, Debug)]
struct Item {
    value: Held,
    /// The Unix second it ends with; 0 for never.
    until_s: u64,
}

/// How long an item is kept that is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// To the end of this Unix second; 0 for ever.
    At(u64),
    /// The same, but an item that is there keeps its time.
    New(u64),
    /// The same, but an item that is there stays as it is.
    Absent(u64),
}

/// An item as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    pub(super) key: Bytes,
    pub(super) value: Held,
    pub(super) until_s: u64,
}

impl Items {
    pub(super) fn new(slots: usize, hasher: RandomState) -> Items {
        let slot = |_| Mutex::new(HashMap::with_hasher(hasher.clone()));
        Items {
            slots: (0..slots.max(1)).map(slot).collect(),
            hasher,
            bytes: AtomicUsize::new(0),
            locks: Mutex::default(),
        }
    }

    /// The value of a key that has not expired.
    pub(super) fn value(&self, key: &[u8], now_s: u64) -> Option<Value> {
        let slot = self.slot(key).lock();
        let item = slot.get(key).filter(|item| !item.is_over(now_s))?;
        Some(item.value.value())
    }

    /// The item of a key that has not expired.
    pub(super) fn item(&self, key: &[u8], now_s: u64) -> Option<Listed> {
        let slot = self.slot(key).lock();
        let item = slot.get(key).filter(|item| !item.is_over(now_s))?;
        Some(item.listed(key))
    }

    /// Writes an item; false where the table may not grow that far.
    pub(super) fn set(
        &self,
        key: &[u8],
        value: Held,
        until: Until,
        now_s: u64,
        most: usize,
    ) -> bool {
        let mut slot = self.slot(key).lock();
        let (until_s, before) = match (slot.get(key), until) {
            (Some(old), Until::Absent(_)) if !old.is_over(now_s) => return true,
            (Some(old), Until::New(_)) if !old.is_over(now_s) => (old.until_s, old.cost(key)),
            (old, Until::At(until_s) | Until::New(until_s) | Until::Absent(until_s)) => {
                (until_s, old.map_or(0, |old| old.cost(key)))
            }
        };
        let item = Item { value, until_s };
        if !self.book(before, item.cost(key), most) {
            return false;
        }
        match slot.get_mut(key) {
            Some(old) => *old = item,
            None => drop(slot.insert(key.into(), item)),
        }
        true
    }

    /// Adds to a number that is there and has not expired; none where it is not.
    pub(super) fn add(&self, key: &[u8], more: i64, until: Until, now_s: u64) -> Option<i64> {
        let mut slot = self.slot(key).lock();
        let item = slot.get_mut(key).filter(|item| !item.is_over(now_s))?;
        let Held::Int(number) = &mut item.value else {
            return None;
        };
        *number = number.wrapping_add(more);
        if let Until::At(until_s) = until {
            item.until_s = until_s;
        }
        Some(*number)
    }

    /// Gives an item another time; false where it is not there.
    pub(super) fn set_until(&self, key: &[u8], until_s: u64) -> bool {
        let mut slot = self.slot(key).lock();
        let item = slot.get_mut(key);
        item.map(|item| item.until_s = until_s).is_some()
    }

    /// Removes an item; false where it was not there.
    pub(super) fn remove(&self, key: &[u8]) -> bool {
        let mut slot = self.slot(key).lock();
        let removed = slot.remove(key);
        memory::give_back(&mut slot);
        removed
            .inspect(|item| self.give_back(item.cost(key)))
            .is_some()
    }

    /// Removes what `is_meant` says, slot by slot, and answers how many that were.
    pub(super) fn remove_where(&self, is_meant: impl Fn(&[u8], &Held) -> bool) -> usize {
        let mut removed = 0;
        for slot in &self.slots {
            let mut slot = slot.lock();
            slot.retain(|key, item| {
                let goes = is_meant(key, &item.value);
                if goes {
                    self.give_back(item.cost(key));
                    removed += 1;
                }
                !goes
            });
            memory::give_back(&mut slot);
        }
        removed
    }

    /// Removes what has expired, and tells each item after its slot is open again. What was read at
    /// start ends `fresh_s` from now.
    pub(super) fn sweep(&self, now_s: u64, fresh_s: u64, mut tell: impl FnMut(Listed)) {
        for slot in &self.slots {
            let (mut gone, mut slot) = (Vec::new(), slot.lock());
            slot.retain(|key, item| {
                if item.until_s == LOADED {
                    item.until_s = now_s.saturating_add(fresh_s);
                }
                let goes = item.is_over(now_s);
                if goes {
                    self.give_back(item.cost(key));
                    gone.push(item.listed(key));
                }
                !goes
            });
            memory::give_back(&mut slot);
            drop(slot);
            gone.into_iter().for_each(&mut tell);
        }
    }

    /// How many items are as `is_meant` says, stopping at `enough`.
    pub(super) fn count(&self, enough: usize, is_meant: impl Fn(&[u8], &Held) -> bool) -> usize {
        let mut count = 0;
        for slot in &self.slots {
            let slot = slot.lock();
            count += slot
                .iter()
                .filter(|(key, item)| is_meant(key, &item.value))
                .count();
            if count >= enough {
                break;
            }
        }
        count
    }

    /// The items of one slot; none where there is no such slot.
    pub(super) fn listed(&self, slot: usize) -> Option<Vec<Listed>> {
        let slot = self.slots.get(slot)?.lock();
        Some(slot.iter().map(|(key, item)| item.listed(key)).collect())
    }

    /// How many items each slot has.
    pub(super) fn sizes(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().map(|slot| slot.lock().len())
    }

    /// Octets in use.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn slot(&self, key: &[u8]) -> &Mutex<Slot> {
        // The slots' own tables take the bits at both ends of the hash.
        let index = (self.hasher.hash_one(key) >> 24) as usize % self.slots.len();
        &self.slots[index]
    }

    /// Books the cost of an item in place of what it cost before.
    fn book(&self, before: usize, after: usize, most: usize) -> bool {
        if after <= before {
            self.give_back(before - after);
            return true;
        }
        let more = after - before;
        let booked = self.bytes.fetch_add(more, Ordering::Relaxed);
        let fits = booked.saturating_add(more) <= most;
        if !fits {
            self.give_back(more);
        }
        fits
    }

    fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Item {
    fn is_over(&self, now_s: u64) -> bool {
        self.until_s != 0 && self.until_s < now_s
    }

    fn cost(&self, key: &[u8]) -> usize {
        ITEM + key.len() + self.value.text().map_or(0, <[u8]>::len)
    }

    fn listed(&self, key: &[u8]) -> Listed {
        Listed {
            key: Bytes::copy_from_slice(key),
            value: self.value.clone(),
            until_s: self.until_s,
        }
    }
}

/// Items, as tables, iterators and locks hold them.
pub(super) type Shared = Arc<Items>;

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Items {
        Items::new(8, RandomState::with_seeds(1, 2, 3, 4))
    }

    fn text(text: &str) -> Held {
        Held::Text(text.as_bytes().into())
    }

    #[test]
    fn what_is_over_is_not_seen_before_it_is_swept() {
        let items = items();
        items.set(b"a", Held::Int(1), Until::At(10), 0, 1 << 20);
        assert_eq!(items.value(b"a", 10), Some(Value::Int(1)));
        assert_eq!(items.value(b"a", 11), None);
        assert_eq!(items.add(b"a", 1, Until::New(0), 11), None);
        let mut gone = Vec::new();
        items.sweep(11, 0, |item| gone.push(item.key));
        assert_eq!(gone, [Bytes::from_static(b"a")]);
        assert_eq!(items.bytes(), 0);
    }

    #[test]
    fn an_update_may_keep_the_time() {
        let items = items();
        items.set(b"a", Held::Int(1), Until::New(10), 0, 1 << 20);
        items.set(b"a", Held::Int(2), Until::New(20), 5, 1 << 20);
        assert_eq!(items.item(b"a", 5).map(|item| item.until_s), Some(10));
        items.set(b"a", Held::Int(2), Until::At(20), 5, 1 << 20);
        assert_eq!(items.item(b"a", 5).map(|item| item.until_s), Some(20));
        // What is over begins anew.
        items.set(b"a", Held::Int(3), Until::New(40), 30, 1 << 20);
        assert_eq!(items.item(b"a", 30).map(|item| item.until_s), Some(40));
    }

    #[test]
    fn a_full_table_takes_nothing_new_and_updates_still() {
        let items = items();
        let most = 3 * (ITEM + 3);
        for key in ["a", "b", "c"] {
            assert!(items.set(key.as_bytes(), text("xx"), Until::At(0), 0, most));
        }
        assert!(!items.set(b"d", Held::Int(1), Until::At(0), 0, most));
        assert!(!items.set(b"a", text("xxx"), Until::At(0), 0, most));
        assert!(items.set(b"a", text("x"), Until::At(0), 0, most));
        assert!(items.set(b"b", text("xxx"), Until::At(0), 0, most));
        assert_eq!(items.bytes(), most);
        assert!(items.remove(b"a"));
        assert!(items.set(b"d", Held::Int(1), Until::At(0), 0, most));
        assert_eq!(items.remove_where(|_, _| true), 3);
        assert_eq!(items.bytes(), 0);
    }
}
