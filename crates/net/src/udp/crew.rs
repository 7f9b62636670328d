//! Which threads of a socket wait for its datagrams: one while there is little to do, more while
//! datagrams pile up.
//!
//! The kernel hands datagrams to waiting threads in turn. With little to do that wakes a cold thread for
//! each one and costs 0.7 µs more (DESIGN: wake-ups decide), so the others sleep until one of those awake finds
//! a backlog. Any thread still takes any datagram: under load a single sender fills all cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use parking_lot::Mutex;

/// A batch of so many tells that datagrams pile up.
const BACKLOG: usize = 3;
/// A handler that takes so long for a batch keeps what comes meanwhile waiting, so another thread is wanted.
const SLOW: Duration = Duration::from_micros(500);
/// So many batches in a row without a backlog send a thread to sleep, unless it is the first one.
const QUIET: u32 = 1_024;

/// The threads of one socket.
#[derive(Debug, Default)]
pub(super) struct Crew {
    sleepers: Mutex<Vec<Arc<Sleeper>>>,
    /// Whether somebody sleeps, so that a busy thread need not lock.
    somebody: AtomicBool,
}

#[derive(Debug)]
struct Sleeper {
    thread: Thread,
    asleep: AtomicBool,
}

/// One thread's place in its crew.
pub(super) struct Place {
    crew: Arc<Crew>,
    /// The first thread of a socket never sleeps.
    first: bool,
    quiet: u32,
    bed: Option<Arc<Sleeper>>,
}

impl Place {
    /// A place; all but the first begin asleep.
    pub(super) fn new(crew: Arc<Crew>, first: bool) -> Self {
        let mut place = Self {
            crew,
            first,
            quiet: 0,
            bed: None,
        };
        if !first {
            place.lie_down();
        }
        place
    }

    /// Whether the thread sleeps; if so, it has slept for at most `tick`.
    pub(super) fn slept(&mut self, tick: Duration) -> bool {
        let Some(bed) = &self.bed else { return false };
        if bed.asleep.load(Ordering::Acquire) {
            thread::park_timeout(tick);
            return true;
        }
        self.bed = None;
        self.quiet = 0;
        false
    }

    /// Takes note of a batch and of the time it took: a backlog or a slow handler wakes another thread,
    /// a long quiet lets this one sleep.
    pub(super) fn handled(&mut self, batch: usize, took: Duration) {
        if batch >= BACKLOG || took >= SLOW {
            self.quiet = 0;
            self.crew.wake_one();
            return;
        }
        self.quiet = self.quiet.saturating_add(1);
        if !self.first && self.quiet >= QUIET {
            self.lie_down();
        }
    }

    fn lie_down(&mut self) {
        let bed = Arc::new(Sleeper {
            thread: thread::current(),
            asleep: AtomicBool::new(true),
        });
        let mut sleepers = self.crew.sleepers.lock();
        sleepers.push(bed.clone());
        self.crew.somebody.store(true, Ordering::Release);
        self.bed = Some(bed);
    }
}

impl Crew {
    fn wake_one(&self) {
        if !self.somebody.load(Ordering::Acquire) {
            return;
        }
        let mut sleepers = self.sleepers.lock();
        let next = sleepers.pop();
        self.somebody.store(!sleepers.is_empty(), Ordering::Release);
        drop(sleepers);
        if let Some(sleeper) = next {
            sleeper.asleep.store(false, Ordering::Release);
            sleeper.thread.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_wakes_a_sleeper_and_quiet_sends_it_back() {
        let crew = Arc::new(Crew::default());
        let mut first = Place::new(crew.clone(), true);
        let mut second = Place::new(crew, false);
        assert!(!first.slept(Duration::ZERO) && second.slept(Duration::ZERO));
        first.handled(BACKLOG, Duration::ZERO);
        assert!(!second.slept(Duration::ZERO));
        (0..QUIET).for_each(|_| second.handled(1, Duration::ZERO));
        assert!(second.slept(Duration::ZERO));
        first.handled(1, SLOW);
        assert!(!second.slept(Duration::ZERO));
        (0..2 * QUIET).for_each(|_| first.handled(1, Duration::ZERO));
        assert!(!first.slept(Duration::ZERO));
    }
}
