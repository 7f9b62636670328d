//! Sources that proved themselves: they answered a challenge with the right password, or registered.

use super::{Source, shard_of};
use ahash::RandomState;
use parking_lot::Mutex;
use stack::memory::{give_back, keep_within};
use std::collections::HashMap;
use std::net::SocketAddr;

/// What is known of where a packet comes from, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This user proved himself from this very address and port.
    Flow,
    /// This user did from this source, from another port.
    User,
    /// Somebody else did from this very address and port.
    Port,
    /// Somebody did from this source: another one behind the same translator, maybe.
    Source,
    /// Nobody did.
    Unknown,
}

/// Who proved himself, by source. Nothing of it is written anywhere.
pub(super) struct Known {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    most: usize,
}

struct Shard {
    sources: HashMap<Source, People, RandomState>,
    /// Entries of all of its sources.
    len: usize,
    swept_ms: u64,
}

/// Those behind one source.
#[derive(Default)]
struct People {
    /// By port.
    flows: Vec<Entry<u16>>,
    /// By hash of the user.
    users: Vec<Entry<u64>>,
}

struct Entry<K> {
    key: K,
    until_ms: u64,
    /// The hash of the user, 0 for none in particular.
    user: u64,
}

/// Entries of one source at most: who has an account and changes his port all the time does not fill
/// the table. Many more phones than this do not stand behind one address.
const MOST_OF_ONE: usize = 8192;

impl Known {
    /// At most `most` entries.
    pub(super) fn new(hasher: RandomState, shards: usize, most: usize) -> Known {
        let shard = |_| {
            Mutex::new(Shard {
                sources: HashMap::with_hasher(hasher.clone()),
                len: 0,
                swept_ms: 0,
            })
        };
        Known {
            shards: (0..shards).map(shard).collect(),
            most: most / shards.max(1),
            hasher,
        }
    }

    /// Notes that somebody, or `user`, proved himself from `peer`.
    pub(super) fn note(&self, peer: SocketAddr, user: Option<&[u8]>, until_ms: u64, now_ms: u64) {
        let user = user.map_or(0, |user| self.hash(user));
        let source = Source::unit(peer.ip());
        let mut shard = self.shard(source).lock();
        if shard.len >= self.most && now_ms.saturating_sub(shard.swept_ms) >= 1000 {
            shard.swept_ms = now_ms;
            shard.sweep(now_ms);
        }
        let is_full = shard.len >= self.most;
        keep_within(&mut shard.sources, self.most);
        let people = shard.sources.entry(source).or_default();
        let before = people.len();
        people.note(
            peer.port(),
            user,
            until_ms,
            is_full || before >= MOST_OF_ONE,
        );
        let (after, is_empty) = (people.len(), people.len() == 0);
        if is_empty {
            shard.sources.remove(&source);
        }
        shard.len = shard.len + after - before;
    }

    /// What is known of a packet's source, and of the user that it speaks of.
    pub(super) fn standing(&self, peer: SocketAddr, user: &[u8], now_ms: u64) -> Standing {
        let source = Source::unit(peer.ip());
        let shard = self.shard(source).lock();
        let Some(people) = shard.sources.get(&source) else {
            return Standing::Unknown;
        };
        let user = self.hash(user);
        let alive = |until_ms: u64| until_ms > now_ms;
        let flow = find(&people.flows, &peer.port()).filter(|flow| alive(flow.until_ms));
        if flow.is_some_and(|flow| flow.user == user) {
            return Standing::Flow;
        }
        if find(&people.users, &user).is_some_and(|of| alive(of.until_ms)) {
            return Standing::User;
        }
        if flow.is_some() {
            return Standing::Port;
        }
        let users = people.users.iter().map(|user| user.until_ms);
        let mut times = users.chain(people.flows.iter().map(|flow| flow.until_ms));
        match times.any(alive) {
            true => Standing::Source,
            false => Standing::Unknown,
        }
    }

    /// Entries there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len).sum()
    }

    /// Forgets what is over.
    pub(super) fn sweep(&self, now_ms: u64) {
        self.shards
            .iter()
            .for_each(|shard| shard.lock().sweep(now_ms));
    }

    fn shard(&self, source: Source) -> &Mutex<Shard> {
        &self.shards[shard_of(self.hasher.hash_one(source), self.shards.len())]
    }

    /// Never 0, which is nobody in particular.
    fn hash(&self, user: &[u8]) -> u64 {
        self.hasher.hash_one(user).max(1)
    }
}

impl Shard {
    fn sweep(&mut self, now_ms: u64) {
        let mut len = 0;
        self.sources.retain(|_, people| {
            people.flows.retain(|flow| flow.until_ms > now_ms);
            people.users.retain(|user| user.until_ms > now_ms);
            len += people.len();
            people.len() > 0
        });
        self.len = len;
        give_back(&mut self.sources);
    }
}

impl People {
    fn len(&self) -> usize {
        self.flows.len() + self.users.len()
    }

    /// Refreshes what is there; adds what is new unless it `is_full`.
    fn note(&mut self, port: u16, user: u64, until_ms: u64, is_full: bool) {
        note(&mut self.flows, port, (user, until_ms), is_full);
        if user != 0 {
            note(&mut self.users, user, (user, until_ms), is_full);
        }
    }
}

fn find<'a, K: Ord>(entries: &'a [Entry<K>], key: &K) -> Option<&'a Entry<K>> {
    let at = entries.binary_search_by(|entry| entry.key.cmp(key)).ok()?;
    entries.get(at)
}

fn note<K: Ord>(entries: &mut Vec<Entry<K>>, key: K, (user, until_ms): (u64, u64), is_full: bool) {
    match entries.binary_search_by(|entry| entry.key.cmp(&key)) {
        Ok(at) => {
            if let Some(entry) = entries.get_mut(at) {
                entry.until_ms = entry.until_ms.max(until_ms);
                entry.user = if user == 0 { entry.user } else { user };
            }
        }
        Err(_) if is_full => {}
        Err(at) => {
            if entries.is_empty() {
                // Most sources are one phone.
                entries.reserve_exact(1);
            }
            let entry = Entry {
                key,
                until_ms,
                user,
            };
            entries.insert(at, entry);
        }
    }
}
