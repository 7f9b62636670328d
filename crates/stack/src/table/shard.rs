//! One shard: chains by hash, each a short list of slots.

use std::collections::{HashMap, VecDeque, hash_map};
use std::hash::{BuildHasherDefault, Hasher};

use smallvec::SmallVec;

use super::key::Class;
use super::{Key, Lookup, Out, Refused, TxId};
use crate::memory::give_back;

#[derive(Debug)]
pub(super) struct Shard<T, M> {
    chains: HashMap<u64, Chain<T, M>, BuildHasherDefault<Already>>,
    next_label: u32,
}

/// Nearly always one: the INVITE. Its ACK and CANCEL come later.
type Chain<T, M> = SmallVec<[Entry<T, M>; 1]>;

#[derive(Debug)]
struct Entry<T, M> {
    label: u32,
    class: Class,
    branch: u64,
    dialog: u64,
    /// Of each 2xx that went up.
    to_tags: SmallVec<[u64; 2]>,
    slot: Slot<T, M>,
}

#[derive(Debug)]
pub(super) enum Slot<T, M> {
    Idle(T),
    Busy(Mailbox<M>),
    Parked(T, Mailbox<M>),
}

/// The letters that wait, the oldest first. Hardly any slot ever has one, so that it takes no room for them.
#[derive(Debug)]
#[allow(
    clippy::box_collection,
    reason = "a slot is in every transaction: 8 bytes instead of 32"
)]
pub(super) struct Mailbox<M>(Option<Box<VecDeque<M>>>);

impl<T, M> Shard<T, M> {
    pub(super) fn new(first_label: u32) -> Self {
        Shard {
            chains: HashMap::default(),
            next_label: first_label,
        }
    }

    pub(super) fn insert_busy(&mut self, key: &Key, max_chain: usize) -> Result<TxId, Refused> {
        let label = self.next_label;
        let chain = self.chains.entry(key.hash).or_default();
        if let Some(entry) = chain.iter().find(|e| e.matches(key, Lookup::Same)) {
            return Err(Refused::Exists(TxId {
                hash: key.hash,
                label: entry.label,
            }));
        }
        if chain.len() >= max_chain {
            return Err(Refused::ChainFull);
        }
        self.next_label = label.wrapping_add(1);
        chain.push(Entry {
            label,
            class: key.class,
            branch: key.branch,
            dialog: key.dialog,
            to_tags: SmallVec::new(),
            slot: Slot::Busy(Mailbox::EMPTY),
        });
        Ok(TxId {
            hash: key.hash,
            label,
        })
    }

    pub(super) fn find(&self, key: &Key, lookup: Lookup) -> Option<TxId> {
        let chain = self.chains.get(&key.hash)?;
        let entry = chain.iter().find(|e| e.matches(key, lookup))?;
        Some(TxId {
            hash: key.hash,
            label: entry.label,
        })
    }

    pub(super) fn contains(&self, id: TxId) -> bool {
        let chain = self.chains.get(&id.hash);
        chain.is_some_and(|chain| chain.iter().any(|entry| entry.label == id.label))
    }

    pub(super) fn idle(&self, id: TxId) -> Option<&T> {
        let entry = self.chains.get(&id.hash)?;
        match &entry.iter().find(|entry| entry.label == id.label)?.slot {
            Slot::Idle(transaction) => Some(transaction),
            Slot::Busy(_) | Slot::Parked(..) => None,
        }
    }

    pub(super) fn each(&self, visit: &mut impl FnMut(TxId, Option<&T>)) {
        for (hash, chain) in &self.chains {
            for Entry { label, slot, .. } in chain {
                let id = TxId {
                    hash: *hash,
                    label: *label,
                };
                match slot {
                    Slot::Idle(transaction) => visit(id, Some(transaction)),
                    Slot::Busy(_) | Slot::Parked(..) => visit(id, None),
                }
            }
        }
    }

    /// How many chains there are, and the length of the longest.
    pub(super) fn chains(&self) -> (usize, usize) {
        let longest = self.chains.values().map(|chain| chain.len()).max();
        (self.chains.len(), longest.unwrap_or(0))
    }

