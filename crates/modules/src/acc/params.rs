//! The parameters of module `acc`.

use super::cdr::CdrParams;
use policy::{AvpName, Level};
use store::{Name, name};

/// What `modparam("acc", …)` says, with Kamailio's defaults.
pub(super) struct Params {
    pub(super) early_media: bool,
    pub(super) report_ack: bool,
    pub(super) report_cancels: bool,
    pub(super) detect_direction: bool,
    pub(super) reason_from_hf: bool,
    /// Flags as masks, 0 where unset.
    pub(super) log_flag: u32,
    pub(super) log_missed_flag: u32,
    pub(super) db_flag: u32,
    pub(super) db_missed_flag: u32,
    pub(super) failed_flag: u32,
    pub(super) failed_filter: Vec<u16>,
    pub(super) level: Level,
    pub(super) facility: Option<String>,
    pub(super) log_extra: Vec<Definition>,
    pub(super) db_extra: Vec<Definition>,
    pub(super) extra_nullable: bool,
    /// The most attributes in `log_extra` or `db_extra`.
    pub(super) most_extra: usize,
    pub(super) legs: Vec<(String, AvpName)>,
    pub(super) db_url: String,
    pub(super) table: String,
    pub(super) table_missed: String,
    pub(super) columns: Columns,
    pub(super) time_mode: TimeMode,
    pub(super) time_attr: String,
    pub(super) time_exten: String,
    pub(super) time_format: String,
    pub(super) cdr: CdrParams,
}

/// The default of `acc_extra_size` and `cdr_extra_size`.
pub(super) const MOST_EXTRA: usize = 64;

/// `name=$variable`, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) text: String,
}

/// The columns of both tables.
pub(super) struct Columns {
    pub(super) method: Name,
    pub(super) from_tag: Name,
    pub(super) to_tag: Name,
    pub(super) call_id: Name,
    pub(super) code: Name,
    pub(super) reason: Name,
    pub(super) time: Name,
}

/// `time_mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TimeMode {
    #[default]
    Plain,
    /// Seconds in `time_attr`, microseconds in `time_exten`.
    SecondsAndMicroseconds,
    /// Seconds with a fraction of three digits in `time_attr`.
    Fraction,
    /// `time_format` in `time_attr`, local time.
    Local,
    /// `time_format` in `time_attr`, UTC.
    Utc,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            early_media: false,
            report_ack: false,
            report_cancels: false,
            detect_direction: false,
            reason_from_hf: false,
            log_flag: 0,
            log_missed_flag: 0,
            db_flag: 0,
            db_missed_flag: 0,
            failed_flag: 0,
            failed_filter: Vec::new(),
            level: Level::Notice,
            facility: None,
            log_extra: Vec::new(),
            db_extra: Vec::new(),
            extra_nullable: false,
            most_extra: MOST_EXTRA,
            legs: Vec::new(),
            db_url: String::new(),
            table: "acc".to_owned(),
            table_missed: "missed_calls".to_owned(),
            columns: Columns::default(),
            time_mode: TimeMode::Plain,
            time_attr: String::new(),
            time_exten: String::new(),
            time_format: "%Y-%m-%d %H:%M:%S".to_owned(),
            cdr: CdrParams::default(),
        }
    }
}

impl Default for Columns {
    fn default() -> Columns {
        Columns {
            method: name!("method"),
            from_tag: name!("from_tag"),
            to_tag: name!("to_tag"),
            call_id: name!("callid"),
            code: name!("sip_code"),
            reason: name!("sip_reason"),
            time: name!("time"),
        }
    }
}

impl TimeMode {
    /// The mode with this number.
    pub(super) fn from_number(number: i64) -> Result<TimeMode, String> {
        Ok(match number {
            0 => TimeMode::Plain,
            1 => TimeMode::SecondsAndMicroseconds,
            2 => TimeMode::Fraction,
            3 => TimeMode::Local,
            4 => TimeMode::Utc,
            _ => return Err(format!("expected 0 to 4, found {number}")),
        })
    }
}

/// A flag as a mask; -1 takes it back.
pub(super) fn flag(number: i64) -> Result<u32, String> {
    match number {
        -1 => Ok(0),
        0..=31 => Ok(1 << number),
        _ => Err(format!("expected a flag from 0 to 31, found {number}")),
    }
}

/// Reads `404,407`.
pub(super) fn filter(text: &str) -> Result<Vec<u16>, String> {
    let code = |word: &str| {
        let number = word.trim().parse::<u16>().ok();
        number
            .filter(|code| (300..=999).contains(code))
            .ok_or_else(|| format!("expected codes from 300 to 999, found \"{word}\""))
    };
    let words = text.split(',').filter(|word| !word.trim().is_empty());
    words.map(code).collect()
}

/// Reads `name=$variable; name=$variable`. A semicolon inside brackets belongs to the variable.
pub(super) fn definitions(text: &str) -> Result<Vec<Definition>, String> {
    let mut all = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth -= 1,
            b';' if depth <= 0 => {
                all.extend(definition(text.get(start..at).unwrap_or_default())?);
                start = at + 1;
            }
            _ => {}
        }
    }
    all.extend(definition(text.get(start..).unwrap_or_default())?);
    Ok(all)
}

fn definition(text: &str) -> Result<Option<Definition>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let pair = text
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()));
    match pair {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok(Some(Definition {
            name: name.to_owned(),
            text: value.to_owned(),
        })),
        _ => Err(format!("expected name=$variable, found \"{text}\"")),
    }
}

/// Reads `multi_leg_info`: `name=$avp(x); …`.
pub(super) fn legs(text: &str) -> Result<Vec<(String, AvpName)>, String> {
    let avp = |definition: Definition| {
        let inner = definition.text.strip_prefix("$avp(");
        let inner = inner.and_then(|rest| rest.strip_suffix(')'));
        let avp = inner.and_then(AvpName::parse);
        avp.map(|avp| (definition.name, avp))
            .ok_or_else(|| format!("expected $avp(name), found \"{}\"", definition.text))
    };
    definitions(text)?.into_iter().map(avp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_split_outside_of_brackets() {
        let read = definitions("a=$fU; b=$(hdr(X){param.value,x;y});;").unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|d| (d.name.as_str(), d.text.as_str()))
            .collect();
        assert_eq!(read, [("a", "$fU"), ("b", "$(hdr(X){param.value,x;y})")]);
        assert_eq!(definitions(""), Ok(Vec::new()));
        for wrong in ["a", "=$fU", "a="] {
            assert!(definitions(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_flags_and_legs_are_read() {
        assert_eq!(filter("404, 407"), Ok(vec![404, 407]));
        assert!(filter("200").is_err());
        assert_eq!((flag(3), flag(-1)), (Ok(8), Ok(0)));
        assert!(flag(32).is_err());
        assert!(legs("a=$avp(x);b=$avp(i:3)").is_ok());
        assert!(legs("a=$var(x)").is_err());
    }
}
