//! Points in time that are spelled out.

/// Unix seconds of `YYYY-MM-DD`, followed or not by a space or `T` and `HH:MM:SS`, in UTC: how SQL
/// spells a time. What follows the seconds is ignored.
pub fn unix_seconds(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        let all_digits = digits.iter().all(u8::is_ascii_digit);
        all_digits.then(|| {
            digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if text.get(4)? != &b'-'
        || text.get(7)? != &b'-'
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
    {
        return None;
    }
    let clock = match text.get(10) {
        None => 0,
        Some(b' ' | b'T') => number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?,
        Some(_) => return None,
    };
    // Days of the Gregorian calendar since 1970-01-01, counted in years that begin in March, so that
    // the leap day is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some((days + (153 * month + 2) / 5 + day - 1 - 719_468) * 86_400 + clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_spelled_out_are_read() {
        let times = [
            ("1970-01-01 00:00:00", Some(0)),
            ("2000-01-01 00:00:01", Some(946_684_801)),
            ("2026-11-21T07:18:33.5", Some(1_795_245_513)),
            ("2030-05-28 21:32:15", Some(1_906_234_335)),
            ("2000-02-29", Some(951_782_400)),
            ("0000-01-01", Some(-62_167_219_200)),
            ("2000-13-01", None),
            ("2000-1-01", None),
            ("2000-01-01x", None),
            ("2000-01-01 1", None),
            ("", None),
        ];
        for (text, seconds) in times {
            assert_eq!(unix_seconds(text.as_bytes()), seconds, "{text:?}");
        }
    }
}
