//! Local time: `TZ`, else `/etc/localtime`, with the rules of the system's time zone files.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use policy::{LocalOffset, LocalZone};
use std::sync::Arc;

/// How far the clock on the wall is ahead of UTC, at any second: summer time comes and goes while
/// the server runs. UTC where the system names no zone.
pub(crate) fn local() -> LocalOffset {
    let zone = TimeZone::system();
    Arc::new(move |unix_s| offset(&zone, unix_s).seconds())
}

/// What the clock on the wall is called at any second, such as `CEST`, and whether that is summer time.
pub(crate) fn named() -> LocalZone {
    let zone = TimeZone::system();
    Arc::new(move |unix_s| {
        let info = zone.to_offset_info(moment(unix_s));
        (info.abbreviation().to_owned(), info.dst().is_dst())
    })
}

fn offset(zone: &TimeZone, unix_s: u64) -> Offset {
    zone.to_offset(moment(unix_s))
}

/// The moment; one that no calendar has is the last that it has.
fn moment(unix_s: u64) -> Timestamp {
    let unix_s = i64::try_from(unix_s).ok();
    unix_s
        .and_then(|unix_s| Timestamp::from_second(unix_s).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_is_followed() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let winter = 1_795_248_068;
        assert_eq!(offset(&zone, winter).seconds(), 3600);
        assert_eq!(offset(&zone, winter - 120 * 86_400).seconds(), 7200);
        assert_eq!(offset(&zone, u64::MAX).seconds(), 3600);
    }
}
