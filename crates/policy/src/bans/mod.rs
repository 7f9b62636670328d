//! Bans: sources that are not heard. One list, looked at before a packet is read.
//!
//! How a ban came about decides how far it goes ([`Proof`]). Over UDP everybody can write any source
//! address into a packet. So what such a packet does, founds a short ban at most, of requests alone,
//! and none of a source that proved itself ([`Bans::note_known`]).

mod heard;
mod known;
mod limits;
mod networks;
mod orders;
mod ranges;
mod source;
mod table;
#[cfg(test)]
mod tests;

pub use known::Standing;
pub use limits::BanLimits;
pub use source::Source;

use ahash::RandomState;
use known::Known;
use networks::Networks;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use table::{Key, Table};

/// How well a ban is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Nothing shows that the packets came from this source.
    Unvalidated,
    /// The source received something of ours: it opened a connection, or answered a challenge that
    /// was made for its address.
    Validated,
    /// An operator says so.
    Operator,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Why.
    pub reason: Arc<str>,
    /// When the first ban of this source began, in Unix milliseconds.
    pub since_ms: u64,
    /// When it ends, in Unix milliseconds; `u64::MAX` is never. Ended ones are kept for a while, so
    /// that repeaters are known.
    pub until_ms: u64,
    /// How many bans of this source there were before.
    pub strikes: u32,
    /// How well it is founded.
    pub proof: Proof,
}

/// A ban in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whose.
    pub source: Source,
    /// One port of it; none for all.
    pub port: Option<u16>,
    /// The ban.
    pub ban: Ban,
}

impl Listed {
    /// Whose ban it is, as a database has it: `192.0.2.1`, or `192.0.2.1 port 5060`.
    pub fn place(&self) -> String {
        place(self.source, self.port)
    }
}

/// A source, or one port of it, as a database has it.
pub fn place(source: Source, port: Option<u16>) -> String {
    match port {
        None => source.to_string(),
        Some(port) => format!("{source}{PORT}{port}"),
    }
}

/// Reads what [`place`] writes.
///
/// # Errors
/// A sentence, where it is neither a source nor a port of one.
pub fn parse_place(text: &str) -> Result<(Source, Option<u16>), String> {
    let Some((source, port)) = text.split_once(PORT) else {
        return Ok((Source::parse(text)?, None));
    };
    let wrong = |_| format!("{port:?} is no port");
    Ok((Source::parse(source)?, Some(port.parse().map_err(wrong)?)))
}

/// What stands between a source and its port.
const PORT: &str = " port ";

/// A ban to be made.
#[derive(Clone, Debug)]
pub struct BanOrder<'a> {
    /// Where the packets come from; in IPv6 the whole [`Source::unit`] is banned.
    pub peer: SocketAddr,
    /// For how long, when it is the first ban of this source.
    pub seconds: u64,
    /// Why; cut to 64 octets.
    pub reason: &'a str,
    /// True where the source is validated.
    pub is_validated: bool,
}

/// How long bans last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanTimes {
    /// Seconds that an unvalidated ban lasts at most.
    pub unvalidated_s: u64,
    /// Seconds that the ban of a repeater lasts at most; each time doubles it.
    pub longest_s: u64,
    /// Seconds that a ban is remembered after its end.
    pub remember_s: u64,
}

/// Why a ban was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBanned {
    /// The source is never to be banned.
    Never,
    /// It proved itself, and this evidence is not good enough against it.
    Known,
    /// The list is full.
    Full,
}

/// What changed in the list, for those who keep it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanChange {
    /// A ban, new or altered.
    Put(Listed),
    /// The source is never to be banned.
    Never(Source),
    /// Neither of them any more; with a port, the ban of this port alone.
    Remove(Source, Option<u16>),
}

/// The list. All of it lies in memory; who wants it to outlive the process asks [`Bans::take_change`].
pub struct Bans {
    table: Table,
    banned: Networks<Ban>,
    never: Networks<()>,
    known: Known,
    limits: BanLimits,
    changes: Mutex<VecDeque<BanChange>>,
    revision: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
}

/// Parts of the tables that are locked one by one.
const SHARDS: usize = 64;

