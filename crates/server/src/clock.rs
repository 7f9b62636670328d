//! The clocks: the only place that asks for the time.

use policy::Now;
use stack::Instant;
use std::time::{SystemTime, UNIX_EPOCH};

/// The moment everything monotonic is counted from.
#[derive(Clone, Copy)]
pub(crate) struct Clock(std::time::Instant);

/// Clocks before this day are wrong: certificates and nonces would be too.
const EARLIEST_UNIX_S: u64 = 1_700_000_000;

impl Clock {
    /// Starts counting.
    ///
    /// # Errors
    /// A sentence, where the system's date cannot be true.
    pub(crate) fn start() -> Result<Clock, String> {
        if unix_ms() / 1000 < EARLIEST_UNIX_S {
            return Err(
                "the system clock is wrong (before November 2023): set it, then start again"
                    .to_owned(),
            );
        }
        Ok(Clock(std::time::Instant::now()))
    }

    /// Both clocks now.
    pub(crate) fn now(self) -> Now {
        let mono = u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Zero is kept free, so that a deadline of zero is always in the past.
        Now {
            mono: Instant::from_ms(mono + 1),
            unix_ms: unix_ms(),
        }
    }
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
