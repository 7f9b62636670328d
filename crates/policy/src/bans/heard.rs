//! What other servers have changed: the list takes it over and tells nobody.

use super::table::Key;
use super::{Bans, Listed, Source};
use std::sync::atomic::Ordering;

impl Bans {
    /// A ban that another server has made or altered. One of a source that is never banned here is not
    /// taken over.
    pub fn hear(&self, listed: Listed, now_ms: u64) {
        if !self.is_never_banned(listed.source) {
            self.restore(std::iter::once(listed), std::iter::empty(), now_ms);
        }
    }

    /// A ban that another server has lifted.
    pub fn forget(&self, source: Source, port: Option<u16>) {
        let was_network = port.is_none() && self.banned.remove(source).is_some();
        if self.table.remove(Key::new(source, port)).is_some() || was_network {
            self.revision.fetch_add(1, Ordering::Release);
        }
    }

    /// Another server says that this is never banned: bans of single sources in it go.
    pub fn hear_never(&self, network: Source) {
        self.never.put(network, ());
        self.table.retain(|key, _| !network.contains(key.source));
        self.revision.fetch_add(1, Ordering::Release);
    }

    /// Another server says that this may be banned again.
    pub fn forget_never(&self, network: Source) {
        self.never.remove(network);
        self.revision.fetch_add(1, Ordering::Release);
    }
}
