//! Datagrams of sources that flood in vain are read one in [`READ`] only.
//!
//! A script refuses a flood by saying nothing: `pike_check_req()` fails or a table of bans has the address, and
//! `exit`. Each refusal costs a message read and a route run. Where hundreds in a row came to nothing the next
//! ones will too, and a sample of them tells as well whether that is still so.

use ahash::RandomState;
use stack::Instant;
use std::net::SocketAddr;

/// Of the datagrams of such a source one in this many is read.
pub(crate) const READ: u32 = 16;
/// So many in a row came to nothing before any is passed over, and the rate is looked at again after
/// as many.
pub(crate) const RUN: u32 = 256;
/// Sources that one worker watches at a time, 48 octets each. Two that fall on the same place push each
/// other out, and then all of theirs is read.
const SLOTS: usize = 1024;

/// What one worker knows of sources that flood in vain: an address and a port each, so that nobody is passed
/// over for what others behind his translator do.
pub(crate) struct Shedder {
    hasher: RandomState,
    slots: Box<[Slot]>,
}

/// The place of a source among those that are watched.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    at: usize,
    peer: SocketAddr,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    peer: Option<SocketAddr>,
    /// Datagrams since `since`: those that came to nothing, or of a shed source all.
    count: u32,
    since: Instant,
    is_shed: bool,
}

impl Shedder {
    /// A shedder that knows nobody. The hasher is keyed, for peers choose where they fall.
    pub(crate) fn new(hasher: RandomState) -> Shedder {
        Shedder {
            hasher,
            slots: vec![Slot::default(); SLOTS].into(),
        }
    }

    /// Where a source is watched: looked up once for each datagram.
    pub(crate) fn place(&self, peer: SocketAddr) -> Place {
        let at = self.hasher.hash_one(peer) as usize % SLOTS;
        Place { at, peer }
    }

    /// True where a datagram from there is to be passed over. A source that has become slower than `rate`
    /// datagrams a second, or silent for as long as [`RUN`] of them take, is heard again.
    pub(crate) fn sheds(&mut self, place: Place, rate: u32, now: Instant) -> bool {
        let Some(slot) = self.slots.get_mut(place.at) else {
            return false;
        };
        if !slot.is_shed || !slot.is_of(place.peer) {
            return false;
        }
        if !slot.is_fast(rate, now) {
            *slot = Slot::default();
            return false;
        }
        slot.count += 1;
        if slot.count >= RUN {
            slot.restart(now);
        }
        !slot.count.is_multiple_of(READ)
    }

    /// Takes note of a datagram that was read: `in_vain` where nothing was sent, asked or kept for it.
    pub(crate) fn note(&mut self, place: Place, in_vain: bool, rate: u32, now: Instant) {
        let Some(slot) = self.slots.get_mut(place.at) else {
            return;
        };
        match (slot.is_of(place.peer), in_vain) {
            (true, false) => *slot = Slot::default(),
            (false, false) => {}
            (true, true) if slot.is_shed => {}
            (true, true) => slot.count_vain(rate, now),
            (false, true) => {
                *slot = Slot {
                    peer: Some(place.peer),
                    count: 1,
                    since: now,
                    is_shed: false,
                }
            }
        }
    }
}

impl Slot {
    fn is_of(&self, peer: SocketAddr) -> bool {
        self.peer == Some(peer)
    }

    fn count_vain(&mut self, rate: u32, now: Instant) {
        self.count += 1;
        if self.count >= RUN {
            self.is_shed = self.is_fast(rate, now);
            self.restart(now);
        }
    }

    /// Whether [`RUN`] datagrams since `since` would be `rate` a second at least.
    fn is_fast(&self, rate: u32, now: Instant) -> bool {
        rate > 0 && now.ms_since(self.since) * u64::from(rate) <= u64::from(RUN) * 1000
    }

    fn restart(&mut self, now: Instant) {
        self.count = 0;
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 1000;

    fn peer(shedder: &Shedder, port: u16) -> Place {
        shedder.place(([192, 0, 2, 1], port).into())
    }

    fn shedder() -> Shedder {
        Shedder::new(RandomState::with_seeds(1, 2, 3, 4))
    }

    /// How many of `count` datagrams at `rate` a second are read, when nothing comes of them.
    fn read(shedder: &mut Shedder, begin: Instant, count: u64, rate: u64) -> u64 {
        let (mut read, peer) = (0, peer(shedder, 5060));
        for number in 0..count {
            let now = begin.after_ms(number * 1000 / rate);
            if !shedder.sheds(peer, RATE, now) {
                read += 1;
                shedder.note(peer, true, RATE, now);
            }
        }
        read
    }

    #[test]
    fn of_a_flood_in_vain_one_in_sixteen_is_read() {
        let (mut shedder, begin) = (shedder(), Instant::default());
        assert_eq!(read(&mut shedder, begin, 10_000, 900), 10_000);
        let later = begin.after_ms(60_000);
        let most = u64::from(2 * RUN + 16_000 / READ);
        assert!(read(&mut shedder, later, 16_000, 4000) <= most);
        // Another port of the same address is heard.
        let other = peer(&shedder, 5062);
        assert!(!shedder.sheds(other, RATE, later.after_ms(4000)));
    }

    #[test]
    fn one_that_came_to_something_or_a_slower_rate_and_all_are_read_again() {
        let (mut shedder, begin) = (shedder(), Instant::default());
        read(&mut shedder, begin, 4000, 4000);
        let now = begin.after_ms(1000);
        let peer = peer(&shedder, 5060);
        assert!((0..4).any(|_| shedder.sheds(peer, RATE, now)));
        shedder.note(peer, false, RATE, now);
        assert!((0..64).all(|_| !shedder.sheds(peer, RATE, now)));

        read(&mut shedder, now, 4000, 4000);
        let later = now.after_ms(60_000);
        assert_eq!(read(&mut shedder, later, 2000, 500), 2000);
    }

    #[test]
    fn nothing_is_passed_over_at_rate_0() {
        let (mut shedder, now) = (shedder(), Instant::default());
        let peer = peer(&shedder, 5060);
        for _ in 0..4 * RUN {
            assert!(!shedder.sheds(peer, 0, now));
            shedder.note(peer, true, 0, now);
        }
    }
}
