//! What changes the list: orders of scripts and of operators, time, and what was kept elsewhere.

use super::known::Standing;
use super::table::Key;
use super::{Ban, BanChange, BanOrder, BanTimes, Bans, Listed, NotBanned, Proof, Source};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Octets of a reason that are kept.
const LONGEST_REASON: usize = 64;

impl Bans {
    /// Bans the source of packets; answers what came of it. Where somebody at a validated source proved
    /// himself, only the port of these packets is banned: others may stand behind the same translator.
    ///
    /// # Errors
    /// Why there is no ban.
    pub fn add(
        &self,
        order: &BanOrder<'_>,
        times: &BanTimes,
        now_ms: u64,
    ) -> Result<Listed, NotBanned> {
        let source = Source::unit(order.peer.ip());
        if self.is_never_banned(source) {
            return Err(NotBanned::Never);
        }
        let port = self.port_to_ban(order, now_ms)?;
        let key = Key::new(source, port);
        let ban = self.next_ban(key, order, times, now_ms);
        if !self.table.put(key, ban.clone(), now_ms) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(NotBanned::Full);
        }
        let listed = Listed { source, port, ban };
        if listed.ban.proof != Proof::Unvalidated {
            self.note_change(BanChange::Put(listed.clone()));
        }
        Ok(listed)
    }

    /// Bans what an operator names, for some seconds or for ever.
    ///
    /// # Errors
    /// Where it is never to be banned, or the list is full.
    pub fn add_by_operator(
        &self,
        source: Source,
        seconds: Option<u64>,
        reason: &str,
        now_ms: u64,
    ) -> Result<Listed, NotBanned> {
        if self.is_never_banned(source) {
            return Err(NotBanned::Never);
        }
        let ban = Ban {
            reason: cut(reason),
            since_ms: now_ms,
            until_ms: seconds.map_or(u64::MAX, |seconds| after(now_ms, seconds)),
            strikes: 0,
            proof: Proof::Operator,
        };
        if !self.put(source, ban.clone(), now_ms) {
            return Err(NotBanned::Full);
        }
        let listed = Listed {
            source,
            port: None,
            ban,
        };
        self.note_change(BanChange::Put(listed.clone()));
        Ok(listed)
    }

    /// Takes bans of a source out of the list, those of its ports too; false where there is none.
    pub fn remove(&self, source: Source) -> bool {
        let mut found = self.banned.remove(source).is_some();
        found |= self.table.remove(Key { source, port: 0 }).is_some();
        if found {
            self.note_change(BanChange::Remove(source, None));
        }
        if self.table.has_ports() {
            self.table.retain(|key, _| {
                let goes = key.port().is_some() && key.source == source;
                if goes {
                    self.note_change(BanChange::Remove(source, key.port()));
                }
                found |= goes;
                !goes
            });
        }
        found
    }

    /// From now on nothing in this network is banned; bans of single sources in it go. False where the
    /// list is full.
    pub fn add_never(&self, network: Source) -> bool {
        if !self.never.put(network, ()) {
            return false;
        }
        let mut freed = Vec::new();
        self.table.retain(|key, _| {
            let stays = !network.contains(key.source);
            if !stays {
                freed.push(key);
            }
            stays
        });
        for key in freed {
            self.note_change(BanChange::Remove(key.source, key.port()));
        }
        self.note_change(BanChange::Never(network));
        true
    }

    /// What is in this network may be banned again; false where it might before.
    pub fn remove_never(&self, network: Source) -> bool {
        let found = self.never.remove(network).is_some();
        if found {
            self.note_change(BanChange::Remove(network, None));
        }
        found
    }

    /// The networks that are never banned.
    pub fn never(&self) -> Vec<Source> {
        let all = self.never.all();
        all.into_iter().map(|(network, ())| network).collect()
    }

    /// True where a source lies in a network that is never banned.
    pub fn is_never_banned(&self, source: Source) -> bool {
        self.never.covers(source)
    }

    /// The bans that hold now, those that began last first.
    pub fn list(&self, now_ms: u64) -> Vec<Listed> {
        let mut listed = Vec::new();
        self.table.each(|key, ban| {
            listed.push(Listed {
                source: key.source,
                port: key.port(),
                ban: ban.clone(),
            });
        });
        let networks = self.banned.all().into_iter();
        listed.extend(networks.map(|(source, ban)| Listed {
            source,
            port: None,
            ban,
        }));
        listed.retain(|listed| listed.ban.until_ms > now_ms);
        listed.sort_by_key(|listed| {
            let newest_first = std::cmp::Reverse(listed.ban.since_ms);
            (newest_first, listed.source, listed.port)
        });
        listed
    }

    /// Forgets what ended long enough ago, and lets go whom `is_trusted` names.
    pub fn sweep(&self, times: &BanTimes, is_trusted: &dyn Fn(Source) -> bool, now_ms: u64) {
        self.table.retain(|key, ban| {
            let remembered_s = match ban.proof {
                Proof::Validated if key.port == 0 => times.remember_s,
                _ => 0,
            };
            let stays = after(ban.until_ms, remembered_s) > now_ms;
            let is_free = ban.proof != Proof::Operator && is_trusted(key.source);
            if (!stays || is_free) && ban.proof != Proof::Unvalidated {
                self.note_change(BanChange::Remove(key.source, key.port()));
            }
            stays && !is_free
        });
        self.banned.retain(|ban| ban.until_ms > now_ms);
        self.known.sweep(now_ms);
    }

    /// Puts back what was kept elsewhere; a ban of one source that is there already and ends later stays. False where there was
    /// no room for all.
    pub fn restore(
        &self,
        bans: impl Iterator<Item = Listed>,
        never: impl Iterator<Item = Source>,
        now_ms: u64,
    ) -> bool {
        let (single, networks): (Vec<_>, Vec<_>) =
            bans.partition(|listed| listed.source.is_single());
        let networks = networks.into_iter();
        let mut fit = self
            .banned
            .put_all(networks.map(|listed| (listed.source, listed.ban)));
        fit &= self.never.put_all(never.map(|network| (network, ())));
        for Listed { source, port, ban } in single {
            let key = Key::new(source, port);
            let standing = self.table.ban_of(key);
            let is_outlived = standing.is_some_and(|own| own.until_ms > ban.until_ms);
            fit &= is_outlived || self.table.put(key, ban, now_ms);
        }
        self.revision.fetch_add(1, Ordering::Release);
        fit
    }

    /// The single sources whose ban is founded and holds now for all of their ports, with when it ends in
    /// Unix milliseconds: what may be dropped before it reaches this process.
    pub fn founded(&self, now_ms: u64) -> Vec<(Source, u64)> {
        let mut founded = Vec::new();
        self.table.each(|key, ban| {
            let holds = key.port == 0 && ban.until_ms > now_ms;
            if holds && ban.proof != Proof::Unvalidated {
                founded.push((key.source, ban.until_ms));
            }
        });
        founded.retain(|(source, _)| !self.is_never_banned(*source));
        founded
    }

    /// A number that changes with what [`Bans::founded`] answers, but for bans that just end.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// The oldest change that nobody took yet.
    pub fn take_change(&self) -> Option<BanChange> {
        self.changes.lock().pop_front()
    }

    /// Which port is to be banned; none for all.
    fn port_to_ban(&self, order: &BanOrder<'_>, now_ms: u64) -> Result<Option<u16>, NotBanned> {
        let standing = self.standing(order.peer, b"", now_ms);
        match (standing, order.is_validated) {
            (Standing::Unknown, _) => Ok(None),
            (_, false) | (Standing::Flow | Standing::Port, true) => Err(NotBanned::Known),
            (Standing::User | Standing::Source, true) => Ok(Some(order.peer.port())),
        }
    }

    /// A ban that holds already is made longer where the new one ends later; the ban of a repeater
    /// lasts twice as long as his last one would have.
    fn next_ban(&self, key: Key, order: &BanOrder<'_>, times: &BanTimes, now_ms: u64) -> Ban {
        let proof = match order.is_validated {
            true => Proof::Validated,
            false => Proof::Unvalidated,
        };
        let fresh = |seconds: u64, since_ms, strikes| Ban {
            reason: cut(order.reason),
            since_ms,
            until_ms: after(now_ms, seconds),
            strikes,
            proof,
        };
        let seconds = match proof {
            Proof::Unvalidated => order.seconds.min(times.unvalidated_s),
            _ => order.seconds,
        };
        let Some(old) = self.table.ban_of(key) else {
            return fresh(seconds, now_ms, 0);
        };
        if old.until_ms > now_ms {
            let new = fresh(seconds, old.since_ms, old.strikes);
            let is_more = (new.proof, new.until_ms) > (old.proof, old.until_ms);
            return if is_more { new } else { old };
        }
        if proof == Proof::Unvalidated {
            return fresh(seconds, old.since_ms, old.strikes);
        }
        let strikes = old.strikes.saturating_add(1);
        let factor = 1_u64.checked_shl(strikes).unwrap_or(u64::MAX);
        let longer = seconds
            .saturating_mul(factor)
            .min(times.longest_s.max(seconds));
        fresh(longer, old.since_ms, strikes)
    }

    fn put(&self, source: Source, ban: Ban, now_ms: u64) -> bool {
        match source.is_single() {
            true => self.table.put(Key { source, port: 0 }, ban, now_ms),
            false => self.banned.put(source, ban),
        }
    }

    fn note_change(&self, change: BanChange) {
        let is_of_port = match &change {
            BanChange::Put(listed) => listed.port.is_some(),
            BanChange::Remove(_, port) => port.is_some(),
            BanChange::Never(_) => false,
        };
        if !is_of_port {
            self.revision.fetch_add(1, Ordering::Release);
        }
        let mut changes = self.changes.lock();
        if changes.len() < self.limits.unsaved {
            changes.push_back(change);
        }
    }
}

/// The reason in at most so many octets, at a border of characters.
fn cut(reason: &str) -> Arc<str> {
    let mut end = reason.len().min(LONGEST_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default().into()
}

fn after(ms: u64, seconds: u64) -> u64 {
    ms.saturating_add(seconds.saturating_mul(1000))
}
