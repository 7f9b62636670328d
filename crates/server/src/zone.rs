//! Local time: `TZ`, else `/etc/localtime`, with the rules of the system's time zone files.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use policy::LocalOffset;
use std::sync::Arc;

/// How far the clock on the wall is ahead of UTC, at any second: summer time comes and goes while
/// the server runs. UTC where the system names no zone.
pub(crate) fn local() -> LocalOffset {
    let zone = TimeZone::system();
    Arc::new(move |unix_s| offset(&zone, unix_s).seconds())
}

fn offset(zone: &TimeZone, unix_s: u64) -> Offset {
    let moment = i64::try_from(unix_s).ok();
    moment
        .and_then(|unix_s| Timestamp::from_second(unix_s).ok())
        .map_or(Offset::UTC, |moment| zone.to_offset(moment))
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
        assert_eq!(offset(&zone, u64::MAX).seconds(), 0);
    }
}
