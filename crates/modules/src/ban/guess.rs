//! Wrong passwords and other offences: how many, by whom, and how long nobody is let in after them.
//!
//! A table of fixed size. What is counted has a keyed hash for a name, of a source, or of a user and a
//! source, so no text is kept and nobody chooses what collides.

use super::params::Delay;
use ahash::RandomState;
use parking_lot::Mutex;
use policy::Source;

/// Places of the table, 40 octets each: 2.5 MiB. When the eight places that a name may have are taken,
/// the one without a wrong password for the longest time is given up.
pub(super) const PLACES: usize = 65_536;
const WAYS: usize = 8;
const SHARDS: usize = 64;

pub(super) struct Guesses {
    shards: Box<[Mutex<Box<[Place]>>]>,
    hasher: RandomState,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name(u64);

#[derive(Clone, Copy, Default)]
struct Place {
    /// 0 where the place is free.
    name: u64,
    /// The hash of the last request that was counted: a retransmission is no second guess.
    request: u64,
    /// Unix seconds, which fit until 2106.
    last_s: u32,
    blocked_until_s: u32,
    /// All that came.
    count: u32,
    /// Until when some of them are not forgiven.
    forgiven_s: u32,
    /// How often the delay has begun.
    level: u32,
}

impl Guesses {
    pub(super) fn new(hasher: RandomState) -> Guesses {
        let shard = |_| Mutex::new(vec![Place::default(); PLACES / SHARDS].into_boxed_slice());
        Guesses {
            shards: (0..SHARDS).map(shard).collect(),
            hasher,
        }
    }

    /// The name of a source.
    pub(super) fn source(&self, source: Source) -> Name {
        Name(self.hasher.hash_one(source).max(1))
    }

    /// The name of a user at a source.
    pub(super) fn user(&self, user: &[u8], source: Source) -> Name {
        Name(self.hasher.hash_one((user, source)).max(1))
    }

    /// The name of an offence of a source.
    pub(super) fn offence(&self, reason: &[u8], source: Source) -> Name {
        Name(self.hasher.hash_one((source, reason)).max(1))
    }

    /// A number for a request.
    pub(super) fn request(&self, octets: &[u8]) -> u64 {
        self.hasher.hash_one(octets)
    }

    /// Counts a wrong password; answers how many there were that are not forgiven. While a delay runs it
    /// does not grow: who guesses on cannot keep others out for longer. None for a retransmission of the
    /// last one.
    pub(super) fn count(&self, name: Name, request: u64, delay: &Delay, now_s: u64) -> Option<u32> {
        let now = small(now_s);
        let mut shard = self.shard(name).lock();
        let place = find(&mut shard, name, true)?;
        if place.name != name.0 || is_over(place, delay, now) {
            *place = Place {
                name: name.0,
                ..Place::default()
            };
        } else if place.request == request {
            return None;
        }
        (place.request, place.last_s) = (request, now);
        place.count = place.count.saturating_add(1);
        if place.count > delay.free && place.blocked_until_s <= now {
            let factor = 1_u64.checked_shl(place.level).unwrap_or(u64::MAX);
            let seconds = delay.first_s.saturating_mul(factor).min(delay.longest_s);
            place.blocked_until_s = small(now_s.saturating_add(seconds));
            place.level = place.level.saturating_add(1);
        }
        let forgive_s = delay.forgive_s.max(1);
        let begins_s = u64::from(place.forgiven_s).max(now_s);
        place.forgiven_s = small(begins_s.saturating_add(forgive_s));
        let left = u64::from(place.forgiven_s.saturating_sub(now)).div_ceil(forgive_s);
        u32::try_from(left).ok()
    }

    /// True while a delay runs.
    pub(super) fn is_delayed(&self, name: Name, now_s: u64) -> bool {
        let mut shard = self.shard(name).lock();
        find(&mut shard, name, false).is_some_and(|place| place.blocked_until_s > small(now_s))
    }

    /// Forgets what was counted.
    pub(super) fn forget(&self, name: Name) {
        let mut shard = self.shard(name).lock();
        if let Some(place) = find(&mut shard, name, false) {
            *place = Place::default();
        }
    }

