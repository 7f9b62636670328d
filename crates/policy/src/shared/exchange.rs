//! The exchange with Redis: what was changed here goes, what was changed elsewhere comes.

use super::words;
use super::{Phase, Replica, STALE_S};
use crate::Level;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::keys::Said;

/// Changes in one transaction, for which Redis does nothing else: some milliseconds.
const BATCH: usize = 2048;

/// What is done at the end of an exchange, however it went.
pub(super) type Then = Box<dyn FnOnce() + Send>;

impl Replica {
    /// One exchange, unless one is under way.
    pub(super) fn tick(self: &Arc<Self>, now_ms: u64) {
        let phase = {
            let mut state = self.state.lock();
            state.now_s = now_ms / 1000;
            if state.is_busy {
                return;
            }
            if state.now_s > state.exchanged_s.saturating_add(STALE_S) {
                state.phase = Phase::Away;
            }
            state.phase.clone()
        };
        match phase {
            Phase::Following(_) => self.exchange_then(Box::new(|| {})),
            Phase::Away => self.read_all(),
        }
    }

    /// Sends what is pending and reads the log, unless an exchange is under way or Redis is away; `then`
    /// runs in any case.
    pub(super) fn exchange_then(self: &Arc<Self>, then: Then) {
        let at = {
            let mut state = self.state.lock();
            match state.phase.clone() {
                Phase::Following(at) if !state.is_busy => {
                    state.is_busy = true;
                    at
                }
                _ => {
                    drop(state);
                    return then();
                }
            }
        };
        let (mut commands, sent) = self.take_batch();
        let length = commands.len();
        commands.push(self.names.read_log(&at));
        let this = self.clone();
        self.keys.submit(
            commands,
            Box::new(move |result| {
                let came = result.map_err(|error| error.to_string());
                match came.and_then(|said| this.exchanged(&said, sent, length)) {
                    Ok(changed) => this.read_changed(&changed, then),
                    Err(why) => {
                        this.lose(&why);
                        then();
                    }
                }
            }),
        );
    }

    /// The next transaction: its commands, and of how many changes.
    fn take_batch(&self) -> (Vec<store::keys::Command>, usize) {
        let mut state = self.state.lock();
        let keys: Vec<Bytes> = state.pending.keys().take(BATCH).cloned().collect();
        let batch: Vec<_> = keys
            .into_iter()
            .filter_map(|key| state.pending.remove_entry(&key))
            .collect();
        state.serial += u64::from(!batch.is_empty());
        let commands = self
            .names
            .transaction(&batch, Some(state.serial), state.now_s);
        let length = batch.len();
        state.sent = batch;
        (commands, length)
    }

    /// What came of an exchange: the items that others changed.
    fn exchanged(
        &self,
        said: &[Said],
        sent: usize,
        length: usize,
    ) -> Result<BTreeSet<Bytes>, String> {
        if sent > 0 {
            let (batch, now_s) = {
                let state = self.state.lock();
                (state.sent.clone(), state.now_s)
            };
            let executed = said.get(..length).unwrap_or_default();
            let items = words::items(executed, &batch).ok_or_else(|| refusal(said))?;
            self.state.lock().sent.clear();
            for ((key, _), item) in batch.iter().zip(items) {
                self.settle(key, item, now_s);
            }
        }
        let log = said.last().and_then(|said| self.names.log(said));
        let log = log.ok_or_else(|| refusal(said))?;
        let mut state = self.state.lock();
        state.exchanged_s = state.now_s;
        if let Some(at) = log.at {
            state.phase = Phase::Following(at);
        }
        Ok(log.changed)
    }

    /// Reads the items that others changed.
    fn read_changed(self: &Arc<Self>, changed: &BTreeSet<Bytes>, then: Then) {
        if changed.is_empty() {
            self.state.lock().is_busy = false;
            return then();
        }
        let keys: Vec<Bytes> = changed.iter().cloned().collect();
        let this = self.clone();
        self.keys.submit(
            self.names.read(&keys),
            Box::new(move |result| {
                match result {
                    Ok(said) => {
                        this.take_items(&keys, &said);
                        this.state.lock().is_busy = false;
                    }
                    Err(error) => this.lose(&error.to_string()),
                }
                then();
            }),
        );
    }

    /// Takes over what Redis says of items, a `GET` and a `PTTL` for each.
    pub(super) fn take_items(&self, keys: &[Bytes], said: &[Said]) {
        let now_s = self.state.lock().now_s;
        let (pairs, _) = said.as_chunks::<2>();
        for (key, [value, left]) in keys.iter().zip(pairs) {
            if let Some(item) = words::item(value, left) {
                self.settle(key, item, now_s);
            }
        }
    }

    /// Redis is away, or refuses: said once.
    pub(super) fn lose(&self, why: &str) {
        let was_told = {
            let mut state = self.state.lock();
            state.is_busy = false;
            state.phase = Phase::Away;
            std::mem::replace(&mut state.is_told, true)
        };
        if !was_told {
            self.say(Level::Err, || {
                format!("nothing is shared for now, this server goes on by itself: {why}")
            });
        }
    }
}

/// What an answer says is wrong.
pub(super) fn refusal(said: &[Said]) -> String {
    let error = said.iter().find_map(|said| match said {
        Said::Error(why) => Some(String::from_utf8_lossy(why).into_owned()),
        _ => None,
    });
    error.unwrap_or_else(|| "its answer cannot be read".to_owned())
}
