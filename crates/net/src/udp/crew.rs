//! Which threads of a socket wait for its datagrams: one while it keeps up with them, more while it
//! does not.
//!
//! The kernel hands datagrams to waiting threads in turn. With little to do that wakes a cold thread for
//! each one and costs 0.7 µs more (DESIGN: wake-ups decide), so the others sleep until one of those awake has
//! worked for a while without a pause. Any thread still takes any datagram: under load a single sender fills
//! all cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A thread that worked for so long without a pause does not keep up, and another one is wanted. It is
/// also the longest that a datagram waits for a sleeping thread. Senders come in bursts (SIPp: every 4 ms), and
/// one burst is no load.
const BUSY: Duration = Duration::from_millis(1);
/// So many datagrams must have been handled meanwhile: a thread that the system took the core from looks
/// busy and is not.
const MANY: usize = 32;
/// Whoever is busy for so long needs help, however few datagrams it was.
const STUCK: Duration = Duration::from_millis(20);
/// Waiting for so long is a pause.
const PAUSE: Duration = Duration::from_micros(50);
/// So many batches in a row without another one being wanted send a thread to sleep, unless it is the first.
const QUIET: u32 = 64;

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
    /// When the last pause ended, and when the last batch was done.
    busy_since: Instant,
    done_at: Instant,
    /// How many datagrams were handled since that pause.
    datagrams: usize,
}

impl Place {
    /// A place; all but the first begin asleep.
    pub(super) fn new(crew: Arc<Crew>, first: bool, now: Instant) -> Self {
        let mut place = Self {
            crew,
            first,
            quiet: 0,
            bed: None,
            busy_since: now,
            done_at: now,
            datagrams: 0,
        };
        if !first {
            place.lie_down();
        }
        place
    }

    /// Whether the thread sleeps; if so, it has slept for at most `tick`, which a thread that is awake does not ask for.
    pub(super) fn slept(&mut self, tick: impl FnOnce() -> Duration) -> bool {
        let Some(bed) = &self.bed else { return false };
        if bed.asleep.load(Ordering::Acquire) {
            thread::park_timeout(tick());
            return true;
        }
        self.bed = None;
        self.quiet = 0;
        false
    }

    /// Takes note of a batch that came at `began` and was done at `done`: a long time without a pause
    /// wakes another thread, a long quiet lets this one sleep.
    pub(super) fn handled(&mut self, datagrams: usize, began: Instant, done: Instant) {
        if began.saturating_duration_since(self.done_at) >= PAUSE {
            self.begin_streak(began);
        }
        self.done_at = done;
        self.datagrams = self.datagrams.saturating_add(datagrams);
        let busy = done.saturating_duration_since(self.busy_since);
        if busy >= STUCK || (busy >= BUSY && self.datagrams >= MANY) {
            self.begin_streak(done);
            self.quiet = 0;
            self.crew.wake_one();
            return;
        }
        self.quiet = self.quiet.saturating_add(1);
        if !self.first && self.quiet >= QUIET {
            self.lie_down();
        }
    }

    fn begin_streak(&mut self, now: Instant) {
        self.busy_since = now;
        self.datagrams = 0;
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

    /// Work that starts so long after the last and takes so long.
    fn work(place: &mut Place, datagrams: usize, pause: Duration, took: Duration) {
        let began = place.done_at + pause;
        place.handled(datagrams, began, began + took);
    }

    #[test]
    fn work_without_a_pause_wakes_a_sleeper_and_quiet_sends_it_back() {
        let crew = Arc::new(Crew::default());
        let now = Instant::now();
        let mut first = Place::new(crew.clone(), true, now);
        let mut second = Place::new(crew, false, now);
        assert!(!first.slept(|| Duration::ZERO) && second.slept(|| Duration::ZERO));
        (0..100).for_each(|_| work(&mut first, MANY, PAUSE, BUSY / 2));
        assert!(second.slept(|| Duration::ZERO));
        (0..2).for_each(|_| work(&mut first, MANY, Duration::ZERO, BUSY / 2));
        assert!(!second.slept(|| Duration::ZERO));
        (0..QUIET).for_each(|_| work(&mut second, 1, PAUSE, Duration::ZERO));
        assert!(second.slept(|| Duration::ZERO));
        (0..100).for_each(|_| work(&mut first, 1, PAUSE, BUSY));
        assert!(second.slept(|| Duration::ZERO));
        work(&mut first, 1, PAUSE, STUCK);
        assert!(!second.slept(|| Duration::ZERO));
        (0..2 * QUIET).for_each(|_| work(&mut first, 1, PAUSE, Duration::ZERO));
        assert!(!first.slept(|| Duration::ZERO));
    }
}
