//! Bindings in memory: slots with a lock each, records by address-of-record.

use ahash::RandomState;
use bytes::Bytes;
use parking_lot::Mutex;
use policy::memory::give_back;
use policy::{Binding, BindingState, Bindings, Change, Changes, Counter};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Name;

/// A table of bindings. It survives reloads.
pub(super) struct Table {
    pub(super) name: Bytes,
    /// The same as the database's name for it.
    pub(super) sql_name: Name,
    slots: Box<[Mutex<Slot>]>,
    gauges: Gauges,
    /// Its rows are still to be read: who is not in it may be registered nevertheless.
    awaits_rows: AtomicBool,
}

/// What is counted.
#[derive(Clone, Default)]
pub(super) struct Gauges {
    pub(super) users: Counter,
    pub(super) contacts: Counter,
    pub(super) expires: Counter,
    /// Users of all tables.
    pub(super) registered_users: Counter,
}

/// A part of a table.
struct Slot {
    records: HashMap<Box<[u8]>, Bindings, RandomState>,
    /// Record ids whose rows the timer deletes (`db_mode` 1 after a failure, and 2).
    removed: Vec<Bytes>,
}

/// What was done to a record.
pub(super) struct Changed {
    /// The bindings as they are now.
    pub(super) bindings: Bindings,
    /// What was changed.
    pub(super) changes: Changes,
}

impl Table {
    pub(super) fn new(
        name: Bytes,
        sql_name: Name,
        hash_size: u32,
        hasher: RandomState,
        gauges: Gauges,
    ) -> Table {
        let slot = || {
            Mutex::new(Slot {
                records: HashMap::with_hasher(hasher.clone()),
                removed: Vec::new(),
            })
        };
        let slots = (0..1_u32 << hash_size.min(20)).map(|_| slot()).collect();
        Table {
            name,
            sql_name,
            slots,
            gauges,
            awaits_rows: AtomicBool::new(false),
        }
    }

    /// Says whether rows are still to be read.
    pub(super) fn await_rows(&self, awaits: bool) {
        self.awaits_rows.store(awaits, Ordering::Release);
    }

    /// Whether rows are still to be read.
    pub(super) fn awaits_rows(&self) -> bool {
        self.awaits_rows.load(Ordering::Acquire)
    }

    /// The bindings of an address-of-record; none where they are still to be read.
    pub(super) fn known_bindings(&self, aor: &[u8]) -> Option<Bindings> {
        // Before the look: what is read meanwhile is found.
        let awaits = self.awaits_rows();
        let bindings = self.bindings(aor);
        (!awaits || !bindings.is_empty()).then_some(bindings)
    }

    /// The bindings of an address-of-record.
    pub(super) fn bindings(&self, aor: &[u8]) -> Bindings {
        self.slot_of(aor)
            .and_then(|slot| slot.lock().records.get(aor).cloned())
            .unwrap_or_default()
    }

    /// Changes a record as `decide` says. The slot is locked meanwhile.
    pub(super) fn change(
        &self,
        aor: &[u8],
        newest_first: bool,
        decide: impl FnOnce(&[Arc<Binding>]) -> Changes,
    ) -> Changed {
        let Some(slot) = self.slot_of(aor) else {
            return Changed {
                bindings: Bindings::default(),
                changes: Changes::new(),
            };
        };
        let mut slot = slot.lock();
        let before = slot.records.get(aor).cloned().unwrap_or_default();
        let changes = decide(&before);
        if changes.is_empty() {
            return Changed {
                bindings: before,
                changes,
            };
        }
        let bindings = changed(&before, &changes, newest_first);
        self.count(before.len(), bindings.len());
        if bindings.is_empty() {
            slot.records.remove(aor);
            give_back(&mut slot.records);
        } else if let Some(record) = slot.records.get_mut(aor) {
            *record = bindings.clone();
        } else {
            slot.records.insert(aor.into(), bindings.clone());
        }
        Changed { bindings, changes }
    }

    /// Notes rows to delete by the timer.
    pub(super) fn delete_later(&self, aor: &[u8], ruids: impl IntoIterator<Item = Bytes>) {
        if let Some(slot) = self.slot_of(aor) {
            slot.lock().removed.extend(ruids);
        }
    }

