//! The age of a message by its Date header (RFC 3261 section 20.17).

use super::SipUtils;
use policy::{Context, Declaration, Int, Level, Routes};
use sip::HeaderId;
use time::{Date, Month, Time};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "hdr_date_check(tdiff)",
        "1 where Date is not older than tdiff seconds, -4 where it is, -1 without a readable one.",
        Routes::ANY,
        hdr_date_check,
    );
}

fn hdr_date_check(_: &SipUtils, context: &mut Context, seconds: &Int) -> i32 {
    let seconds = seconds.get_or_0(context);
    let date = context
        .message
        .header(HeaderId::Date)
        .map(|header| unix_s(header.value));
    match date {
        None => refuse(context, -1, "Date header field is not found".to_owned()),
        Some(None) => refuse(context, -1, "failed parsing DATE body".to_owned()),
        Some(Some(date)) => {
            let age = i64::try_from(context.now.unix_s())
                .unwrap_or(i64::MAX)
                .saturating_sub(date);
            if age > seconds {
                refuse(
                    context,
                    -4,
                    format!("autdated date header value ({age} sec)"),
                )
            } else {
                1
            }
        }
    }
}

/// Reads an RFC 1123 date, `Sat, 13 Nov 2010 23:29:00 GMT`.
fn unix_s(date: &[u8]) -> Option<i64> {
    let words: Vec<&str> = std::str::from_utf8(date)
        .ok()?
        .split_ascii_whitespace()
        .collect();
    let [_, day, month, year, clock, "GMT"] = words.as_slice() else {
        return None;
    };
    let month = MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(month))?;
    let month = Month::try_from(u8::try_from(month + 1).ok()?).ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let mut parts = clock.splitn(3, ':').map(|part| part.parse::<u8>().ok());
    let mut part = || parts.next().flatten();
    let time = Time::from_hms(part()?, part()?, part()?).ok()?;
    Some(date.with_time(time).assume_utc().unix_timestamp())
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

fn refuse(context: &mut Context, code: i32, why: String) -> i32 {
    context.log(Level::Err, "siputils", || why);
    code
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    #[test]
    fn old_messages_are_told() {
        for (line, code) in [
            ("", -1),
            ("Date: foo\n", -1),
            ("Date: Sat, 13 Nov 2010 23:29:00 GMT\n", -4),
            ("Date: Tue, 13 Nov 2040 23:29:00 GMT\n", 1),
            ("Date: Sat, 21 Nov 2026 07:40:25 GMT\n", 1),
            ("Date: Sat, 21 Nov 2026 07:40:23 GMT\n", -4),
        ] {
            let script = "loadmodule \"siputils\"\nrequest_route { hdr_date_check(\"10\"); rc(); }";
            assert_eq!(
                run(script, &format!("OPTIONS sip:x SIP/2.0\n{line}\n")).codes,
                [code],
                "{line}"
            );
        }
    }
}
