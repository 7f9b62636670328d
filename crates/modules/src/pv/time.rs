//! `$TS`, `$Tf`, `$TV(…)`, `$time(…)`, `$timef(…)`: the moment the route runs at.

use super::Pv;
use super::part::text;
use super::strftime::{CTIME, moment, strftime};
use policy::{Context, Declaration, Var, problem};
use script::Value;
use time::OffsetDateTime;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    for (name, doc, read) in READ {
        declaration.read(name, doc, move |_, context| read(context));
    }
    let doc = "Seconds (s), microseconds (u) or both (S, sn, Sn …) of the time the route runs at.";
    declaration.variable("TV(key)", doc, false, |_, spec, _| {
        let read = time_value(spec.inner.as_deref().unwrap_or_default().trim_ascii());
        read.map(Var::read_only)
            .ok_or_else(|| problem("$TV takes s, u, S, sn, un or Sn"))
    });
    for (name, doc, local) in [
        (
            "time(key)",
            "A part of the local time: sec, min, hour, mday, mon, year, wday, yday, isdst.",
            true,
        ),
        (
            "utime(key)",
            "A part of the time in UTC: sec, min, hour, mday, mon, year, wday, yday, isdst.",
            false,
        ),
    ] {
        declaration.variable(name, doc, false, move |_, spec, _| {
            let read = part_of_time(spec.inner.as_deref().unwrap_or_default().trim_ascii());
            let read = read.ok_or_else(|| {
                problem("the key is sec, min, hour, mday, mon, year, wday, yday or isdst")
            })?;
            Ok(Var::read_only(move |context| match read {
                Part::OfMoment(read) => Value::Int(read(now(context, local))),
                Part::Summer => Value::Int(zone(context, local).1.into()),
            }))
        });
    }
    for (name, doc, local) in [
        (
            "timef(format)",
            "The local time, printed as strftime does.",
            true,
        ),
        (
            "utimef(format)",
            "The time in UTC, printed as strftime does.",
            false,
        ),
    ] {
        declaration.variable(name, doc, false, move |_, spec, _| {
            let format = spec
                .inner
                .as_deref()
                .ok_or_else(|| problem("the format is missing"))?;
            let format = String::from_utf8_lossy(format).into_owned();
            Ok(Var::read_only(move |context| {
                let zone = || zone(context, local).0;
                text(strftime(&format, now(context, local), &zone))
            }))
        });
    }
}

/// A variable: name, doc line, how it is read.
type Read = (&'static str, &'static str, fn(&mut Context) -> Value);

const READ: [Read; 5] = [
    ("TS", "The time in Unix seconds.", |c| seconds(c)),
    ("Ts", "The time in Unix seconds.", |c| seconds(c)),
    ("Tf", "The local time, `Sat Nov 21 07:46:06 2026`.", |c| {
        text(strftime(CTIME, now(c, true), &String::new))
    }),
    ("Tb", "When the server started, in Unix seconds.", |c| {
        Value::Int(i64::try_from(c.config.installed.surroundings.started_s).unwrap_or(i64::MAX))
    }),
    ("TF", "When the server started, as local time.", |c| {
        let surroundings = &c.config.installed.surroundings;
        let started = i64::try_from(surroundings.started_s).unwrap_or(i64::MAX);
        text(strftime(
            CTIME,
            moment(started, surroundings.offset_s(surroundings.started_s)),
            &String::new,
        ))
    }),
];

/// The time the route runs at.
pub(super) fn now(context: &Context, local: bool) -> OffsetDateTime {
    let unix_s = context.now.unix_s();
    let offset = if local {
        context.config.installed.surroundings.offset_s(unix_s)
    } else {
        0
    };
    moment(i64::try_from(unix_s).unwrap_or(i64::MAX), offset)
}

/// What that time is called, and whether it is summer time. UTC is called as `gmtime` calls it.
fn zone(context: &Context, local: bool) -> (String, bool) {
    if local {
        let surroundings = &context.config.installed.surroundings;
        surroundings.zone(context.now.unix_s())
    } else {
        ("GMT".to_owned(), false)
    }
}

fn seconds(context: &Context) -> Value {
    Value::Int(i64::try_from(context.now.unix_s()).unwrap_or(i64::MAX))
}

fn time_value(key: &[u8]) -> Option<fn(&mut Context) -> Value> {
    match key {
        b"s" | b"sn" => Some(|c| seconds(c)),
        b"u" | b"un" => Some(|c| Value::Int((c.now.unix_ms % 1000 * 1000).try_into().unwrap_or(0))),
        b"S" | b"Sn" | b"Sm" => Some(|c| {
            text(format_args!(
                "{}.{:06}",
                c.now.unix_s(),
                c.now.unix_ms % 1000 * 1000
            ))
        }),
        _ => None,
    }
}

/// How a part of the time is read.
#[derive(Clone, Copy)]
enum Part {
    OfMoment(fn(OffsetDateTime) -> i64),
    /// `isdst`
    Summer,
}

fn part_of_time(key: &[u8]) -> Option<Part> {
    if key == b"isdst" {
        return Some(Part::Summer);
    }
    let read: fn(OffsetDateTime) -> i64 = match key {
        b"sec" => |at| at.second().into(),
        b"min" => |at| at.minute().into(),
        b"hour" => |at| at.hour().into(),
        b"mday" => |at| at.day().into(),
        b"mon" => |at| u8::from(at.month()).into(),
        b"year" => |at| at.year().into(),
        b"wday" => |at| i64::from(at.weekday().number_days_from_sunday()) + 1,
        b"yday" => |at| at.ordinal().into(),
        _ => return None,
    };
    Some(Part::OfMoment(read))
}
