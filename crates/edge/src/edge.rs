//! What all workers share.

use crate::answered::Resident;
use crate::counts::Counts;
use crate::mail::Mail;
use crate::outside::Ledger;
use crate::overload::Overload;
use crate::run::Waiting;
use crate::{Limits, Ticket};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use policy::{BansLink, Config, Outbox, World};
use stack::branch::Brancher;
use stack::table::{Keyer, Table, TxId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The state behind all workers of a server.
pub struct Edge {
    config: ArcSwap<Config>,
    /// How many configurations there were, so that a worker sees whether its own is still the last.
    configs: AtomicUsize,
    pub(crate) limits: Limits,
    pub(crate) table: Arc<Table<Resident, Mail>>,
    pub(crate) keyer: Keyer,
    pub(crate) brancher: Brancher,
    /// What the To tags we make are hashed with: unguessable, constant for the life of the server.
    pub(crate) tag_keys: ahash::RandomState,
    pub(crate) counts: Counts,
    pub(crate) waiting: WaitingRoom,
    pub(crate) reserved: Reserved,
    pub(crate) outbox: Outbox,
    pub(crate) bans: BansLink,
    pub(crate) blocklist: Arc<stack::blocklist::Blocklist>,
    pub(crate) overload: Overload,
}

/// Random numbers the edge is keyed with. Handed in, for the edge has no randomness of its own.
pub struct Keys {
    /// For hash tables that peers fill.
    pub hashing: [u64; 8],
    /// For tags of our replies.
    pub tags: [u64; 4],
    /// For the branch tokens in our Vias.
    pub branches: [[u8; 16]; 3],
    /// Where transaction labels begin.
    pub first_label: u32,
}

impl Edge {
    /// An edge that runs `config`.
    pub fn new(config: Arc<Config>, limits: Limits, keys: Keys, world: &World<'_>) -> Edge {
        let [a, b, c, d] = keys.tags;
        let table = Arc::new(Table::new(&limits.stack, keys.first_label));
        let keyer = Keyer::new(keys.hashing);
        let ledger = Ledger::new(&table, keyer.clone());
        world.states.transactions().set(Arc::new(ledger));
        Edge {
            table,
            keyer,
            brancher: Brancher::new(keys.branches),
            tag_keys: ahash::RandomState::with_seeds(a, b, c, d),
            counts: Counts::new(world.counters),
            outbox: world.states.outbox().clone(),
            bans: world.states.bans().clone(),
            blocklist: world.states.blocklist().clone(),
            waiting: WaitingRoom::new(limits.max_waiting),
            reserved: Reserved::default(),
            overload: Overload::default(),
            config: ArcSwap::new(config),
            configs: AtomicUsize::new(0),
            limits,
        }
    }

    /// Runs another configuration from the next message on; requests under way keep theirs.
    pub fn replace_config(&self, config: Arc<Config>) {
        self.config.store(config);
        self.configs.fetch_add(1, Ordering::Release);
    }

    /// The configuration that new messages get.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// How many configurations [`Edge::config`] has replaced.
    pub(crate) fn replaced(&self) -> usize {
        self.configs.load(Ordering::Acquire)
    }

    /// How many transactions there are now.
    pub fn transactions(&self) -> usize {
        self.table.len()
    }
}

/// Routes that wait for the world outside, by ticket.
pub(crate) struct WaitingRoom {
    next: AtomicU64,
    len: AtomicUsize,
    most: usize,
    shards: Box<[Mutex<BTreeMap<Ticket, Waiting>>]>,
}

const SHARDS: u64 = 64;

impl WaitingRoom {
    fn new(most: usize) -> WaitingRoom {
        let shards = (0..SHARDS).map(|_| Mutex::new(BTreeMap::new())).collect();
        WaitingRoom {
            next: AtomicU64::new(1),
            len: AtomicUsize::new(0),
            most,
            shards,
        }
    }

    /// True where another route may wait.
    pub(crate) fn has_room(&self) -> bool {
        self.len.load(Ordering::Relaxed) < self.most
    }

    /// Takes a route in and gives its ticket.
    pub(crate) fn enter(&self, waiting: Waiting) -> Ticket {
        let ticket = Ticket(self.next.fetch_add(1, Ordering::Relaxed));
        self.len.fetch_add(1, Ordering::Relaxed);
        self.shard(ticket).lock().insert(ticket, waiting);
        ticket
    }

    /// Lets the route with this ticket out, if it still waits.
    pub(crate) fn leave(&self, ticket: Ticket) -> Option<Waiting> {
        let waiting = self.shard(ticket).lock().remove(&ticket);
        if waiting.is_some() {
            self.len.fetch_sub(1, Ordering::Relaxed);
        }
        waiting
    }

    fn shard(&self, ticket: Ticket) -> &Mutex<BTreeMap<Ticket, Waiting>> {
        &self.shards[(ticket.0 % SHARDS) as usize]
    }
}

/// The places in the transaction table that requests hold which wait without a transaction. As many
/// as routes may wait, so it needs no bound of its own.
#[derive(Default)]
pub(crate) struct Reserved {
    len: AtomicUsize,
    places: Mutex<BTreeSet<TxId>>,
}

impl Reserved {
    /// Notes that a waiting request holds this place.
    pub(crate) fn hold(&self, id: TxId) {
        let mut places = self.places.lock();
        places.insert(id);
        self.len.store(places.len(), Ordering::Release);
    }

    /// The request has its transaction now, or is over.
    pub(crate) fn give_up(&self, id: TxId) {
        let mut places = self.places.lock();
        places.remove(&id);
        self.len.store(places.len(), Ordering::Release);
    }

    /// True where nobody waits so, which costs no lock.
    pub(crate) fn is_empty(&self) -> bool {
        self.len.load(Ordering::Acquire) == 0
    }

    /// True where a waiting request holds this place.
    pub(crate) fn is_held(&self, id: TxId) -> bool {
        self.places.lock().contains(&id)
    }
}
