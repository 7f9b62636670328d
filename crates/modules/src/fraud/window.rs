//! Counts of the last hour.

/// A count of what happened in the last hour, exact to five minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hour {
    parts: [u32; PARTS],
    /// The number of the newest part since 1970.
    newest: u64,
}

const PARTS: usize = 12;
/// Seconds of one part.
const PART_S: u64 = 300;

impl Hour {
    /// Counts one.
    pub(super) fn add(&mut self, now_s: u64) {
        self.turn(now_s);
        if let Some(part) = self.parts.get_mut(place(self.newest)) {
            *part = part.saturating_add(1);
        }
    }

    /// What was counted.
    pub(super) fn count(&mut self, now_s: u64) -> u64 {
        self.turn(now_s);
        self.parts.iter().map(|part| u64::from(*part)).sum()
    }

    /// Forgets what is over.
    fn turn(&mut self, now_s: u64) {
        let now = now_s / PART_S;
        let passed = now.saturating_sub(self.newest);
        // A clock that was set back changes nothing until it has caught up.
        for part in (self.newest + 1..=now)
            .rev()
            .take(PARTS.min(usize::try_from(passed).unwrap_or(PARTS)))
        {
            if let Some(part) = self.parts.get_mut(place(part)) {
                *part = 0;
            }
        }
        self.newest = self.newest.max(now);
    }
}

fn place(part: u64) -> usize {
    usize::try_from(part % PARTS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_passes() {
        let mut hour = Hour::default();
        let start_s = 1_795_246_800;
        for minute in 0..60 {
            hour.add(start_s + minute * 60);
        }
        assert_eq!(hour.count(start_s + 59 * 60), 60);
        assert_eq!(hour.count(start_s + 61 * 60), 55);
        assert_eq!(hour.count(start_s), 55, "the clock was set back");
        assert_eq!(hour.count(start_s + 90 * 60), 25);
        assert_eq!(hour.count(start_s + 1000 * 60), 0);
    }
}