    pub(super) fn check_out(&mut self, id: TxId, letter: M, max_mail: usize) -> Out<T, M> {
        let Some(slot) = self.slot(id) else {
            return Out::Missing(letter);
        };
        match slot {
            Slot::Busy(mail) | Slot::Parked(_, mail) => {
                if mail.len() >= max_mail {
                    return Out::Full(letter);
                }
                mail.put(letter);
                Out::Queued(id)
            }
            Slot::Idle(_) => match std::mem::replace(slot, Slot::Busy(Mailbox::EMPTY)) {
                Slot::Idle(transaction) => Out::Taken(id, transaction, letter),
                Slot::Busy(_) | Slot::Parked(..) => Out::Missing(letter),
            },
        }
    }

    pub(super) fn put_back(&mut self, id: TxId, transaction: T) -> Option<(T, M)> {
        let slot = self.slot(id)?;
        if let Slot::Busy(mail) = slot
            && let Some(letter) = mail.take()
        {
            return Some((transaction, letter));
        }
        *slot = Slot::Idle(transaction);
        None
    }

    pub(super) fn park(&mut self, id: TxId, transaction: T) {
        let Some(slot) = self.slot(id) else { return };
        let mail = match slot {
            Slot::Busy(mail) | Slot::Parked(_, mail) => mail.take_all(),
            Slot::Idle(_) => Mailbox::EMPTY,
        };
        *slot = Slot::Parked(transaction, mail);
    }

    pub(super) fn resume(&mut self, id: TxId) -> Option<T> {
        let slot = self.slot(id)?;
        let Slot::Parked(_, mail) = slot else {
            return None;
        };
        let mail = mail.take_all();
        match std::mem::replace(slot, Slot::Busy(mail)) {
            Slot::Parked(transaction, _) => Some(transaction),
            Slot::Idle(_) | Slot::Busy(_) => None,
        }
    }

    /// The slot leaves the shard, so that its transaction is dropped without the lock.
    pub(super) fn remove(&mut self, id: TxId) -> Option<Slot<T, M>> {
        let hash_map::Entry::Occupied(mut chain) = self.chains.entry(id.hash) else {
            return None;
        };
        let at = chain.get().iter().position(|e| e.label == id.label)?;
        let entry = chain.get_mut().swap_remove(at);
        if chain.get().is_empty() {
            chain.remove();
            give_back(&mut self.chains);
        }
        Some(entry.slot)
    }

    pub(super) fn note_to_tag(&mut self, id: TxId, tag: u64, max_to_tags: usize) {
        let chain = self.chains.get_mut(&id.hash);
        if let Some(entry) = chain.and_then(|c| c.iter_mut().find(|e| e.label == id.label))
            && entry.to_tags.len() < max_to_tags
            && !entry.to_tags.contains(&tag)
        {
            entry.to_tags.push(tag);
        }
    }

    fn slot(&mut self, id: TxId) -> Option<&mut Slot<T, M>> {
        let chain = self.chains.get_mut(&id.hash)?;
        chain
            .iter_mut()
            .find(|e| e.label == id.label)
            .map(|e| &mut e.slot)
    }
}

impl<T, M> Slot<T, M> {
    /// The letters that nobody has read.
    pub(super) fn into_letters(self) -> Vec<M> {
        match self {
            Slot::Busy(mail) | Slot::Parked(_, mail) => mail.into_letters(),
            Slot::Idle(_) => Vec::new(),
        }
    }
}

impl<M> Mailbox<M> {
    const EMPTY: Self = Mailbox(None);

    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |letters| letters.len())
    }

    fn put(&mut self, letter: M) {
        self.0.get_or_insert_default().push_back(letter);
    }

    fn take(&mut self) -> Option<M> {
        self.0.as_mut()?.pop_front()
    }

    fn take_all(&mut self) -> Self {
        Mailbox(self.0.take())
    }

    fn into_letters(self) -> Vec<M> {
        self.0.map(|letters| (*letters).into()).unwrap_or_default()
    }
}

impl<T, M> Entry<T, M> {
    fn matches(&self, key: &Key, lookup: Lookup) -> bool {
        match lookup {
            Lookup::Same => {
                self.branch == key.branch && self.class == key.class && self.class != Class::Local
            }
            Lookup::Cancelled => {
                self.branch == key.branch && !matches!(self.class, Class::Cancel | Class::Local)
            }
            Lookup::Call => self.class == Class::Invite,
            Lookup::AckOfAccepted => {
                self.class == Class::Invite
                    && self.dialog == key.dialog
                    && self.to_tags.contains(&key.to_tag)
            }
        }
    }
}

/// The hasher of a key that is a keyed hash already.
#[derive(Default)]
struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    /// The low bits choose the shard and are the same in all of it, so they go to the end.
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash.rotate_right(16);
    }
}
