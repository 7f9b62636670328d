//! A hierarchical timing wheel of hints.

use crate::Instant;

/// Milliseconds of one tick of the finest wheel.
const TICK_MS: u64 = 4;
/// Slots of a wheel, as a power of two.
const BITS: u32 = 8;
const SLOTS: usize = 1 << BITS;
/// Three wheels reach 4 ms · 2^24, which is over 18 hours; later deadlines wait in the last slot
/// and go round again.
const LEVELS: usize = 3;
const REACH_TICKS: u64 = 1 << (BITS as usize * LEVELS);
/// A drained slot keeps at most this capacity, so that a peak's memory returns.
const KEEP: usize = 32;

/// Deadlines of a worker.
///
/// An entry is a hint: it is never cancelled, and whoever it wakes looks whether something is
/// really due and arms again. Arming costs O(1). An entry fires at its deadline or up to 4 ms
/// later, never before.
#[derive(Debug)]
pub struct Wheel<K> {
    /// Everything before this tick has fired.
    tick: u64,
    levels: [Level<K>; LEVELS],
    len: usize,
}

/// What one machine has waiting in wheels, so that its hints do not pile up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    armed: Option<Instant>,
}

impl Hint {
    /// The machine's next deadline is now `deadline`: when to arm a hint for it, `None` if one
    /// comes in time anyway.
    #[must_use = "the returned moment has to be armed"]
    pub fn want(&mut self, deadline: Option<Instant>) -> Option<Instant> {
        let deadline = deadline?;
        if self.armed.is_some_and(|armed| armed <= deadline) {
            return None;
        }
        self.armed = Some(deadline);
        Some(deadline)
    }

    /// A hint has come.
    pub fn fired(&mut self, now: Instant) {
        self.armed = self.armed.filter(|armed| *armed > now);
    }
}

#[derive(Debug)]
struct Level<K> {
    slots: Vec<Vec<(u64, K)>>,
    /// One bit a slot that is not empty.
    occupied: [u64; SLOTS / 64],
}

impl<K> Wheel<K> {
    /// An empty wheel that starts at `now`.
    pub fn new(now: Instant) -> Self {
        Wheel {
            tick: now.as_ms() / TICK_MS,
            levels: std::array::from_fn(|_| Level::new()),
            len: 0,
        }
    }

    /// How many hints wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Wakes `key` at `deadline`; a deadline in the past is due at once.
    pub fn arm(&mut self, deadline: Instant, key: K) {
        let due = deadline.as_ms().div_ceil(TICK_MS).max(self.tick);
        self.len += 1;
        self.place(due, key);
    }

    /// Takes all keys that are due at `now` into `out`, in the order of their ticks.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<K>) {
        let last = now.as_ms() / TICK_MS;
        while self.tick <= last {
            if self.len == 0 {
                self.tick = last + 1;
                return;
            }
            self.fire(out);
            self.advance(last);
        }
    }

    /// A moment not later than the next hint, at which the wheel wants [`Wheel::expire`]: a far
    /// hint is first moved to a finer wheel. `None` if there is none.
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.len == 0 {
            return None;
        }
        let tick = (0..LEVELS)
            .filter_map(|level| self.next_slot(level, self.tick))
            .min();
        Some(Instant::from_ms(
            tick.unwrap_or(self.tick).saturating_mul(TICK_MS),
        ))
    }

    /// Puts an entry into the finest wheel that reaches it.
    fn place(&mut self, due: u64, key: K) {
        let ahead = (due - self.tick).min(REACH_TICKS - 1);
        let level = match ahead {
            0..256 => 0,
            256..65_536 => 1,
            _ => 2,
        };
        let at = (self.tick + ahead) >> (BITS as usize * level);
        self.levels[level].push(at as usize % SLOTS, (due, key));
    }

    /// Drains the finest slot of the present tick.
    fn fire(&mut self, out: &mut Vec<K>) {
        let mut slot = self.levels[0].take(self.tick as usize % SLOTS);
        self.len -= slot.len();
        out.extend(slot.drain(..).map(|(_, key)| key));
        self.levels[0].give_back(self.tick as usize % SLOTS, slot);
    }

    /// Goes to the next tick that has work, and where a coarse slot begins spreads it over the finer
    /// wheels. Nothing lies between, so a clock that jumps far costs no more than one that walks.
    fn advance(&mut self, last: u64) {
        let next = (0..LEVELS)
            .filter_map(|level| self.next_slot(level, self.tick + 1))
            .min();
        self.tick = next.map_or(last + 1, |tick| tick.min(last + 1));
        for level in (1..LEVELS).rev() {
            let shift = BITS as usize * level;
            if self.tick.trailing_zeros() as usize >= shift {
                self.spread(level, (self.tick >> shift) as usize % SLOTS);
            }
        }
    }

    fn spread(&mut self, level: usize, slot: usize) {
        for (due, key) in self.levels[level].take(slot) {
            self.place(due.max(self.tick), key);
        }
    }

    /// The tick at which the next occupied slot of a wheel begins. `from` is where the finest wheel
    /// is looked at; the present slot of a coarser one has been spread already.
    fn next_slot(&self, level: usize, from: u64) -> Option<u64> {
        let shift = BITS as usize * level;
        let from = if level == 0 {
            from
        } else {
            (self.tick >> shift) + 1
        };
        let at = self.levels[level].next_from(from, from + SLOTS as u64)?;
        Some(at << shift)
    }
}

impl<K> Level<K> {
    fn new() -> Self {
        Level {
            slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(),
            occupied: [0; SLOTS / 64],
        }
    }

    fn push(&mut self, slot: usize, entry: (u64, K)) {
        self.slots[slot].push(entry);
        self.occupied[slot / 64] |= 1 << (slot % 64);
    }

    fn take(&mut self, slot: usize) -> Vec<(u64, K)> {
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        std::mem::take(&mut self.slots[slot])
    }

    fn give_back(&mut self, slot: usize, empty: Vec<(u64, K)>) {
        if empty.capacity() <= KEEP {
            self.slots[slot] = empty;
        }
    }

    /// The first position in `from..to` (at most one round) whose slot is occupied.
    fn next_from(&self, from: u64, to: u64) -> Option<u64> {
        let mut at = from;
        while at < to {
            let slot = at as usize % SLOTS;
            let rest = self.occupied[slot / 64] >> (slot % 64);
            if rest != 0 {
                let found = at + u64::from(rest.trailing_zeros());
                return (found < to).then_some(found);
            }
            at += 64 - (slot as u64 % 64);
        }
        None
    }
}
