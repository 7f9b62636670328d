//! Where transactions are found: a sharded table that any worker may use, with check-out ownership.
//!
//! A worker *checks out* a transaction, works on it with no lock held, and *puts it back*. Whoever
//! comes meanwhile leaves a letter in its mailbox, which the owner gets with the put-back. So the
//! routes of one transaction never run twice at once, and no worker waits for another.

mod key;
mod shard;

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

pub use key::{Key, Keyer, Lookup, RequestId, TopVia};

use crate::Limits;
use shard::{Shard, Slot};

/// Shards, each under its own lock. With a handful of workers two rarely meet in one of 512.
const SHARDS: usize = 512;

/// Names one transaction for as long as it is in the table.
///
/// `hash` is a keyed hash over Call-ID and CSeq number, so that an INVITE, its ACK (also to a 2xx)
/// and its CANCEL meet in one chain; `label` tells the members of a chain apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxId {
    /// The chain.
    pub hash: u64,
    /// The member.
    pub label: u32,
}

/// Why a transaction was not inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The same request already has a transaction: this one is a retransmission of it.
    Exists(TxId),
    /// [`Limits::max_chain`].
    ChainFull,
    /// [`Limits::max_transactions`].
    TableFull,
}

/// What a check-out gave.
#[derive(Debug)]
pub enum Out<T, M> {
    /// The caller owns the transaction, and has its letter back. It must put back or remove.
    Taken(TxId, T, M),
    /// Somebody else owns it; the letter waits in its mailbox.
    Queued(TxId),
    /// There is no such transaction.
    Missing(M),
    /// Somebody else owns it and its mailbox is full ([`Limits::max_mail`]).
    Full(M),
}

/// The transactions of a server. `T` is one of them, `M` a letter to a busy one.
#[derive(Debug)]
pub struct Table<T, M> {
    shards: Box<[Mutex<Shard<T, M>>]>,
    len: AtomicUsize,
    max_transactions: usize,
    max_chain: usize,
    max_mail: usize,
    max_to_tags: usize,
}

impl<T, M> Table<T, M> {
    /// An empty table. `first_label` is any number; a restarted server takes another one, so
    /// that late replies to its former life match nothing.
    pub fn new(limits: &Limits, first_label: u32) -> Self {
        Table {
            shards: (0..SHARDS)
                .map(|_| Mutex::new(Shard::new(first_label)))
                .collect(),
            len: AtomicUsize::new(0),
            max_transactions: limits.max_transactions,
            max_chain: limits.max_chain,
            max_mail: limits.max_mail,
            max_to_tags: limits.max_to_tags,
        }
    }

    /// How many transactions there are.
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes a place for a transaction that the caller is about to build and owns from now on: it
    /// must put it back or remove it.
    ///
    /// # Errors
    /// [`Refused`]: it is there already, or a bound is reached.
    pub fn insert_busy(&self, key: &Key) -> Result<TxId, Refused> {
        if self.len.fetch_add(1, Ordering::Relaxed) >= self.max_transactions {
            self.len.fetch_sub(1, Ordering::Relaxed);
            return self
                .find(key, Lookup::Same)
                .map_or(Err(Refused::TableFull), |id| Err(Refused::Exists(id)));
        }
        let inserted = self.shard(key.hash).insert_busy(key, self.max_chain);
        if inserted.is_err() {
            self.len.fetch_sub(1, Ordering::Relaxed);
        }
        inserted
    }

    /// The transaction that a request belongs to, in the way that `lookup` says.
    pub fn find(&self, key: &Key, lookup: Lookup) -> Option<TxId> {
        self.shard(key.hash).find(key, lookup)
    }

    /// Whether there is such a transaction.
    pub fn contains(&self, id: TxId) -> bool {
        self.shard(id.hash).contains(id)
    }

    /// Looks at a transaction without taking it: `look` gets none where somebody works on it or it
    /// is not there. It runs under a lock, so it must be short and must not use the table.
    pub fn peek<R>(&self, id: TxId, look: impl FnOnce(Option<&T>) -> R) -> R {
        let shard = self.shard(id.hash);
        look(shard.idle(id))
    }

    /// Calls `visit` with every transaction, none for those that somebody works on; shard by shard,
    /// under its lock. For operators: it costs a walk over the whole table.
    pub fn each(&self, mut visit: impl FnMut(TxId, Option<&T>)) {
        for shard in &self.shards {
            shard.lock().each(&mut visit);
        }
    }

    /// The number of chains, and the length of the longest.
    pub fn chains(&self) -> (usize, usize) {
        let lengths = self.shards.iter().map(|shard| shard.lock().chains());
        lengths.fold((0, 0), |(count, longest), (more, long)| {
            (count + more, longest.max(long))
        })
    }

    /// Finds a transaction by a request and takes it, or leaves the letter.
    pub fn check_out_key(&self, key: &Key, lookup: Lookup, letter: M) -> Out<T, M> {
        let mut shard = self.shard(key.hash);
        match shard.find(key, lookup) {
            Some(id) => shard.check_out(id, letter, self.max_mail),
            None => Out::Missing(letter),
        }
    }

    /// Takes a transaction, or leaves the letter.
    pub fn check_out(&self, id: TxId, letter: M) -> Out<T, M> {
        self.shard(id.hash).check_out(id, letter, self.max_mail)
    }

    /// Puts a transaction back. If a letter came meanwhile, both are handed out: the caller still
    /// owns the transaction and deals with the letter, the oldest first.
    #[must_use = "a transaction handed out again must be worked on and put back"]
    pub fn put_back(&self, id: TxId, transaction: T) -> Option<(T, M)> {
        self.shard(id.hash).put_back(id, transaction)
    }

    /// Puts a busy transaction aside while one of its routes waits: its letters queue until
    /// somebody takes it with [`Table::resume`].
    pub fn park(&self, id: TxId, transaction: T) {
        self.shard(id.hash).park(id, transaction);
    }

    /// Takes a parked transaction, past all waiting letters.
    pub fn resume(&self, id: TxId) -> Option<T> {
        self.shard(id.hash).resume(id)
    }

    /// Ends a transaction that the caller owns, or an idle one. Returns the letters that nobody has
    /// read: each is a message without a transaction now.
    pub fn remove(&self, id: TxId) -> Vec<M> {
        let removed = self.shard(id.hash).remove(id);
        if removed.is_some() {
            self.len.fetch_sub(1, Ordering::Relaxed);
        }
        removed.map(Slot::into_letters).unwrap_or_default()
    }

    /// Notes the To tag of a 2xx that went up, so that its ACK finds the INVITE
    /// ([`Lookup::AckOfAccepted`]). `tag` is [`Keyer::tag`] of it. Beyond [`Limits::max_to_tags`]
    /// it is not noted.
    pub fn note_to_tag(&self, id: TxId, tag: u64) {
        self.shard(id.hash).note_to_tag(id, tag, self.max_to_tags);
    }

    fn shard(&self, hash: u64) -> parking_lot::MutexGuard<'_, Shard<T, M>> {
        // The modulus keeps the index in range; SHARDS is a power of two.
        self.shards[(hash as usize) % SHARDS].lock()
    }
}
