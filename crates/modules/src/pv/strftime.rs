//! `strftime` as `$timef(…)` and `{s.ftime,…}` need it: the conversions of POSIX, C locale.

use std::fmt::Write;
use time::{OffsetDateTime, UtcOffset};

/// What a moment's zone is called; asked for `%Z` only.
pub(super) type Zone<'a> = &'a dyn Fn() -> String;

/// A broken-down moment, `offset_s` ahead of UTC. Years outside of what a date can be are cut.
pub(super) fn moment(unix_s: i64, offset_s: i32) -> OffsetDateTime {
    let offset = UtcOffset::from_whole_seconds(offset_s).unwrap_or(UtcOffset::UTC);
    let utc = OffsetDateTime::from_unix_timestamp(unix_s).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    utc.checked_to_offset(offset).unwrap_or(utc)
}

/// The moment printed with `format`; what is no conversion stays as it is.
pub(super) fn strftime(format: &str, at: OffsetDateTime, zone: Zone<'_>) -> String {
    let mut out = String::with_capacity(format.len() + 16);
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some(conversion) => push(&mut out, conversion, at, zone),
            None => out.push('%'),
        }
    }
    out
}

/// `Sat Nov 21 07:46:06 2026`, as `ctime` prints it.
pub(super) const CTIME: &str = "%a %b %e %H:%M:%S %Y";

fn push(out: &mut String, conversion: char, at: OffsetDateTime, zone: Zone<'_>) {
    let composed = match conversion {
        'c' => CTIME,
        'D' | 'x' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'R' => "%H:%M",
        'T' | 'X' => "%H:%M:%S",
        'r' => "%I:%M:%S %p",
        'h' => "%b",
        _ => "",
    };
    if !composed.is_empty() {
        return out.push_str(&strftime(composed, at, zone));
    }
    let hour12 = (at.hour() + 11) % 12 + 1;
    let _never_fails = match conversion {
        'a' => write!(
            out,
            "{}",
            at.weekday().to_string().get(..3).unwrap_or_default()
        ),
        'A' => write!(out, "{}", at.weekday()),
        'b' => write!(
            out,
            "{}",
            at.month().to_string().get(..3).unwrap_or_default()
        ),
        'B' => write!(out, "{}", at.month()),
        'C' => write!(out, "{:02}", at.year().div_euclid(100)),
        'd' => write!(out, "{:02}", at.day()),
        'e' => write!(out, "{:2}", at.day()),
        'H' => write!(out, "{:02}", at.hour()),
        'I' => write!(out, "{hour12:02}"),
        'j' => write!(out, "{:03}", at.ordinal()),
        'k' => write!(out, "{:2}", at.hour()),
        'm' => write!(out, "{:02}", u8::from(at.month())),
        'M' => write!(out, "{:02}", at.minute()),
        'n' => out.write_char('\n'),
        'p' => write!(out, "{}", if at.hour() < 12 { "AM" } else { "PM" }),
        's' => write!(out, "{}", at.unix_timestamp()),
        'S' => write!(out, "{:02}", at.second()),
        't' => out.write_char('\t'),
        'u' => write!(out, "{}", at.weekday().number_from_monday()),
        'w' => write!(out, "{}", at.weekday().number_days_from_sunday()),
        'y' => write!(out, "{:02}", at.year().rem_euclid(100)),
        'Y' => write!(out, "{}", at.year()),
        'z' => write!(out, "{}", offset_text(at.offset())),
        'Z' => write!(out, "{}", zone()),
        '%' => out.write_char('%'),
        other => write!(out, "%{other}"),
    };
}

fn offset_text(offset: UtcOffset) -> String {
    let minutes = offset.whole_minutes();
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_print_as_in_the_c_locale() {
        let at = moment(1_700_000_000, 0);
        for (format, expected) in [
            ("%Y-%m-%d %H:%M:%S", "2023-11-14 22:13:20"),
            (CTIME, "Tue Nov 14 22:13:20 2023"),
            ("%I %p %j %u %w %y", "10 PM 318 2 2 23"),
            ("%z %Z 100%% %Q %", "+0000 UTC 100% %Q %"),
        ] {
            assert_eq!(
                strftime(format, at, &|| "UTC".to_owned()),
                expected,
                "{format}"
            );
        }
        let at = moment(1_700_000_000, 5400);
        assert_eq!(strftime("%H%z%Z", at, &|| "XST".to_owned()), "23+0130XST");
    }
}
