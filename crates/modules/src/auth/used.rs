//! Which nonces were used, and how far their counts have come: a ring of bounded size.
//!
//! The place of a nonce is its number modulo the size. It is written only by requests whose
//! password was right, so that strangers cannot fill it. Memory comes in blocks as it is needed:
//! 24 bytes a nonce in use, and is given back when no nonce of a block can be used any more. Where a newer nonce
//! has taken the place, the older one counts as stale.

use parking_lot::Mutex;

/// Places a block; also how finely the ring is locked.
const BLOCK: usize = 1024;
/// The largest ring: 2^24 places, 400 MB when full. Kamailio's default is 2^20, here 24 MB when full.
pub(super) const MOST_ORDER: u32 = 24;
/// For so many seconds the same request is a retransmission (64·T1, RFC 3261 section 17).
const RETRANSMISSION_S: u32 = 32;

/// A ring of used nonces.
pub(super) struct Used {
    blocks: Box<[Mutex<Vec<Place>>]>,
    mask: u32,
}

#[derive(Clone, Copy, Default)]
struct Place {
    /// The number of the nonce, plus one; 0 while nobody was here.
    id: u64,
    /// The last count.
    count: u32,
    /// Unix seconds of the last use.
    at_s: u32,
    /// A keyed hash of the request that used it last; 0 for one that must not come again.
    request: u64,
}

/// One use of a nonce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    /// The number of the nonce.
    pub(super) id: u32,
    /// The nonce count; 1 for a one-time nonce.
    pub(super) count: u32,
    /// Unix seconds, modulo 2^32.
    pub(super) now_s: u32,
    /// A keyed hash of the request and where it came from; 0 where it must not be taken again.
    pub(super) request: u64,
}

/// What is known of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// This use is new, or the very same request again within 32 seconds.
    Fresh,
    /// The count is not larger than before.
    Reused,
    /// A newer nonce has its place: nobody knows any more.
    Forgotten,
}

impl Used {
    /// A ring of 2^`order` places.
    pub(super) fn new(order: u32) -> Used {
        let places = 1usize << order.min(MOST_ORDER);
        let blocks = (0..places.div_ceil(BLOCK)).map(|_| Mutex::default());
        Used {
            blocks: blocks.collect(),
            mask: u32::try_from(places - 1).unwrap_or(u32::MAX),
        }
    }

    /// What is known before the password was looked at.
    pub(super) fn look(&self, new: Use) -> Known {
        let (block, at) = self.place_of(new.id);
        let Some(block) = self.blocks.get(block) else {
            return Known::Forgotten;
        };
        let block = block.lock();
        block.get(at).map_or(Known::Fresh, |place| place.judge(new))
    }

    /// Notes a use where it is fresh, in one step with looking.
    pub(super) fn note(&self, new: Use) -> Known {
        let (block, at) = self.place_of(new.id);
        let Some(block) = self.blocks.get(block) else {
            return Known::Forgotten;
        };
        let mut block = block.lock();
        if block.is_empty() {
            block.resize(BLOCK.min(self.mask as usize + 1), Place::default());
        }
        let Some(place) = block.get_mut(at) else {
            return Known::Forgotten;
        };
        let known = place.judge(new);
        if known == Known::Fresh && !place.is_same(new) {
            *place = Place {
                id: u64::from(new.id) + 1,
                count: new.count,
                at_s: new.now_s,
                request: new.request,
            };
        }
        known
    }

    /// Gives the blocks back whose nonces were all last used before `before_s`.
    pub(super) fn forget(&self, before_s: u32) {
        let is_old = |place: &Place| (place.at_s.wrapping_sub(before_s) as i32) < 0;
        for block in &self.blocks {
            let mut block = block.lock();
            let mut used = block.iter().filter(|place| place.id != 0);
            if !block.is_empty() && used.all(is_old) {
                *block = Vec::new();
            }
        }
    }

    /// Octets that the blocks in use take.
    #[cfg(test)]
    fn octets(&self) -> usize {
        let blocks = self.blocks.iter().map(|block| block.lock().capacity());
        blocks.sum::<usize>() * size_of::<Place>()
    }

