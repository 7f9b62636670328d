//! How much room hash tables have: no more than their bound needs, and less again after a peak.
//!
//! The standard library's table never shrinks by itself, and doubles where entries that were removed have left
//! too many marks in it, though no more entries are there than before.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// Gives memory back after a peak: where less than an eighth of a table is taken, it becomes a quarter as large or
/// smaller. Called after removals, it costs each of them the same on average, however many they are. The smallest
/// tables, of three places, stay.
pub fn give_back<K: Hash + Eq, V, S: BuildHasher>(table: &mut HashMap<K, V, S>) {
    if table.len() < (table.capacity() + 4) / 8 {
        table.shrink_to(table.len() * 2);
    }
}

/// Called before an insertion, keeps a table as small as `most` entries need. Where the next entry would make it
/// grow beyond that, it is written anew, which costs as much as growing would.
pub fn keep_within<K: Hash + Eq, V, S: BuildHasher + Clone>(
    table: &mut HashMap<K, V, S>,
    most: usize,
) {
    let would_grow = table.len() == table.capacity();
    if would_grow && table.len() >= most / 2 && table.len() < most {
        let mut anew = HashMap::with_capacity_and_hasher(most, table.hasher().clone());
        anew.extend(table.drain());
        *table = anew;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ahash::RandomState;

    const MOST: usize = 3584;

    /// Fills a table to the brim, empties a part of it and fills it again, many times.
    /// Answers the most room that it had.
    fn churned(before_insertion: impl Fn(&mut HashMap<u32, u32, RandomState>)) -> usize {
        let mut table = HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
        let (mut next, mut room) = (0, 0);
        for turn in 1..200 {
            while table.len() < MOST {
                before_insertion(&mut table);
                table.insert(next, next);
                next += 1;
                room = room.max(table.capacity());
            }
            table.retain(|key, _| key % 7 != turn % 7);
        }
        room
    }

    #[test]
    fn a_table_of_bounded_length_is_of_bounded_size() {
        assert!(churned(|_| ()) > MOST, "the reason for it has gone");
        assert_eq!(churned(|table| keep_within(table, MOST)), MOST);
    }

    #[test]
    fn nothing_is_lost_and_small_tables_stay_small() {
        let mut table = HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
        for key in 0..MOST {
            keep_within(&mut table, MOST);
            table.insert(key, key);
            assert!(table.capacity() <= 2 * key.max(4));
        }
        assert!((0..MOST).all(|key| table.get(&key) == Some(&key)));
    }

    #[test]
    fn a_table_that_is_nearly_empty_gives_memory_back() {
        let mut table: HashMap<u32, u32, _> =
            HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
        table.extend((0..100_000).map(|key| (key, key)));
        let mut sizes = 0;
        for key in 100..100_000 {
            let before = table.capacity();
            table.remove(&key);
            give_back(&mut table);
            sizes += usize::from(table.capacity() < before / 2);
        }
        assert!(table.capacity() <= 1000, "{}", table.capacity());
        assert!(sizes < 12, "{sizes} times");
        assert!((0..100).all(|key| table.contains_key(&key)));
    }
}