    fn shard(&self, name: Name) -> &Mutex<Box<[Place]>> {
        &self.shards[(name.0 >> 32) as usize % SHARDS]
    }
}

/// The place of a name; where it has none, with `or_new` the one to give up.
fn find(places: &mut [Place], name: Name, or_new: bool) -> Option<&mut Place> {
    let first = (name.0 as usize % (places.len() / WAYS).max(1)) * WAYS;
    let ways = places.get_mut(first..first + WAYS)?;
    let own = ways.iter().position(|place| place.name == name.0);
    let oldest = || {
        let ages = ways.iter().enumerate();
        ages.min_by_key(|(_, place)| place.last_s).map(|(at, _)| at)
    };
    let at = match own {
        None if or_new => oldest(),
        own => own,
    };
    ways.get_mut(at?)
}

fn is_over(place: &Place, delay: &Delay, now_s: u32) -> bool {
    let idle_s = u64::from(now_s.saturating_sub(place.last_s));
    idle_s > delay.forget_s && place.blocked_until_s <= now_s
}

fn small(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_795_246_834;
    const DELAY: Delay = Delay {
        free: 2,
        first_s: 1,
        longest_s: 900,
        forget_s: 1800,
        forgive_s: 60,
    };

    fn guesses() -> Guesses {
        Guesses::new(RandomState::with_seeds(1, 2, 3, 4))
    }

    fn source(text: &str) -> Source {
        Source::parse(text).expect(text)
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let guesses = guesses();
        let name = guesses.user(b"alice", source("192.0.2.1"));
        let (mut now_s, mut delays) = (NOW_S, Vec::new());
        for request in 0..16 {
            guesses.count(name, request, &DELAY, now_s);
            let begun_s = now_s;
            while guesses.is_delayed(name, now_s) {
                now_s += 1;
            }
            delays.push(now_s - begun_s);
        }
        assert_eq!(delays[..6], [0, 0, 1, 2, 4, 8]);
        assert_eq!(delays[13..], [900, 900, 900]);
    }

    #[test]
    fn guesses_meanwhile_count_and_prolong_nothing() {
        let guesses = guesses();
        let name = guesses.source(source("192.0.2.1"));
        let counts: Vec<_> = (0..20)
            .map(|request| guesses.count(name, request, &DELAY, NOW_S))
            .collect();
        assert_eq!(counts.last(), Some(&Some(20)));
        assert!(guesses.is_delayed(name, NOW_S) && !guesses.is_delayed(name, NOW_S + 1));
    }

    #[test]
    fn retransmissions_and_old_guesses_do_not_count() {
        let guesses = guesses();
        let name = guesses.source(source("192.0.2.1"));
        assert_eq!(guesses.count(name, 7, &DELAY, NOW_S), Some(1));
        assert_eq!(guesses.count(name, 7, &DELAY, NOW_S), None);
        assert_eq!(guesses.count(name, 8, &DELAY, NOW_S), Some(2));
        assert_eq!(guesses.count(name, 9, &DELAY, NOW_S + 1801), Some(1));
        guesses.forget(name);
        assert_eq!(guesses.count(name, 9, &DELAY, NOW_S + 1801), Some(1));
    }

    #[test]
    fn a_phone_that_tries_once_a_minute_is_forgiven() {
        let guesses = guesses();
        let name = guesses.source(source("192.0.2.1"));
        for minute in 0..100 {
            let now_s = NOW_S + minute * 60;
            assert_eq!(guesses.count(name, minute, &DELAY, now_s), Some(1));
        }
        assert!(
            guesses.is_delayed(name, NOW_S + 100 * 60),
            "and delayed all the same"
        );
    }

    #[test]
    fn names_are_apart() {
        let guesses = guesses();
        let (one, other) = (source("192.0.2.1"), source("192.0.2.2"));
        let names = [
            guesses.source(one),
            guesses.source(other),
            guesses.user(b"alice", one),
            guesses.user(b"alice", other),
            guesses.user(b"bob", one),
            guesses.user(b"", one),
        ];
        for name in names {
            assert_eq!(guesses.count(name, 1, &DELAY, NOW_S), Some(1));
        }
    }

    #[test]
    fn the_table_stays_as_large_as_it_is() {
        assert_eq!(size_of::<Place>(), 40);
        let guesses = guesses();
        for number in 0..200_000_u32 {
            let name = guesses.user(&number.to_be_bytes(), source("192.0.2.1"));
            guesses.count(name, 1, &DELAY, NOW_S + u64::from(number / 1000));
        }
        let taken = |shard: &Mutex<Box<[Place]>>| {
            let shard = shard.lock();
            shard.iter().filter(|place| place.name != 0).count()
        };
        assert!(guesses.shards.iter().map(taken).sum::<usize>() <= PLACES);
        let last = guesses.user(&199_999_u32.to_be_bytes(), source("192.0.2.1"));
        assert_eq!(guesses.count(last, 2, &DELAY, NOW_S + 200), Some(2));
    }
}
