//! What several servers share through Redis: items, which are texts under keys, with or without an end.
//!
//! Each server has a replica, which its scripts read and change without waiting for anybody. Ten times a
//! second, what was changed goes to Redis in one transaction, and what others changed comes from there:
//!
//! * Numbers are added to in Redis, so that what two servers count at once is counted twice. Of two
//!   other changes of one item, the later one holds.
//! * Redis has the last word: what it says of an item replaces what the replica had.
//! * Each transaction names the items that it changed in a log, which every server reads from where it
//!   left off. So all replicas are the same after two tenths of a second and a little. A server that
//!   starts, or was not heard of for [`STALE_S`], reads everything.
//! * While Redis is away, replicas go on by themselves and keep what they changed, at most
//!   [`MOST_PENDING`] items. When it is back, that is sent first; a transaction whose answer was lost is
//!   not sent twice. A Redis that comes back without its data gets it from the replicas.

mod change;
mod exchange;
mod reading;
mod words;

pub use change::{Change, Life};

use crate::{Counter, Init, KeyServers, Level, Logger, Problem, problem};
use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::keys::{Command, KeyStore, Said};

/// Milliseconds between two exchanges.
const TICK_MS: u32 = 100;

/// Changed items that are kept while Redis is away; each costs its key and value. The change of one more
/// is this server's alone, and counted (`shared.lost`).
pub const MOST_PENDING: usize = 65_536;

/// Seconds without an exchange after which the log may have forgotten what was not read.
const STALE_S: u64 = 10;

/// An item as Redis has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its value.
    pub value: Bytes,
    /// Seconds until its end, rounded up; none where it has none.
    pub left_s: Option<u64>,
}

/// Who keeps the items of a replica.
pub trait Owner: Send + Sync {
    /// What an item has become; none where it is gone. Must not change the replica.
    fn heard(&self, key: &[u8], item: Option<Item>, now_s: u64);

    /// Every item.
    fn all(&self, now_s: u64) -> Vec<(Bytes, Item)>;
}

/// A server's own copy of what several share.
pub struct Replica {
    keys: Arc<dyn KeyStore>,
    owner: Arc<dyn Owner>,
    state: Arc<Mutex<State>>,
    names: words::Names,
    module: &'static str,
    logger: Logger,
    lost: Counter,
}

/// What outlives a reload of the configuration.
#[derive(Default)]
struct State {
    /// What was changed here since the last exchange.
    pending: BTreeMap<Bytes, Change>,
    /// What is on its way, or was when Redis went.
    sent: Vec<(Bytes, Change)>,
    /// The number of that transaction.
    serial: u64,
    phase: Phase,
    is_busy: bool,
    /// Everything in Redis was read once.
    has_read: bool,
    /// The log has a line that Redis is away.
    is_told: bool,
    now_s: u64,
    /// When the last exchange succeeded.
    exchanged_s: u64,
}

/// Where a replica stands.
#[derive(Clone, Default)]
enum Phase {
    /// What is in Redis is to be read.
    #[default]
    Away,
    /// Everything was read up to this entry of the log.
    Following(Bytes),
}

impl Replica {
    /// The replica of a module, on the server that module `ndb_redis` knows by this name.
    ///
    /// # Errors
    /// Where there is no such server.
    pub fn start(
        init: &mut Init<'_>,
        module: &'static str,
        server: &str,
        owner: Arc<dyn Owner>,
    ) -> Result<Arc<Replica>, Problem> {
        let state = init.state("shared", Mutex::default);
        let lost = "Changes that other servers do not hear of.";
        let replica = Arc::new(Replica {
            keys: key_server(init, server)?,
            owner,
            state,
            names: words::Names::new(module, &node(&init.secret)),
            module,
            logger: init.logger.clone(),
            lost: init.counter_in("shared", "lost", lost),
        });
        replica.install(init);
        Ok(replica)
    }

