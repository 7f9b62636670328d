//! When a thread lets datagrams pile up before it receives again: while a flood comes that nobody answers.
//!
//! Most of what a refused flood costs are wake-ups and system calls. Who is not answered does not mind to wait, so
//! the thread pauses for some milliseconds and takes what came meanwhile in few calls. Among that may be
//! somebody worth an answer: he gets it so much later.

use std::time::{Duration, Instant};

/// A pause. At 40,000 datagrams a second 160 pile up meanwhile.
pub(super) const LULL: Duration = Duration::from_millis(4);
/// So many datagrams in a row without an answer are a flood.
const MANY: usize = 64;
/// An answer to one in so many, or to fewer, does not end it.
const FEW: usize = 8;
/// A batch that comes so long after the last one begins anew: at a hundred datagrams a second nothing piles up.
const SPAN: Duration = Duration::from_millis(10);

/// The score of one thread.
#[derive(Debug)]
pub(super) struct Lull {
    /// Datagrams since the last batch that was answered; nothing was sent for them.
    unanswered: usize,
    last: Instant,
}

impl Lull {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            unanswered: 0,
            last: now,
        }
    }

    /// Takes note of a batch of `datagrams` done at `now` that `sent` so many, and tells whether to pause
    /// before the next one. A `full` batch leaves others waiting: they come first.
    pub(super) fn handled(
        &mut self,
        datagrams: usize,
        sent: usize,
        full: bool,
        now: Instant,
    ) -> bool {
        if now.saturating_duration_since(self.last) >= SPAN {
            self.unanswered = 0;
        }
        self.last = now;
        self.unanswered = match sent.saturating_mul(FEW) {
            0 => self.unanswered.saturating_add(datagrams),
            few if few <= datagrams => self.unanswered,
            _ => 0,
        };
        !full && self.unanswered >= MANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the last of `batches`, a millisecond apart, is followed by a lull.
    fn lulls(lull: &mut Lull, begin: Instant, batches: &[(usize, usize)]) -> bool {
        let times = (0..).map(|number| begin + Duration::from_millis(number));
        let told = batches.iter().zip(times);
        let told = told.map(|(&(size, sent), now)| lull.handled(size, sent, false, now));
        told.last().unwrap_or_default()
    }

    #[test]
    fn a_flood_without_answers_makes_a_lull() {
        let (mut lull, begin) = (Lull::new(Instant::now()), Instant::now());
        assert!(!lulls(&mut lull, begin, &[(1, 0); MANY - 1]));
        assert!(lulls(&mut lull, begin, &[(32, 0), (32, 0)]));
        // A few answers among many change nothing; what fills a batch is worked off first.
        assert!(lulls(&mut lull, begin, &[(32, 1)]));
        assert!(!lull.handled(64, 0, true, begin));
    }

    #[test]
    fn who_is_answered_or_slow_is_not_made_to_wait() {
        let (mut lull, begin) = (Lull::new(Instant::now()), Instant::now());
        assert!(!lulls(&mut lull, begin, &[(32, 32); 100]));
        assert!(!lulls(&mut lull, begin, &[(32, 0), (32, 0), (32, 5)]));
        let slow = (0..200).map(|number| begin + SPAN * number);
        assert!(
            slow.map(|now| lull.handled(2, 0, false, now))
                .all(|pause| !pause)
        );
    }
}
