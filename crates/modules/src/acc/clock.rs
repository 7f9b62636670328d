//! The further time attributes of `time_mode`.

use super::params::{Params, TimeMode};
use policy::{Now, Surroundings};
use store::Cell;
use time::OffsetDateTime;
use time::format_description::parse_strftime_owned;

/// What `time_mode` adds to a log line, behind the timestamp.
pub(super) fn log_fields<'a>(
    params: &'a Params,
    surroundings: &Surroundings,
    now: Now,
) -> Vec<(&'a str, String)> {
    let attr = params.time_attr.as_str();
    let fields = match params.time_mode {
        TimeMode::Plain => Vec::new(),
        // The seconds are the timestamp, which is there already.
        TimeMode::SecondsAndMicroseconds => {
            vec![(params.time_exten.as_str(), microseconds(now).to_string())]
        }
        TimeMode::Fraction => vec![(attr, fraction(now))],
        TimeMode::Local | TimeMode::Utc => {
            vec![(attr, formatted(params, surroundings, now.unix_s()))]
        }
    };
    named(fields)
}

/// What `time_mode` adds to a row.
pub(super) fn cells<'a>(
    params: &'a Params,
    surroundings: &Surroundings,
    now: Now,
) -> Vec<(&'a str, Cell)> {
    let attr = params.time_attr.as_str();
    let seconds = i64::try_from(now.unix_s()).unwrap_or(i64::MAX);
    let cells = match params.time_mode {
        TimeMode::Plain => Vec::new(),
        TimeMode::SecondsAndMicroseconds => vec![
            (attr, Cell::Int(seconds)),
            (params.time_exten.as_str(), Cell::Int(microseconds(now))),
        ],
        TimeMode::Fraction => vec![(attr, Cell::Real(now.unix_ms as f64 / 1000.0))],
        TimeMode::Local | TimeMode::Utc => {
            vec![(
                attr,
                Cell::text(formatted(params, surroundings, now.unix_s())),
            )]
        }
    };
    named(cells)
}

/// A Unix second as `time_format` has it, where `time_mode` asks for that.
pub(super) fn text(params: &Params, surroundings: &Surroundings, unix_s: u64) -> Option<String> {
    let is_text = matches!(params.time_mode, TimeMode::Local | TimeMode::Utc);
    is_text.then(|| formatted(params, surroundings, unix_s))
}

/// True where the text is a format that can be printed.
pub(super) fn is_format(text: &str) -> bool {
    parse_strftime_owned(text).is_ok()
}

fn named<T>(fields: Vec<(&str, T)>) -> Vec<(&str, T)> {
    let has_name = |(name, _): &(&str, T)| !name.is_empty();
    fields.into_iter().filter(has_name).collect()
}

fn microseconds(now: Now) -> i64 {
    i64::try_from(now.unix_ms % 1000).unwrap_or(0) * 1000
}

fn fraction(now: Now) -> String {
    format!("{}.{:03}", now.unix_s(), now.unix_ms % 1000)
}

fn formatted(params: &Params, surroundings: &Surroundings, unix_s: u64) -> String {
    let offset_s = match params.time_mode {
        TimeMode::Local => surroundings.offset_s(unix_s),
        _ => 0,
    };
    let seconds = i64::try_from(unix_s).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds.saturating_add(offset_s.into()));
    let format = parse_strftime_owned(&params.time_format);
    match (moment, format) {
        (Ok(moment), Ok(format)) => moment.format(&format).unwrap_or_default(),
        _ => String::new(),
    }
}
