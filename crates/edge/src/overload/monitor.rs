//! Whether a worker is beyond its capacity, told by how long messages wait for it (the monitor of
//! RFC 6357 section 3).
//!
//! A burst waits too, but what came after it does not: below capacity every queue is empty now and then. So
//! only a wait that does not end for an interval is overload, as in CoDel (RFC 8289 section 3).

use policy::OverloadParams;
use stack::Instant;

/// Overload is over when for so many milliseconds nothing has waited for too long.
pub(crate) const CALM_MS: u64 = 5000;
/// For so many milliseconds after datagrams were lost every wait counts as [`FULL_WAIT`] targets: where the
/// system allows small receive buffers only, they are full before anything in them has waited for long.
const FULL_MS: u64 = 20;
/// See [`FULL_MS`]: longer than anybody waits to be refused.
const FULL_WAIT: u32 = 2;

/// What one worker knows of its queue. 64 octets.
#[derive(Default)]
pub(crate) struct Monitor {
    /// How long the message in hand had waited, in milliseconds.
    waited_ms: u32,
    /// When the waits that are too long began and when the last one was, unless one since was short.
    long: Option<(Instant, Instant)>,
    /// When the last wait of an overload was too long; none where there is no overload.
    overloaded: Option<Instant>,
    /// When datagrams were lost.
    full: Option<Instant>,
}

impl Monitor {
    /// Takes note of the wait of the message in hand; true where overload begins with it.
    pub(crate) fn note(&mut self, waited_ms: u32, params: &OverloadParams, now: Instant) -> bool {
        let is_full = self.full.is_some_and(|at| now.ms_since(at) < FULL_MS);
        let least = if is_full {
            params.target_ms.saturating_mul(FULL_WAIT)
        } else {
            0
        };
        self.waited_ms = waited_ms.max(least);
        if params.target_ms == 0 || self.waited_ms < params.target_ms {
            self.long = None;
            return false;
        }
        if let Some(last) = &mut self.overloaded {
            *last = now;
            return false;
        }
        let interval_ms = u64::from(params.interval_ms);
        let goes_on = |(_, last): &(Instant, Instant)| now.ms_since(*last) <= interval_ms;
        let since = self.long.filter(goes_on).map_or(now, |(since, _)| since);
        self.long = Some((since, now));
        if now.ms_since(since) < interval_ms {
            return false;
        }
        self.overloaded = Some(now);
        true
    }

    /// Takes note that the receive buffer was full.
    pub(crate) fn overflowed(&mut self, now: Instant) {
        self.full = Some(now);
    }

    /// What is in hand now did not wait in a queue.
    pub(crate) fn clear(&mut self) {
        self.waited_ms = 0;
    }

    /// How long the message in hand had waited, where there is overload.
    pub(crate) fn delay_ms(&self) -> Option<u32> {
        self.overloaded.map(|_| self.waited_ms)
    }

    /// True where overload ends now.
    pub(crate) fn ends(&mut self, now: Instant) -> bool {
        let ends = self
            .overloaded
            .is_some_and(|last| now.ms_since(last) >= CALM_MS);
        if ends {
            *self = Monitor::default();
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When overload begins where a message each 10 ms has waited for as long as `wait` says.
    fn begins(wait: impl Fn(u64) -> u32) -> Option<u64> {
        let (mut monitor, params) = (Monitor::default(), OverloadParams::default());
        (0..2000)
            .step_by(10)
            .find(|at| monitor.note(wait(*at), &params, Instant::from_ms(*at)))
    }

    #[test]
    fn what_waits_for_an_interval_without_an_end_is_overload() {
        assert_eq!(begins(|_| 20), Some(200));
        assert_eq!(begins(|at| if at < 1000 { 0 } else { 500 }), Some(1200));
    }

    #[test]
    fn bursts_that_end_are_none() {
        assert_eq!(begins(|_| 19), None);
        assert_eq!(begins(|at| if at % 200 == 0 { 0 } else { 300 }), None);
        // Two late messages with nothing between them are no queue.
        let (mut monitor, params) = (Monitor::default(), OverloadParams::default());
        assert!(!monitor.note(90, &params, Instant::from_ms(0)));
        assert!(!monitor.note(90, &params, Instant::from_ms(5000)));
    }

    #[test]
    fn nothing_is_overload_without_a_target() {
        let off = OverloadParams {
            target_ms: 0,
            ..OverloadParams::default()
        };
        let mut monitor = Monitor::default();
        let noted = (0..1000).any(|at| monitor.note(900, &off, Instant::from_ms(at)));
        assert!(!noted && monitor.delay_ms().is_none());
    }

    #[test]
    fn it_ends_when_nothing_has_waited_for_five_seconds() {
        let (mut monitor, params) = (Monitor::default(), OverloadParams::default());
        let at = Instant::from_ms;
        assert!((0..=200).any(|ms| monitor.note(50, &params, at(ms))));
        assert_eq!(monitor.delay_ms(), Some(50));
        monitor.note(1, &params, at(1000));
        assert_eq!(monitor.delay_ms(), Some(1));
        assert!(!monitor.ends(at(5199)) && monitor.ends(at(5200)));
        assert!(!monitor.ends(at(5200)) && monitor.delay_ms().is_none());
    }

    #[test]
    fn a_full_buffer_is_a_long_wait() {
        let (mut monitor, params) = (Monitor::default(), OverloadParams::default());
        let begun = (0..300).any(|ms| {
            monitor.overflowed(Instant::from_ms(ms));
            monitor.note(3, &params, Instant::from_ms(ms))
        });
        assert!(begun);
        assert_eq!(monitor.delay_ms(), Some(40));
        monitor.note(3, &params, Instant::from_ms(400));
        assert_eq!(monitor.delay_ms(), Some(3));
    }
}
