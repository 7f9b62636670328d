//! Destinations that failed and are left alone for a while: Kamailio's destination blocklist.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::Transport;

/// Why a destination is listed, as a set of bits with Kamailio's numbers.
pub mod reason {
    /// A message for it did not leave.
    pub const SEND: u8 = 0x02;
    /// It refused a connection, or did not answer the attempt.
    pub const CONNECT: u8 = 0x04;
    /// A request to it was never answered.
    pub const TIMEOUT: u8 = 0x10;
    /// It said 503.
    pub const UNAVAILABLE: u8 = 0x20;
    /// Somebody asked for it: a script, an operator.
    pub const ASKED: u8 = 0x40;
    /// It stays until the server stops.
    pub const PERMANENT: u8 = 0x80;
}

/// Where messages go: address, port, and the transport, where it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Address and port.
    pub address: SocketAddr,
    /// None stands for every transport.
    pub transport: Option<Transport>,
}

/// A listed destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which one.
    pub place: Place,
    /// Why, bits of [`reason`].
    pub reasons: u8,
    /// Until when, milliseconds of the clock that is handed in.
    pub until_ms: u64,
}

/// The list, for all workers. It costs one atomic load while it is empty.
#[derive(Debug, Default)]
pub struct Blocklist {
    entries: Mutex<Entries>,
    len: AtomicUsize,
}

#[derive(Debug, Default)]
struct Entries {
    listed: BTreeMap<Place, Entry>,
    /// When expired entries were last thrown away.
    swept_ms: u64,
}

/// How long the list may get.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Entries at most. A full list takes no further destination: what would be listed is tried again instead.
    pub most: usize,
    /// Expired entries are thrown away this many milliseconds after the last time, or when the list is full.
    pub sweep_ms: u64,
}

impl Blocklist {
    /// What an entry costs, octets: a node of the map and its share of the tree.
    pub const ENTRY_OCTETS: usize = 128;

    /// Lists a destination, or gives it a new end and a further reason; false where the list is full.
    pub fn add(&self, entry: Entry, now_ms: u64, room: Room) -> bool {
        let mut entries = self.entries.lock();
        if now_ms >= entries.swept_ms.saturating_add(room.sweep_ms)
            || entries.listed.len() >= room.most
        {
            entries.sweep(now_ms);
        }
        let is_full = entries.listed.len() >= room.most;
        let taken = match entries.listed.get_mut(&entry.place) {
            Some(known) => {
                known.reasons |= entry.reasons;
                known.until_ms = entry.until_ms;
                true
            }
            None if is_full => false,
            None => entries.listed.insert(entry.place, entry).is_none(),
        };
        self.len.store(entries.listed.len(), Ordering::Release);
        taken
    }

    /// Whether messages over this transport to this address are held back now.
    pub fn has(&self, transport: Transport, address: SocketAddr, now_ms: u64) -> bool {
        if self.len.load(Ordering::Acquire) == 0 {
            return false;
        }
        let entries = self.entries.lock();
        [Some(transport), None].into_iter().any(|transport| {
            let place = Place { address, transport };
            entries
                .listed
                .get(&place)
                .is_some_and(|entry| entry.holds(now_ms))
        })
    }

    /// Takes a destination off; false where it was not listed.
    pub fn remove(&self, transport: Transport, address: SocketAddr) -> bool {
        let mut entries = self.entries.lock();
        let mut found = false;
        for transport in [Some(transport), None] {
            found |= entries
                .listed
                .remove(&Place { address, transport })
                .is_some();
        }
        self.len.store(entries.listed.len(), Ordering::Release);
        found
    }

    /// Takes everything off that is not permanent.
    pub fn clear(&self) {
        let mut entries = self.entries.lock();
        entries.listed.retain(|_, entry| entry.is_permanent());
        self.len.store(entries.listed.len(), Ordering::Release);
    }

