//! Everything is read: at the start, and when Redis is back.

use super::exchange::refusal;
use super::words;
use super::{Change, Phase, Replica};
use crate::Level;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::keys::Said;

/// A reading under way.
struct Reading {
    /// The end of the log when it began: from there on the log tells.
    at: Bytes,
    /// Redis had no data of ours.
    is_fresh: bool,
    seen: BTreeSet<Bytes>,
}

impl Replica {
    /// Reads everything, then follows the log.
    pub(super) fn read_all(self: &Arc<Self>) {
        self.state.lock().is_busy = true;
        let this = self.clone();
        self.keys.submit(
            self.names.look_around(),
            Box::new(move |result| match result {
                Ok(said) => match this.looked_around(&said) {
                    Some(reading) => this.read_page(Bytes::from_static(b"0"), reading),
                    None => this.lose(&refusal(&said)),
                },
                Err(error) => this.lose(&error.to_string()),
            }),
        );
    }

    /// Takes back what was on its way when Redis went, unless it had arrived.
    fn looked_around(&self, said: &[Said]) -> Option<Reading> {
        let [last, age, end] = said else { return None };
        let is_fresh = match age {
            Said::Status(_) => true,
            Said::Nil => false,
            _ => return None,
        };
        let Said::Array(end) = end else { return None };
        let end = end.first().and_then(words::entry_of);
        let at = end.map_or(Bytes::from_static(b"0-0"), |(id, _)| id.clone());
        let mut state = self.state.lock();
        let has_arrived = *last == Said::Text(state.serial.to_string().into());
        let sent = std::mem::take(&mut state.sent);
        if !has_arrived {
            for (key, change) in sent {
                state.put_before(key, change);
            }
        }
        Some(Reading {
            at,
            is_fresh,
            seen: BTreeSet::new(),
        })
    }

    fn read_page(self: &Arc<Self>, cursor: Bytes, reading: Reading) {
        let this = self.clone();
        self.keys.submit(
            vec![self.names.scan(&cursor)],
            Box::new(move |result| {
                let said = match result {
                    Ok(said) => said,
                    Err(error) => return this.lose(&error.to_string()),
                };
                let page = said.first().and_then(|said| this.page(said));
                match page {
                    Some((next, keys)) => this.read_items(next, keys, reading),
                    None => this.lose(&refusal(&said)),
                }
            }),
        );
    }

    /// The next cursor and the keys that `SCAN` found.
    fn page(&self, said: &Said) -> Option<(Bytes, Vec<Bytes>)> {
        let Said::Array(parts) = said else {
            return None;
        };
        let [Said::Text(next), Said::Array(names)] = parts.as_slice() else {
            return None;
        };
        let names = names.iter().filter_map(|name| match name {
            Said::Text(name) => self.names.key(name),
            _ => None,
        });
        Some((next.clone(), names.collect()))
    }

    fn read_items(self: &Arc<Self>, next: Bytes, keys: Vec<Bytes>, mut reading: Reading) {
        let this = self.clone();
        self.keys.submit(
            self.names.read(&keys),
            Box::new(move |result| {
                match result {
                    Ok(said) => this.take_items(&keys, &said),
                    Err(error) => return this.lose(&error.to_string()),
                }
                reading.seen.extend(keys);
                match next.as_ref() {
                    b"0" => this.have_read(reading),
                    _ => this.read_page(next, reading),
                }
            }),
        );
    }

    /// What is here and not in Redis: it goes where others have removed it meanwhile; where Redis has lost
    /// it, or never had it, it is put there.
    fn have_read(&self, reading: Reading) {
        let (changed, now_s, others_removed) = {
            let state = self.state.lock();
            let others_removed = state.has_read && !reading.is_fresh;
            (state.changed(), state.now_s, others_removed)
        };
        let all = self.owner.all(now_s).into_iter();
        for (key, item) in
            all.filter(|(key, _)| !reading.seen.contains(key) && !changed.contains(key))
        {
            match others_removed {
                true => self.owner.heard(&key, None, now_s),
                false => self.change(key, Change::Seed(item)),
            }
        }
        let was_told = {
            let mut state = self.state.lock();
            state.phase = Phase::Following(reading.at);
            state.exchanged_s = now_s;
            (state.is_busy, state.has_read) = (false, true);
            std::mem::take(&mut state.is_told)
        };
        if was_told {
            self.say(Level::Notice, || {
                "what is shared is shared again".to_owned()
            });
        }
    }
}