    /// A change that was made here.
    pub fn change(&self, key: Bytes, change: Change) {
        let mut state = self.state.lock();
        let is_full = state.pending.len() >= MOST_PENDING;
        match state.pending.get_mut(&key) {
            Some(pending) => pending.follow(change),
            None if is_full => self.lost.inc(),
            None => drop(state.pending.insert(key, change)),
        }
    }

    /// Commands that add to a number in Redis at once, and what is to be done with the answer. What is
    /// pending for the item goes first.
    pub fn add_now(&self, key: Bytes, add: Change, now_s: u64) -> (Vec<Command>, Added) {
        let mut change = self.state.lock().pending.remove(&key);
        match &mut change {
            Some(pending) => pending.follow(add),
            None => change = Some(add),
        }
        let changes: Vec<_> = change
            .into_iter()
            .map(|change| (key.clone(), change))
            .collect();
        let commands = self.names.transaction(&changes, None, now_s);
        (commands, Added { changes, now_s })
    }

    /// What Redis said to [`Replica::add_now`]: the item. None where it is away or has refused: then the
    /// change is sent with the next exchange.
    pub fn added(&self, added: Added, said: Option<Vec<Said>>) -> Option<Item> {
        let items = said.and_then(|said| words::items(said.get(1..)?, &added.changes));
        let Some(items) = items else {
            let mut state = self.state.lock();
            for (key, change) in added.changes {
                state.put_before(key, change);
            }
            return None;
        };
        let mut last = None;
        for ((key, _), item) in added.changes.into_iter().zip(items) {
            self.settle(&key, item.clone(), added.now_s);
            last = item;
        }
        last
    }

    /// Where items are.
    pub fn keys(&self) -> Arc<dyn KeyStore> {
        self.keys.clone()
    }

    fn install(self: &Arc<Self>, init: &mut Init<'_>) {
        let (ticking, stopping) = (self.clone(), self.clone());
        init.every(TICK_MS, move |now_ms| ticking.tick(now_ms));
        init.on_stop(move |done| stopping.exchange_then(Box::new(move || done(Ok(())))));
    }

    /// Takes over what Redis says of an item, together with what was changed here meanwhile.
    fn settle(&self, key: &Bytes, item: Option<Item>, now_s: u64) {
        let item = match self.state.lock().pending.get(key) {
            None => item,
            Some(pending) => match pending.on(item) {
                Some(item) => Some(item),
                None => return,
            },
        };
        self.owner.heard(key, item, now_s);
    }

    #[track_caller]
    fn say(&self, level: Level, text: impl FnOnce() -> String) {
        self.logger.log(level, self.module, text);
    }
}

/// A number that is being added to in Redis.
pub struct Added {
    changes: Vec<(Bytes, Change)>,
    now_s: u64,
}

impl State {
    /// A change that was made before those that are pending.
    fn put_before(&mut self, key: Bytes, mut before: Change) {
        if let Some(after) = self.pending.remove(&key) {
            before.follow(after);
        }
        self.pending.insert(key, before);
    }

    /// The keys that were changed here and may not be in Redis yet.
    fn changed(&self) -> BTreeSet<Bytes> {
        let sent = self.sent.iter().map(|(key, _)| key);
        self.pending.keys().chain(sent).cloned().collect()
    }
}

/// The server that module `ndb_redis` knows by this name.
///
/// # Errors
/// Where there is no such module or server.
pub fn key_server(init: &Init<'_>, name: &str) -> Result<Arc<dyn KeyStore>, Problem> {
    let servers = init.service::<dyn KeyServers>("ndb_redis")?;
    servers.by_name(name.as_bytes()).ok_or_else(|| {
        problem(format!(
            "module ndb_redis knows no server named {name}: name it in its parameter server"
        ))
    })
}

/// A name for this process that nobody else has.
pub fn node(secret: &[u8; 32]) -> String {
    let digest = Sha256::new_with_prefix(b"ringwall node")
        .chain_update(secret)
        .finalize();
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
