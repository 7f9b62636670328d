//! A server that fails too often is left alone for a while (`allowed_timeouts`, `disable_time`).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What is known of a server, by all workers. It survives reloads.
#[derive(Default)]
pub(super) struct Health {
    /// Failures since it last answered.
    failures: AtomicU32,
    /// Until then nobody asks it, in Unix milliseconds.
    until_ms: AtomicU64,
}

/// What changed with an outcome.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// It is left alone from now on.
    Paused,
}

impl Health {
    /// Whether the server is left alone.
    pub(super) fn is_paused(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms.load(Ordering::Relaxed)
    }

    /// It answered.
    pub(super) fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// It did not; more than `allowed` times in a row, and it is left alone for `pause_ms`.
    pub(super) fn failed(&self, now_ms: u64, allowed: Option<u32>, pause_ms: u64) -> Change {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        match allowed {
            Some(allowed) if failures > allowed => {
                self.failures.store(0, Ordering::Relaxed);
                self.until_ms
                    .store(now_ms.saturating_add(pause_ms), Ordering::Relaxed);
                Change::Paused
            }
            _ => Change::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_failures_in_a_row_are_a_pause() {
        let health = Health::default();
        let fail = |now_ms| health.failed(now_ms, Some(1), 2000);
        assert_eq!(fail(1000), Change::None);
        health.answered();
        assert_eq!(fail(1000), Change::None);
        assert_eq!(fail(1000), Change::Paused);
        assert!(health.is_paused(2999) && !health.is_paused(3000));
        assert_eq!(health.failed(5000, None, 2000), Change::None);
    }
}
