//! Times as Kamailio writes them into MySQL and PostgreSQL: on the clock of its own time zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The time zone of the server process.
///
/// In the hour that autumn repeats, a time on the clock means the first of two moments: Kamailio
/// leaves that open, and a database without zones cannot know.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this process: `TZ`, else the system's.
    pub fn local() -> Self {
        Self(TimeZone::system())
    }

    /// Universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// What the clock shows; none for a year outside of 0 to 9999.
    pub fn clock(&self, unix_s: i64) -> Option<DateTime> {
        let shown = Timestamp::from_second(unix_s).ok()?;
        let shown = self.0.to_datetime(shown);
        (shown.year() >= 0).then_some(shown)
    }

    /// The moment at which the clock shows this.
    pub fn unix_s(&self, shown: DateTime) -> Option<i64> {
        let moment = self.0.to_ambiguous_timestamp(shown).compatible().ok()?;
        Some(moment.as_second())
    }

    /// The moment of a time that is spelled out, `2026-11-21 07:18:33`; fractions are cut off.
    pub fn read(&self, text: &[u8]) -> Option<i64> {
        let seconds = store::unix_seconds(text)?;
        let shown = TimeZone::UTC.to_datetime(Timestamp::from_second(seconds).ok()?);
        self.unix_s(shown)
    }

    /// A time spelled out as databases read it.
    pub fn spell(&self, unix_s: i64) -> Option<String> {
        self.clock(unix_s)
            .map(|shown| shown.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_out_and_come_back() {
        let berlin = Zone(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone"));
        let times = [
            // Winter, summer, the second before clocks go forward, and the one after.
            (1_795_245_513, "2026-11-21 08:18:33"),
            (1_782_000_000, "2026-06-21 02:00:00"),
            (1_774_745_999, "2026-03-29 01:59:59"),
            (1_774_746_000, "2026-03-29 03:00:00"),
        ];
        for (unix_s, shown) in times {
            assert_eq!(berlin.spell(unix_s).as_deref(), Some(shown));
            assert_eq!(berlin.read(shown.as_bytes()), Some(unix_s));
        }
        assert_eq!(Zone::UTC.read(b"1970-01-01 00:00:01.5"), Some(1));
        assert_eq!(Zone::UTC.spell(i64::MAX), None);
    }
}