    /// What is listed now, by address.
    pub fn entries(&self, now_ms: u64) -> Vec<Entry> {
        let entries = self.entries.lock();
        entries
            .listed
            .values()
            .filter(|entry| entry.holds(now_ms))
            .copied()
            .collect()
    }

    /// How many entries take room, expired ones among them.
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// True where nothing takes room.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Entries {
    fn sweep(&mut self, now_ms: u64) {
        self.listed.retain(|_, entry| entry.holds(now_ms));
        self.swept_ms = now_ms;
    }
}

impl Entry {
    fn holds(&self, now_ms: u64) -> bool {
        self.is_permanent() || now_ms < self.until_ms
    }

    fn is_permanent(&self) -> bool {
        self.reasons & reason::PERMANENT != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        most: 2,
        sweep_ms: 60_000,
    };

    fn entry(port: u16, transport: Option<Transport>, until_ms: u64) -> Entry {
        Entry {
            place: Place {
                address: SocketAddr::from(([192, 0, 2, 1], port)),
                transport,
            },
            reasons: reason::TIMEOUT,
            until_ms,
        }
    }

    fn address(port: u16) -> SocketAddr {
        entry(port, None, 0).place.address
    }

    #[test]
    fn a_destination_is_held_back_until_its_time_has_come() {
        let list = Blocklist::default();
        assert!(list.add(entry(5060, Some(Transport::Udp), 100), 0, ROOM));
        assert!(list.has(Transport::Udp, address(5060), 99));
        assert!(!list.has(Transport::Tcp, address(5060), 99));
        assert!(!list.has(Transport::Udp, address(5061), 99));
        assert!(!list.has(Transport::Udp, address(5060), 100));
    }

    #[test]
    fn an_entry_without_transport_holds_for_every_one() {
        let list = Blocklist::default();
        assert!(list.add(entry(5060, None, 100), 0, ROOM));
        assert!(list.has(Transport::Tls, address(5060), 0));
        assert!(list.remove(Transport::Udp, address(5060)));
        assert!(!list.has(Transport::Tls, address(5060), 0));
        assert!(!list.remove(Transport::Udp, address(5060)));
    }

    #[test]
    fn a_further_failure_adds_its_reason_and_a_new_end() {
        let list = Blocklist::default();
        let mut again = entry(5060, None, 300);
        again.reasons = reason::UNAVAILABLE;
        list.add(entry(5060, None, 100), 0, ROOM);
        list.add(again, 50, ROOM);
        let [found] = list.entries(200)[..] else {
            panic!("one entry")
        };
        assert_eq!(found.reasons, reason::TIMEOUT | reason::UNAVAILABLE);
        assert_eq!(found.until_ms, 300);
    }

    #[test]
    fn a_full_list_takes_nothing_more_until_something_expires() {
        let list = Blocklist::default();
        list.add(entry(1, None, 100), 0, ROOM);
        list.add(entry(2, None, 200), 0, ROOM);
        assert!(!list.add(entry(3, None, 300), 50, ROOM));
        assert!(list.add(entry(3, None, 300), 100, ROOM));
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn expired_entries_give_their_room_back() {
        let list = Blocklist::default();
        let room = Room {
            most: 100,
            sweep_ms: 1_000,
        };
        list.add(entry(1, None, 100), 0, room);
        list.add(entry(2, None, 5_000), 500, room);
        assert_eq!(list.len(), 2);
        list.add(entry(3, None, 5_000), 1_000, room);
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn what_is_permanent_neither_expires_nor_goes() {
        let list = Blocklist::default();
        let mut fixed = entry(1, None, 1);
        fixed.reasons |= reason::PERMANENT;
        list.add(fixed, 0, ROOM);
        list.add(entry(2, None, 1_000_000), 0, ROOM);
        list.clear();
        assert!(list.has(Transport::Udp, address(1), 1_000_000));
        assert!(!list.has(Transport::Udp, address(2), 1));
    }
}
