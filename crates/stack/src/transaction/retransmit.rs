//! The doubling retransmission timers A, E and G.

use super::Timers;
use crate::Instant;

/// A running retransmission timer: when it fires next and how long it waits then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retransmit {
    pub(super) at: Instant,
    interval_ms: u32,
}

impl Retransmit {
    /// Starts with T1.
    pub(super) fn start(now: Instant, timers: &Timers) -> Self {
        Self::every(now, timers.retr_timer1_ms)
    }

    /// Starts with T2: timer E after a provisional reply (RFC 3261 17.1.2.2).
    pub(super) fn slow(now: Instant, timers: &Timers) -> Self {
        Self::every(now, timers.retr_timer2_ms)
    }

    /// Whether it is due; if so, it is set again with twice the interval, at most T2.
    pub(super) fn fires(&mut self, now: Instant, timers: &Timers) -> bool {
        if now < self.at {
            return false;
        }
        let doubled = self.interval_ms.saturating_mul(2);
        *self = Self::every(now, doubled.min(timers.retr_timer2_ms));
        true
    }

    /// An interval of 0 would fire for ever at one moment, so it is one millisecond at least.
    fn every(now: Instant, interval_ms: u32) -> Self {
        let interval_ms = interval_ms.max(1);
        Retransmit {
            at: now.after_ms(interval_ms.into()),
            interval_ms,
        }
    }
}
