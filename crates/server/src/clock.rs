//! The clocks: the only place that asks for the time.

use policy::Now;
use stack::Instant;
use std::time::{SystemTime, UNIX_EPOCH};

/// What one thread tells the time by. The date is read again every [`DATE_MS`] milliseconds, so that most messages
/// cost one look at a clock.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// The moment everything monotonic is counted from.
    start: std::time::Instant,
    /// When the date was read last, and what it was.
    read: Now,
}

/// A date that somebody sets is seen so much later.
const DATE_MS: u64 = 100;

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
        Ok(Clock {
            start: std::time::Instant::now(),
            read: Now {
                mono: FIRST,
                unix_ms: unix_ms(),
            },
        })
    }

    /// Both clocks now.
    pub(crate) fn now(&mut self) -> Now {
        self.at(std::time::Instant::now())
    }

    /// Both clocks at a moment that has just been.
    pub(crate) fn at(&mut self, moment: std::time::Instant) -> Now {
        let since = moment.saturating_duration_since(self.start);
        let mono = FIRST.after_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let since_read_ms = mono.ms_since(self.read.mono);
        if since_read_ms < DATE_MS {
            let unix_ms = self.read.unix_ms + since_read_ms;
            return Now { mono, unix_ms };
        }
        self.read = Now {
            mono,
            unix_ms: unix_ms(),
        };
        self.read
    }
}

/// Zero is kept free, so that a deadline of zero is always in the past.
const FIRST: Instant = Instant::from_ms(1);

/// Milliseconds since 1970.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_date_is_counted_on_for_a_while_and_then_read_again() {
        let mut clock = Clock::start().expect("a date");
        clock.read.unix_ms = 7000;
        let at = |ms| clock.start + Duration::from_millis(ms);
        let (soon, late) = (at(DATE_MS - 1), at(DATE_MS));
        assert_eq!(clock.at(soon).unix_ms, 7000 + DATE_MS - 1);
        let now = clock.at(late);
        assert_eq!(now.mono, FIRST.after_ms(DATE_MS));
        assert!(now.unix_ms / 1000 >= EARLIEST_UNIX_S);
        assert_eq!(
            clock.at(late + Duration::from_millis(3)).unix_ms,
            now.unix_ms + 3
        );
    }
}
