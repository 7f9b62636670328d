//! The functions: which level and facility a line has, and what stands before it.

use super::Xlog;
use super::params::PREFIX;
use super::record::record;
use policy::{Argument, Context, Level, Prepare, Problem, Text, Var, Written};
use script::{Span, Value, VarSpec};
use sip::Method;

/// An argument of `xlog`: a text, which may be the name of a level.
pub(super) struct LevelOrText {
    text: Text,
    /// The level that a constant text names.
    level: Option<Level>,
    /// The prefix of the module, where it has variables in it.
    prefix: Var,
    /// Where the call stands.
    at: Span,
}

impl Argument for LevelOrText {
    fn prepare(
        written: Option<&Written>,
        prepare: &mut Prepare<'_>,
    ) -> Result<LevelOrText, Problem> {
        let text = Text::prepare(written, prepare)?;
        let level = text.as_literal().and_then(|text| level_of(text));
        let spec = VarSpec::parse(&bytes::Bytes::from_static(b"$xlog_prefix"));
        let spec = spec.map_err(|error| policy::problem(error.what))?;
        Ok(LevelOrText {
            text,
            level,
            prefix: prepare.variable(&spec)?,
            at: prepare.span,
        })
    }
}

impl LevelOrText {
    /// The level it means now; a text that names none is an error's.
    fn level(&self, context: &mut Context) -> Level {
        if let Some(level) = self.level {
            return level;
        }
        match self.text.value(context) {
            Value::Int(number) => Level::from_number(i32::try_from(number).unwrap_or(i32::MAX)),
            Value::Str(text) => level_of(&text).unwrap_or(Level::Err),
            Value::Null => Level::Err,
        }
    }
}

/// `L_INFO`, of which Kamailio looks at the third letter, or a number.
fn level_of(text: &[u8]) -> Option<Level> {
    if let Some(number) = script::parse_int(text) {
        return Some(Level::from_number(i32::try_from(number).ok()?));
    }
    let letter = text.strip_prefix(b"L_")?.first()?;
    Some(match letter {
        b'A' => Level::Alert,
        b'B' => Level::Bug,
        b'C' if text.ends_with(b"2") => Level::Crit2,
        b'C' => Level::Crit,
        b'E' => Level::Err,
        b'W' => Level::Warn,
        b'N' => Level::Notice,
        b'I' => Level::Info,
        b'D' => Level::Dbg,
        _ => return None,
    })
}

type Rest = Option<LevelOrText>;

impl Xlog {
    pub(super) fn xlog(
        &self,
        context: &mut Context,
        first: &LevelOrText,
        second: &Rest,
        third: &Rest,
    ) -> bool {
        self.choose(context, (first, second, third), false)
    }

    pub(super) fn xlogl(
        &self,
        context: &mut Context,
        first: &LevelOrText,
        second: &Rest,
        third: &Rest,
    ) -> bool {
        self.choose(context, (first, second, third), true)
    }

    pub(super) fn xdbgl(&self, context: &mut Context, text: &LevelOrText) -> bool {
        self.write(context, Level::Dbg, text, None, true)
    }

    pub(super) fn xlogm(
        &self,
        context: &mut Context,
        level: &LevelOrText,
        text: &LevelOrText,
    ) -> bool {
        if bit_of(context.message.method()) & self.params.methods_filter != 0 {
            return true;
        }
        let level = level.level(context);
        self.write(context, level, text, None, false)
    }

    pub(super) fn plain(&self, context: &mut Context, level: Level, text: &LevelOrText) -> bool {
        self.write(context, level, text, None, false)
    }

    fn choose(
        &self,
        context: &mut Context,
        args: (&LevelOrText, &Rest, &Rest),
        with_line: bool,
    ) -> bool {
        match args {
            (text, None, _) => self.write(context, Level::Err, text, None, with_line),
            (level, Some(text), None) => {
                let level = level.level(context);
                self.write(context, level, text, None, with_line)
            }
            (facility, Some(level), Some(text)) => {
                let level = level.level(context);
                self.write(context, level, text, Some(facility), with_line)
            }
        }
    }

    /// Writes a line, always with success. Nothing is evaluated for a level that is off.
    fn write(
        &self,
        context: &mut Context,
        level: Level,
        text: &LevelOrText,
        facility: Option<&LevelOrText>,
        with_line: bool,
    ) -> bool {
        if !context.config.logger.enabled(level) {
            return true;
        }
        let colours = self.params.force_color || context.core().log_stderror;
        let mut line = record(&text.text.printed(context), self.params.buf_size, colours);
        if with_line {
            line.insert_str(0, &self.place(context, text.at));
        }
        let facility = match facility {
            Some(name) => Some(String::from_utf8_lossy(&name.text.get(context)).into_owned()),
            None => self.params.facility.clone(),
        };
        let source = if self.params.prefix == PREFIX {
            "<script>"
        } else {
            ""
        };
        if source.is_empty() {
            let prefix = text.prefix.read(context).to_text();
            line.insert_str(0, &record_prefix(&prefix, colours));
        }
        context.write_log(level, source, line, facility);
        true
    }

    /// `26:`, with `long_format` `kamailio.cfg:26:`.
    fn place(&self, context: &Context, at: Span) -> String {
        let place = context.config.place(at);
        let mut parts = place.rsplitn(3, ':');
        let (_column, line, file) = (
            parts.next(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        if self.params.long_format {
            format!("{file}:{line}:")
        } else {
            format!("{line}:")
        }
    }
}

fn record_prefix(prefix: &[u8], colours: bool) -> String {
    record(prefix, LONGEST_PREFIX, colours)
}

/// Octets of a prefix at most.
const LONGEST_PREFIX: usize = 1024;

/// A bit per method, as Kamailio numbers them.
fn bit_of(method: Method) -> i64 {
    const BITS: [Method; 15] = [
        Method::Invite,
        Method::Cancel,
        Method::Ack,
        Method::Bye,
        Method::Info,
        Method::Register,
        Method::Subscribe,
        Method::Notify,
        Method::Message,
        Method::Options,
        Method::Prack,
        Method::Update,
        Method::Refer,
        Method::Publish,
        Method::Kdmq,
    ];
    BITS.iter()
        .position(|known| *known == method)
        .map_or(1 << 19, |bit| 1 << bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_letter_makes_the_level() {
        for (text, level) in [
            ("L_ALERT", Some(Level::Alert)),
            ("L_INF", Some(Level::Info)),
            ("L_WARNING", Some(Level::Warn)),
            ("-1", Some(Level::Err)),
            ("L_FOO", None),
            ("hello", None),
        ] {
            assert_eq!(level_of(text.as_bytes()), level, "{text}");
        }
    }
}
