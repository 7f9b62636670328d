//! Names of dialogs: `h_entry` and `h_id`, which of them are taken, and where their dialogs lie.

use super::texts::Did;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// How numbers of dialogs are made: `start + N * step` where `step` is above 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// `h_id_start`.
    pub(super) start: u32,
    /// `h_id_step`.
    pub(super) step: u32,
}

/// The names in use, each with the hash of its dialog's Call-ID, which says in which chain the dialog lies.
pub(super) struct Names {
    /// `hash_size`.
    size: u32,
    numbers: Numbers,
    next: AtomicU32,
    shards: [Mutex<BTreeMap<Did, u64>>; Names::SHARDS],
}

impl Names {
    /// So many locks, so that workers rarely meet.
    const SHARDS: usize = 16;

    /// No name is in use, and numbers go on from `first`.
    pub(super) fn new(size: u32, numbers: Numbers, first: u32) -> Names {
        Names {
            size: size.max(1),
            numbers,
            next: AtomicU32::new(first),
            shards: Default::default(),
        }
    }

    /// A new name for a dialog with this Call-ID.
    pub(super) fn give(&self, call_id: &[u8], hash: u64) -> Did {
        let entry = entry(call_id, self.size);
        loop {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            let id = match self.numbers.step {
                0 | 1 => n,
                step => self.numbers.start.wrapping_add(n.wrapping_mul(step)),
            };
            let did = Did { entry, id };
            if self.take(did, hash) {
                return did;
            }
        }
    }

    /// Takes a name that a database tells; false where it is in use.
    pub(super) fn take(&self, did: Did, hash: u64) -> bool {
        let mut names = self.shard(did).lock();
        match names.contains_key(&did) {
            true => false,
            false => names.insert(did, hash).is_none(),
        }
    }

    /// Gives a name back.
    pub(super) fn free(&self, did: Did) {
        self.shard(did).lock().remove(&did);
    }

    /// The hash of the Call-ID of the dialog with this name.
    pub(super) fn hash_of(&self, did: Did) -> Option<u64> {
        self.shard(did).lock().get(&did).copied()
    }

    fn shard(&self, did: Did) -> &Mutex<BTreeMap<Did, u64>> {
        &self.shards[did.id as usize % Names::SHARDS]
    }
}

/// `h_entry` of a dialog with this Call-ID among `size`, a power of two, as Kamailio 5.6.3 has it: it does
/// not start on a table whose rows have other ones. Observed with Call-IDs of every length; it is no
/// keyed hash, so nothing is looked up by it.
fn entry(call_id: &[u8], size: u32) -> u32 {
    let (words, rest) = call_id.as_chunks::<4>();
    let words = words.iter().map(|word| u32::from_be_bytes(*word));
    let last = rest.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let folded = words
        .chain([last])
        .fold(0_u32, |sum, word| sum.wrapping_add(word ^ word >> 3));
    [11, 13, 23]
        .iter()
        .fold(folded, |sum, shift| sum.wrapping_add(folded >> shift))
        & (size - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_those_of_kamailio() {
        let observed = [
            ("a", 109, 45),
            ("ab", 3422, 30),
            ("abc", 3906, 2),
            ("abcd", 1048, 24),
            ("abcde", 1153, 1),
            ("zz~!@#-_.*long.call-id.of.a.phone@192.0.2.1", 3613, 29),
        ];
        for (call_id, of_4096, of_64) in observed {
            assert_eq!(entry(call_id.as_bytes(), 4096), of_4096, "{call_id}");
            assert_eq!(entry(call_id.as_bytes(), 64), of_64, "{call_id}");
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let names = Names::new(64, Numbers { start: 3, step: 10 }, 0);
        assert!(names.take(Did { entry: 45, id: 13 }, 1));
        let ids = [0; 3].map(|_| names.give(b"a", 2).id);
        assert_eq!(ids, [3, 23, 33], "13 is in the database");
        assert_eq!(names.hash_of(Did { entry: 45, id: 13 }), Some(1));
        names.free(Did { entry: 45, id: 13 });
        assert_eq!(names.hash_of(Did { entry: 45, id: 13 }), None);
    }
}
