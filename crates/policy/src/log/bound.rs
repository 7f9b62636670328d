//! How many lines a place in the source may write: what a peer can cause fills no disk.

use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Lines of one place at most from one [`Bounds::begin`] to the next.
const MOST: u32 = 100;

/// Places that are told apart; more than there are in the source. Beyond that they share.
const PLACES: usize = 512;

/// The module that says a line, and where in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) source: &'static str,
    pub(super) at: &'static Location<'static>,
}

/// What each place has written. Nothing in here waits: a flood of lines costs an addition each.
pub(super) struct Bounds {
    slots: Box<[Slot]>,
}

#[derive(Default)]
struct Slot {
    place: OnceLock<Place>,
    lines: AtomicU32,
}

impl Bounds {
    /// True for the first lines of a place; the others are counted.
    pub(super) fn allow(&self, place: Place) -> bool {
        let start = place.at.line() as usize % PLACES;
        let (before, after) = self.slots.split_at(start);
        let mut around = after.iter().chain(before);
        let slot = around.find(|slot| *slot.place.get_or_init(|| place) == place);
        let Some(slot) = slot.or(after.first()) else {
            return true;
        };
        // Of more than that in one stretch nobody needs to know the number.
        let spend = |lines: u32| lines.checked_add(1);
        let spent = slot
            .lines
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend);
        spent.is_ok_and(|lines| lines < MOST)
    }

    /// A new stretch: answers the places that wrote more than they may, and how many lines were left out.
    pub(super) fn begin(&self) -> impl Iterator<Item = (Place, u32)> + '_ {
        self.slots.iter().filter_map(|slot| {
            let left_out = slot.lines.swap(0, Ordering::Relaxed).saturating_sub(MOST);
            let place = slot.place.get().filter(|_| left_out > 0)?;
            Some((*place, left_out))
        })
    }
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            slots: (0..PLACES).map(|_| Slot::default()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Level, Logger, Record, Sink};
    use parking_lot::Mutex;
    use std::sync::Arc;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Sink for Lines {
        fn write(&self, record: Record) {
            self.0
                .lock()
                .push(format!("{}: {}", record.source, record.text));
        }
    }

    fn drain(lines: &Lines) -> Vec<String> {
        std::mem::take(&mut *lines.0.lock())
    }

    #[test]
    fn each_place_writes_a_hundred_lines_and_then_says_how_many_more_there_were() {
        let lines = Arc::new(Lines::default());
        let logger = Logger::new(Level::Dbg as i32, lines.clone());
        for _ in 0..2 {
            let at = line!() + 2;
            for number in 0..150 {
                logger.log(Level::Err, "auth", || format!("peer {number}"));
            }
            logger.log(Level::Err, "auth", || "another place".to_owned());
            let written = drain(&lines);
            assert_eq!(written.len(), 101);
            assert_eq!(written[99], "auth: peer 99");
            assert_eq!(written[100], "auth: another place");
            logger.tell_left_out();
            let told = format!(
                "auth: 50 more lines like those of {}:{at} were left out",
                file!()
            );
            assert_eq!(drain(&lines), [told]);
        }
    }

    #[test]
    fn what_the_operator_asks_for_has_no_bound() {
        let lines = Arc::new(Lines::default());
        let logger = Logger::new(Level::Dbg as i32, lines.clone());
        for _ in 0..150 {
            logger.log_all(Level::Err, "script", String::new);
            logger.log(Level::Dbg, "tm", String::new);
        }
        logger.tell_left_out();
        assert_eq!(drain(&lines).len(), 300);
    }

    #[test]
    fn a_line_that_is_left_out_is_not_made() {
        let logger = Logger::silent();
        logger.set_level(Level::Err as i32);
        let mut made = 0;
        for _ in 0..150 {
            logger.log(Level::Err, "auth", || {
                made += 1;
                String::new()
            });
        }
        assert_eq!(made, 100);
    }
}