    /// Takes the record ids whose rows are to be deleted in the slot `index`.
    pub(super) fn take_removed(&self, index: usize) -> Vec<Bytes> {
        self.slots
            .get(index)
            .map(|slot| std::mem::take(&mut slot.lock().removed))
            .unwrap_or_default()
    }

    /// Puts them back, since that did not work.
    pub(super) fn put_removed(&self, index: usize, ruids: Vec<Bytes>) {
        if let Some(slot) = self.slots.get(index) {
            slot.lock().removed.extend(ruids);
        }
    }

    /// How many slots there are.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The records of one slot, copied so that nobody waits for the visitor.
    pub(super) fn records(&self, index: usize) -> Vec<(Box<[u8]>, Bindings)> {
        let copy = |slot: &Mutex<Slot>| -> Vec<_> {
            let slot = slot.lock();
            slot.records
                .iter()
                .map(|(aor, bindings)| (aor.clone(), bindings.clone()))
                .collect()
        };
        self.slots.get(index).map(copy).unwrap_or_default()
    }

    /// The records of one slot that `wants`, copied.
    pub(super) fn records_where(
        &self,
        index: usize,
        wants: impl Fn(&[u8], &[Arc<Binding>]) -> bool,
    ) -> Vec<(Box<[u8]>, Bindings)> {
        let copy = |slot: &Mutex<Slot>| -> Vec<_> {
            let slot = slot.lock();
            let wanted = slot
                .records
                .iter()
                .filter(|(aor, bindings)| wants(aor, bindings));
            wanted
                .map(|(aor, bindings)| (aor.clone(), bindings.clone()))
                .collect()
        };
        self.slots.get(index).map(copy).unwrap_or_default()
    }

    /// Every slot's number of records.
    pub(super) fn slot_sizes(&self) -> impl Iterator<Item = usize> {
        self.slots.iter().map(|slot| slot.lock().records.len())
    }

    /// The slot that [`aor_hash`] leads to.
    pub(super) fn slot_index(&self, aor_hash: u32) -> usize {
        // The number of slots is a power of two.
        aor_hash as usize & (self.slots.len() - 1)
    }

    /// Counts an expired binding.
    pub(super) fn count_expired(&self) {
        self.gauges.expires.inc();
    }

    fn slot_of(&self, aor: &[u8]) -> Option<&Mutex<Slot>> {
        self.slots.get(self.slot_index(aor_hash(aor)))
    }

    fn count(&self, before: usize, after: usize) {
        let difference = after as i64 - before as i64;
        self.gauges.contacts.add(difference);
        let users = i64::from(after > 0) - i64::from(before > 0);
        self.gauges.users.add(users);
        self.gauges.registered_users.add(users);
    }
}

/// A number for an address-of-record that is the same after a restart (FNV-1a, 32 bits). It chooses
/// the slot; within the slot a keyed hash is used, so that nobody can aim at one chain.
pub(super) fn aor_hash(aor: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = aor.iter().fold(0x811c_9dc5, step);
    hash ^ (hash >> 15)
}

/// A list after changes.
pub(super) fn changed(before: &[Arc<Binding>], changes: &[Change], newest_first: bool) -> Bindings {
    let mut list = List::from(before);
    changes
        .iter()
        .for_each(|change| apply(&mut list, change, newest_first));
    list.as_slice().into()
}

/// The bindings of one address-of-record while they change; mostly there are few.
type List = SmallVec<[Arc<Binding>; 4]>;

/// Rows of a database in the order of a record.
pub(super) fn sorted(mut list: Vec<Arc<Binding>>, newest_first: bool) -> Bindings {
    if newest_first {
        list.sort_by_key(|binding| std::cmp::Reverse(binding.modified_s()));
    } else {
        list.sort_by_key(|binding| std::cmp::Reverse(binding.q()));
    }
    list.into()
}