impl Bans {
    /// An empty list. The hasher is keyed, for peers fill it.
    pub fn new(hasher: RandomState, limits: BanLimits) -> Bans {
        Bans {
            table: Table::new(hasher.clone(), SHARDS, limits.sources),
            banned: Networks::new(limits.networks, |ban: &Ban| ban.until_ms),
            never: Networks::new(limits.networks, |()| u64::MAX),
            known: Known::new(hasher, SHARDS, limits.known),
            limits,
            changes: Mutex::default(),
            revision: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// How well the ban of a packet's source is founded; none where it is heard. Costs one load while
    /// nobody is banned, else a look into a hash table and one into each list of networks.
    pub fn find(&self, peer: SocketAddr, now_ms: u64) -> Option<Proof> {
        let address = Source::address(peer.ip());
        let single = self.find_single(peer, now_ms);
        let network = || {
            let until_ms = self.banned.until_ms(address)?;
            (until_ms > now_ms).then_some(Proof::Operator)
        };
        let found = single.or_else(network)?;
        self.never.until_ms(address).is_none().then_some(found)
    }

    /// True where a datagram is to be dropped, which is counted. An unvalidated ban lets replies pass, for
    /// it may be about somebody whom we called.
    pub fn drops(&self, peer: SocketAddr, datagram: &[u8], now_ms: u64) -> bool {
        let drops = match self.find(peer, now_ms) {
            None => false,
            Some(Proof::Unvalidated) => !datagram.starts_with(b"SIP/2.0 "),
            Some(Proof::Validated | Proof::Operator) => true,
        };
        self.count_dropped(drops)
    }

    /// True where a connection is to be closed, which is counted too. Unvalidated bans are about
    /// datagrams: whoever opened a connection is who he says.
    pub fn hangs_up(&self, peer: SocketAddr, now_ms: u64) -> bool {
        let found = self.find(peer, now_ms);
        self.count_dropped(found.is_some_and(|proof| proof != Proof::Unvalidated))
    }

    /// Packets that were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Bans that were not made so far, because there was no room for them.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Single sources in the list, ended bans that are remembered among them.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// True where there is no single source in the list.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes that somebody, or `user`, proved himself from `peer`: until then no unvalidated ban
    /// touches his source, and no ban but an operator's this very port. Port 0 is none: then only the
    /// source is known.
    pub fn note_known(&self, peer: SocketAddr, user: Option<&[u8]>, until_ms: u64, now_ms: u64) {
        self.known.note(peer, user, until_ms, now_ms);
    }

    /// What is known of a packet's source, and of the user that it speaks of.
    pub fn standing(&self, peer: SocketAddr, user: &[u8], now_ms: u64) -> Standing {
        self.known.standing(peer, user, now_ms)
    }

    /// Users and ports that proved themselves.
    pub fn known(&self) -> usize {
        self.known.len()
    }

    fn count_dropped(&self, drops: bool) -> bool {
        if drops {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        drops
    }

    fn find_single(&self, peer: SocketAddr, now_ms: u64) -> Option<Proof> {
        if self.table.len() == 0 {
            return None;
        }
        let (address, unit) = (Source::address(peer.ip()), Source::unit(peer.ip()));
        let find = |source, port| {
            let (until_ms, proof) = self.table.find(Key { source, port })?;
            (until_ms > now_ms).then_some(proof)
        };
        let of_unit = || find(unit, 0).filter(|_| unit != address);
        let of_port = || match self.table.has_ports() {
            true => find(unit, peer.port()),
            false => None,
        };
        find(address, 0).or_else(of_unit).or_else(of_port)
    }
}

/// The way to the list, which module `ban` makes.
#[derive(Clone, Default)]
pub struct BansLink(Arc<OnceLock<Bans>>);

impl BansLink {
    /// The list, where there is one.
    pub fn get(&self) -> Option<&Bans> {
        self.0.get()
    }

    /// The list; the first call makes it.
    pub fn make(&self, make: impl FnOnce() -> Bans) -> &Bans {
        self.0.get_or_init(make)
    }
}

/// The part of a table for a hash. The hash tables themselves take the bits at both ends.
fn shard_of(hash: u64, shards: usize) -> usize {
    (hash >> 32) as usize % shards.max(1)
}
