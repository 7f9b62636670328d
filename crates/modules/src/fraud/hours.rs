//! Hours of the day.

/// A part of the day, `8-18` or `22:30-6`: from its first minute to before its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    /// Minutes after midnight.
    from: u64,
    to: u64,
}

/// Minutes of a day.
const DAY: u64 = 24 * 60;

impl Hours {
    /// Reads it; it may go over midnight.
    ///
    /// # Errors
    /// A sentence, where it is none.
    pub(super) fn parse(text: &str) -> Result<Hours, String> {
        let wrong = || format!("hours are written as 8-18 or 22:30-6, not {text:?}");
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let (from, to) = (
            minute(from).ok_or_else(wrong)?,
            minute(to).ok_or_else(wrong)?,
        );
        Ok(Hours { from, to })
    }

    /// True where a minute after midnight lies in it.
    pub(super) fn contains(self, minute: u64) -> bool {
        match self.from <= self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }
}

fn minute(text: &str) -> Option<u64> {
    let (hour, minute) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
    let (hour, minute): (u64, u64) = (hour.parse().ok()?, minute.parse().ok()?);
    let all = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && all <= DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_go_over_midnight() {
        for (text, inside, outside) in [
            ("8-18", [8 * 60, 17 * 60 + 59], [7 * 60 + 59, 18 * 60]),
            ("22:30-6", [22 * 60 + 30, 0], [22 * 60 + 29, 6 * 60]),
            ("0-24", [0, DAY - 1], [DAY, DAY]),
        ] {
            let hours = Hours::parse(text).expect(text);
            assert!(
                inside.into_iter().all(|minute| hours.contains(minute)),
                "{text}"
            );
            assert!(
                !outside.into_iter().any(|minute| hours.contains(minute)),
                "{text}"
            );
        }
        for wrong in ["", "8", "8-", "8-25", "8:60-9", "a-b"] {
            assert!(Hours::parse(wrong).is_err(), "{wrong}");
        }
    }
}