fn apply(list: &mut List, change: &Change, newest_first: bool) {
    let place =
        |list: &[Arc<Binding>], ruid: &[u8]| list.iter().position(|binding| binding.ruid() == ruid);
    match change {
        Change::Insert(binding) => list.insert(rank(list, binding, newest_first), binding.clone()),
        Change::Update(binding) => match place(list, binding.ruid()) {
            Some(at) if newest_first => {
                inherit(binding, &list.remove(at));
                list.insert(0, binding.clone());
            }
            Some(at) => {
                if let Some(old) = list.get_mut(at) {
                    inherit(binding, old);
                    *old = binding.clone();
                }
            }
            None => list.insert(rank(list, binding, newest_first), binding.clone()),
        },
        Change::Remove(binding) => {
            if let Some(at) = place(list, binding.ruid()) {
                list.remove(at);
            }
        }
    }
}

/// What the database knew of the old state it now knows as an old state; what was measured stays.
fn inherit(binding: &Binding, old: &Binding) {
    binding.keep_roundtrip(old);
    if old.state() != BindingState::New {
        binding.set_state(BindingState::Dirty);
    }
}

/// Behind those with the same or a higher q, or in front of all.
fn rank(list: &[Arc<Binding>], binding: &Binding, newest_first: bool) -> usize {
    if newest_first {
        0
    } else {
        list.partition_point(|other| other.q() >= binding.q())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::binding;
    use super::*;
    use smallvec::smallvec;

    fn table() -> Table {
        let name = Bytes::from_static(b"location");
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        Table::new(name, store::name!("location"), 4, hasher, Gauges::default())
    }

    fn order(bindings: &Bindings) -> Vec<String> {
        bindings
            .iter()
            .map(|binding| String::from_utf8_lossy(binding.contact()).into_owned())
            .collect()
    }

    fn insert(table: &Table, contact: &str, q: i16, newest_first: bool) -> Bindings {
        let binding = binding(contact, q, contact);
        table
            .change(b"alice", newest_first, |_| {
                smallvec![Change::Insert(binding)]
            })
            .bindings
    }

    #[test]
    fn the_highest_q_comes_first_and_the_oldest_of_equals() {
        let table = table();
        for (contact, q) in [("c", -1), ("a", 700), ("b", 500), ("d", -1), ("e", 500)] {
            insert(&table, contact, q, false);
        }
        assert_eq!(order(&table.bindings(b"alice")), ["a", "b", "e", "c", "d"]);
        // A refresh with another q stays where it is, as in Kamailio.
        let refresh = binding("e", 1000, "e");
        table.change(b"alice", false, |_| smallvec![Change::Update(refresh)]);
        assert_eq!(order(&table.bindings(b"alice")), ["a", "b", "e", "c", "d"]);
    }

    #[test]
    fn the_newest_comes_first_where_that_is_wanted() {
        let table = table();
        for (contact, q) in [("a", 700), ("b", 100), ("c", -1)] {
            insert(&table, contact, q, true);
        }
        assert_eq!(order(&table.bindings(b"alice")), ["c", "b", "a"]);
    }

    #[test]
    fn gauges_follow_users_and_contacts() {
        let table = table();
        let first = insert(&table, "a", 0, false);
        insert(&table, "b", 0, false);
        assert_eq!(
            (table.gauges.users.value(), table.gauges.contacts.value()),
            (1, 2)
        );
        let first = first.to_vec();
        table.change(b"alice", false, |list| {
            assert_eq!(list.len(), 2);
            first.into_iter().map(Change::Remove).collect()
        });
        assert_eq!(
            (table.gauges.users.value(), table.gauges.contacts.value()),
            (1, 1)
        );
        table.change(b"alice", false, |list| {
            list.iter().cloned().map(Change::Remove).collect()
        });
        assert_eq!(
            (
                table.gauges.registered_users.value(),
                table.gauges.contacts.value()
            ),
            (0, 0)
        );
        assert!(table.bindings(b"alice").is_empty());
    }

    #[test]
    fn a_refresh_of_a_stored_binding_is_dirty() {
        let table = table();
        let stored = insert(&table, "a", 0, false);
        stored
            .iter()
            .for_each(|binding| binding.set_state(BindingState::Synced));
        let refresh = binding("a", 0, "a");
        let changed = table.change(b"alice", false, |_| smallvec![Change::Update(refresh)]);
        assert_eq!(
            changed.bindings.first().map(|binding| binding.state()),
            Some(BindingState::Dirty)
        );
    }
}
