//! Beyond capacity new requests are refused before anything is spent on them, so that what was accepted is
//! done in time: local overload control (RFC 6357 section 5.1).
//!
//! A [`monitor`] tells each worker whether messages wait for it too long, a [`rank`] how long a request may wait,
//! and who waited longer is told by a [`refusal`] when to come back, without a transaction and before the script runs.

mod monitor;
mod rank;
mod refusal;

pub(crate) use monitor::Monitor;

use crate::Worker;
use policy::{Flow, Level};
use rank::Rank;
use sip::Message;
use stack::table::Lookup;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// What all workers together know of overload.
#[derive(Default)]
pub(crate) struct Overload {
    /// Workers that are beyond their capacity.
    workers: AtomicUsize,
    /// How many requests had been refused when the first of them came to it.
    refused_before: AtomicI64,
}

impl Worker {
    /// Takes note of how long the message in hand has waited.
    pub(crate) fn note_wait(&mut self, waited_ms: u32) {
        let params = &self.config.core.overload;
        if self.monitor.note(waited_ms, params, self.now.mono) {
            self.overload_begins(waited_ms);
        }
    }

    /// Takes note of datagrams that the system lost before anybody could receive them.
    pub(crate) fn overflowed(&mut self, lost: u32) {
        self.edge.counts.lost_datagrams.add(lost.into());
        self.monitor.overflowed(self.now.mono);
    }

    /// Ends overload when it is over.
    pub(crate) fn review_load(&mut self) {
        if self.monitor.ends(self.now.mono) {
            self.overload_ends();
        }
    }

    /// Refuses a request that has waited longer than its rank may; true where it did. A retransmission of what
    /// was accepted is none.
    pub(crate) fn refuses(&mut self, flow: Flow, request: &Message) -> bool {
        let Some(delay_ms) = self.monitor.delay_ms() else {
            return false;
        };
        let params = &self.config.core.overload;
        if delay_ms < params.target_ms {
            return false;
        }
        let rank = Rank::of(request, || self.is_known(flow), &params.emergency);
        let most = rank
            .patience()
            .map(|times| params.target_ms.saturating_mul(times));
        if most.is_none_or(|most| delay_ms < most) || self.was_accepted(request) {
            return false;
        }
        let seconds = params.retry_after_s;
        let seconds = self.rng.u32(seconds..=seconds.saturating_mul(2));
        self.edge.counts.overload_refused.inc();
        self.turn_away(flow, request, seconds);
        true
    }

    fn was_accepted(&self, request: &Message) -> bool {
        let key = self.key_of(request);
        key.is_some_and(|key| self.edge.table.find(&key, Lookup::Same).is_some())
    }

    fn overload_begins(&self, waited_ms: u32) {
        let (state, counts) = (&self.edge.overload, &self.edge.counts);
        counts.overloaded.inc();
        if state.workers.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        let refused = counts.overload_refused.value();
        state.refused_before.store(refused, Ordering::Relaxed);
        counts.overloads.inc();
        self.config.logger.log(Level::Warn, "core", || {
            format!(
                "overload: messages wait for {waited_ms} ms and longer, new requests are refused"
            )
        });
    }

    fn overload_ends(&self) {
        let (state, counts) = (&self.edge.overload, &self.edge.counts);
        counts.overloaded.dec();
        if state.workers.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        let before = state.refused_before.load(Ordering::Relaxed);
        let refused = counts.overload_refused.value().saturating_sub(before);
        self.config.logger.log(Level::Warn, "core", || {
            format!("overload is over: {refused} requests were refused")
        });
    }
}
