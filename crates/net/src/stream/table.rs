//! All connections, by id, by address and by source.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::config::Config;
use super::conn::Conn;
use super::event::{ConnId, Kind};
use super::slot::Refusal;

/// Guarded by one lock, which no system call and no event is ever made under.
#[derive(Default)]
pub(super) struct Table {
    by_id: HashMap<ConnId, Arc<Conn>>,
    /// The newest last. Holds peers' addresses and aliases.
    by_peer: HashMap<(Kind, SocketAddr), Vec<ConnId>>,
    by_source: HashMap<IpAddr, usize>,
    pub(super) taken: usize,
    pub(super) taken_tls: usize,
}

impl Table {
    /// Counts one more connection, or says why not. With it comes the connection to evict for it.
    pub(super) fn admit(
        &mut self,
        config: &Config,
        kind: Kind,
        source: Option<IpAddr>,
    ) -> Result<Option<Arc<Conn>>, Refusal> {
        if let Some(source) = source {
            let share = config.max_connections_per_source;
            let used = self.by_source.get(&source).copied().unwrap_or(0);
            if share > 0 && used >= share {
                return Err(Refusal::Source);
            }
        }
        let victim = self.make_room(config, kind)?;
        if let Some(source) = source {
            *self.by_source.entry(source).or_insert(0) += 1;
        }
        self.taken += 1;
        self.taken_tls += usize::from(kind == Kind::Tls);
        Ok(victim)
    }

    /// Evicted connections keep their place until their `Closed` event has been handled, so that
    /// the limits are exceeded for a moment, by a sixteenth at most.
    fn make_room(&self, config: &Config, kind: Kind) -> Result<Option<Arc<Conn>>, Refusal> {
        let full_tls = kind == Kind::Tls && self.taken_tls >= config.max_tls_connections;
        let full = self.taken >= config.max_connections;
        if !full && !full_tls {
            return Ok(None);
        }
        let exceeded =
            |taken: usize, max: usize| taken >= max.saturating_add(max / 16).saturating_add(1);
        if exceeded(self.taken, config.max_connections)
            || (full_tls && exceeded(self.taken_tls, config.max_tls_connections))
        {
            return Err(Refusal::Full);
        }
        // A scan of all connections, about 10 µs for 2048, bounded by the accept rate.
        self.by_id
            .values()
            .filter(|conn| !full_tls || conn.kind == Kind::Tls)
            .filter_map(|conn| Some((conn.eviction_rank()?, conn)))
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, conn)| Some(Arc::clone(conn)))
            .ok_or(Refusal::Full)
    }

    pub(super) fn release(&mut self, kind: Kind, source: Option<IpAddr>) {
        self.taken = self.taken.saturating_sub(1);
        self.taken_tls = self
            .taken_tls
            .saturating_sub(usize::from(kind == Kind::Tls));
        let Some(source) = source else { return };
        if let Some(used) = self.by_source.get_mut(&source) {
            *used = used.saturating_sub(1);
            if *used == 0 {
                self.by_source.remove(&source);
                give_back(&mut self.by_source);
            }
        }
    }

    pub(super) fn insert(&mut self, conn: Arc<Conn>) {
        self.by_id.insert(conn.id, conn);
    }

    /// Makes the connection found by `address`, before all others that are.
    pub(super) fn index(&mut self, conn: &Conn, address: SocketAddr) {
        let ids = self.by_peer.entry((conn.kind, address)).or_default();
        ids.retain(|id| *id != conn.id);
        ids.push(conn.id);
    }

    pub(super) fn remove(&mut self, conn: &Conn, aliases: &[SocketAddr]) {
        self.by_id.remove(&conn.id);
        for address in aliases.iter().copied().chain([conn.peer]) {
            let key = (conn.kind, address);
            if let Some(ids) = self.by_peer.get_mut(&key) {
                ids.retain(|id| *id != conn.id);
                if ids.is_empty() {
                    self.by_peer.remove(&key);
                }
            }
        }
        give_back(&mut self.by_id);
        give_back(&mut self.by_peer);
    }

    pub(super) fn by_id(&self, id: ConnId) -> Option<Arc<Conn>> {
        self.by_id.get(&id).cloned()
    }

    /// The newest first.
    pub(super) fn by_peer(&self, kind: Kind, peer: SocketAddr) -> impl Iterator<Item = &Arc<Conn>> {
        let ids = self.by_peer.get(&(kind, peer)).into_iter().flatten().rev();
        ids.filter_map(|id| self.by_id.get(id))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Conn>> {
        self.by_id.values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// Gives memory back after a peak; a quarter of the room stays, so that it costs each removal the same on average.
fn give_back<K: Hash + Eq, V>(table: &mut HashMap<K, V>) {
    if table.len() < (table.capacity() + 4) / 8 {
        table.shrink_to(table.len() * 2);
    }
}