    fn place_of(&self, id: u32) -> (usize, usize) {
        let at = (id & self.mask) as usize;
        (at / BLOCK, at % BLOCK)
    }
}

impl Place {
    fn judge(&self, new: Use) -> Known {
        let Some(id) = self.id.checked_sub(1).map(|id| id as u32) else {
            return Known::Fresh;
        };
        if id != new.id {
            // Numbers rise by one and wrap; half the space apart is the future.
            let is_newer = (id.wrapping_sub(new.id) as i32) > 0;
            return if is_newer {
                Known::Forgotten
            } else {
                Known::Fresh
            };
        }
        if new.count > self.count || self.is_same(new) {
            Known::Fresh
        } else {
            Known::Reused
        }
    }

    /// True for a retransmission: the same octets from the same source, not long after.
    fn is_same(&self, new: Use) -> bool {
        self.id == u64::from(new.id) + 1
            && self.count == new.count
            && self.request == new.request
            && self.request != 0
            && new.now_s.wrapping_sub(self.at_s) <= RETRANSMISSION_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(id: u32, count: u32, request: u64) -> Use {
        Use {
            id,
            count,
            now_s: 100,
            request,
        }
    }

    #[test]
    fn counts_must_rise() {
        let ring = Used::new(10);
        for (count, known) in [
            (1, Known::Fresh),
            (2, Known::Fresh),
            (5, Known::Fresh),
            (4, Known::Reused),
            (5, Known::Reused),
            (6, Known::Fresh),
        ] {
            let mut new = used(3, count, 0);
            // Another request each time.
            new.request = u64::from(count) + u64::from(known == Known::Reused) * 100;
            assert_eq!(ring.look(new), known, "{count}");
            assert_eq!(ring.note(new), known, "{count}");
        }
        assert_eq!(ring.note(used(4, 1, 0)), Known::Fresh);
    }

    #[test]
    fn the_same_request_may_come_again_for_a_while() {
        let ring = Used::new(10);
        let first = used(3, 1, 77);
        assert_eq!(ring.note(first), Known::Fresh);
        assert_eq!(ring.note(first), Known::Fresh);
        assert_eq!(ring.note(used(3, 1, 78)), Known::Reused);
        let late = Use {
            now_s: 133,
            ..first
        };
        assert_eq!(ring.note(late), Known::Reused);
        let timely = Use {
            now_s: 132,
            ..first
        };
        assert_eq!(ring.note(timely), Known::Fresh);
    }

    #[test]
    fn an_older_nonce_is_forgotten_when_a_newer_takes_its_place() {
        let ring = Used::new(2);
        assert_eq!(ring.note(used(1, 1, 1)), Known::Fresh);
        assert_eq!(ring.note(used(5, 1, 2)), Known::Fresh);
        assert_eq!(ring.look(used(1, 9, 3)), Known::Forgotten);
        assert_eq!(ring.note(used(u32::MAX, 1, 4)), Known::Fresh);
        assert_eq!(ring.note(used(3, 1, 5)), Known::Fresh);
        assert_eq!(ring.note(used(u32::MAX, 2, 6)), Known::Forgotten);
    }
    #[test]
    fn a_block_goes_when_its_last_nonce_is_over() {
        let ring = Used::new(12);
        let at = |id, now_s| Use {
            now_s,
            ..used(id, 1, 1)
        };
        for id in 0..4096 {
            assert_eq!(ring.note(at(id, id)), Known::Fresh);
        }
        assert_eq!(ring.octets(), 4096 * 24);
        ring.forget(2047);
        assert_eq!(
            ring.octets(),
            3 * 1024 * 24,
            "one of the second block is not over"
        );
        assert_eq!(ring.look(at(2000, 2100)), Known::Reused);
        ring.forget(2048);
        assert_eq!(ring.octets(), 2 * 1024 * 24);
        ring.forget(5000);
        assert_eq!(ring.octets(), 0);
    }
}
