//! Log lines as values: modules write them, the server decides where they go.

mod bound;

use bound::{Bounds, Place};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// Kamailio's log levels; the number is what `debug=` compares with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// `L_ALERT`.
    Alert = -5,
    /// `L_BUG`.
    Bug = -4,
    /// `L_CRIT2`.
    Crit2 = -3,
    /// `L_CRIT`.
    Crit = -2,
    /// `L_ERR`.
    Err = -1,
    /// `L_WARN`.
    Warn = 0,
    /// `L_NOTICE`.
    Notice = 1,
    /// `L_INFO`.
    Info = 2,
    /// `L_DBG`.
    Dbg = 3,
}

impl Level {
    /// Reads `L_INFO`, `INFO` or a number; numbers outside the range are cut to it.
    pub fn parse(text: &str) -> Option<Level> {
        let name = text.strip_prefix("L_").unwrap_or(text);
        if let Ok(number) = name.parse::<i32>() {
            return Some(Level::from_number(number));
        }
        LEVELS
            .iter()
            .find(|(_, names)| names.contains(&name))
            .map(|(level, _)| *level)
    }

    /// The level with this number, the nearest one for numbers outside -5..=3.
    pub fn from_number(number: i32) -> Level {
        let index = (number.clamp(-5, 3) + 5) as usize;
        LEVELS.get(index).map_or(Level::Dbg, |(level, _)| *level)
    }

    /// The word that starts a log line, as Kamailio prints it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Alert => "ALERT",
            Level::Bug => "BUG",
            Level::Crit2 | Level::Crit => "CRITICAL",
            Level::Err => "ERROR",
            Level::Warn => "WARNING",
            Level::Notice => "NOTICE",
            Level::Info => "INFO",
            Level::Dbg => "DEBUG",
        }
    }
}

const LEVELS: [(Level, &[&str]); 9] = [
    (Level::Alert, &["ALERT"]),
    (Level::Bug, &["BUG"]),
    (Level::Crit2, &["CRIT2"]),
    (Level::Crit, &["CRIT"]),
    (Level::Err, &["ERR", "ERROR"]),
    (Level::Warn, &["WARN", "WARNING"]),
    (Level::Notice, &["NOTICE"]),
    (Level::Info, &["INFO"]),
    (Level::Dbg, &["DBG", "DEBUG"]),
];

/// One log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How bad it is.
    pub level: Level,
    /// Who says it: a module name, `core`, or `<script>` for lines of the script; empty where the
    /// text begins with a prefix of its own.
    pub source: &'static str,
    /// The rendered `log_prefix`, empty outside a message.
    pub prefix: String,
    /// The line, without a line end.
    pub text: String,
    /// The syslog facility, where the line asks for another than the configured one.
    pub facility: Option<String>,
    /// The Call-ID of the message it belongs to, where the sink wants it.
    pub call_id: Option<String>,
}

/// Where records go. The server gives syslog or standard error, tests a list.
pub trait Sink: Send + Sync {
    /// Takes one record; must not block.
    fn write(&self, record: Record);

    /// Whether records shall carry the Call-ID of their message.
    fn wants_call_id(&self) -> bool {
        false
    }
}

/// The handle modules log through: a level that can change at run time, and a sink.
///
/// Of each place in the source 100 lines are written from one [`Logger::tell_left_out`] to the next, which
/// module `core` calls every ten seconds: a peer that causes lines fills no disk. Debug lines are not
/// bounded, nor is what the operator asked for ([`Logger::log_all`]).
#[derive(Clone)]
pub struct Logger {
    level: Arc<AtomicI32>,
    modules: Arc<ModuleLevels>,
    bounds: Arc<Bounds>,
    sink: Arc<dyn Sink>,
}

impl Logger {
    /// A logger that lets lines up to `level` through to `sink`.
    pub fn new(level: i32, sink: Arc<dyn Sink>) -> Logger {
        Logger {
            level: Arc::new(AtomicI32::new(level)),
            modules: Arc::default(),
            bounds: Arc::default(),
            sink,
        }
    }

    /// A logger that drops everything, for `check` and for unit tests.
    pub fn silent() -> Logger {
        Logger::new(i32::MIN, Arc::new(Nowhere))
    }

    /// True where a line of this level would be written: ask before formatting.
    pub fn enabled(&self, level: Level) -> bool {
        level as i32 <= self.level()
    }

    /// The same for lines of one module, which may have a level of its own.
    pub fn enabled_for(&self, level: Level, module: &str) -> bool {
        level as i32 <= self.module_level(module).unwrap_or_else(|| self.level())
    }

    /// The level a module has of its own.
    pub fn module_level(&self, module: &str) -> Option<i32> {
        if !self.modules.any.load(Ordering::Relaxed) {
            return None;
        }
        self.modules.levels.read().get(module).copied()
    }

    /// Gives a module a level of its own (debugger `mod_level`).
    pub fn set_module_level(&self, module: &str, level: i32) {
        self.modules.levels.write().insert(module.to_owned(), level);
        self.modules.any.store(true, Ordering::Relaxed);
    }

    /// The present level (`debug=`).
    pub fn level(&self) -> i32 {
        self.level.load(Ordering::Relaxed)
    }

    /// Changes the level for everybody who holds this logger (`core.debug`, `setdebug()`).
    pub fn set_level(&self, level: i32) {
        self.level.store(level, Ordering::Relaxed);
    }

    /// Writes a line of a module, within the bound of the calling place; `text` is only called where it is
    /// written.
    #[track_caller]
    pub fn log(&self, level: Level, source: &'static str, text: impl FnOnce() -> String) {
        if self.admits(level, source, Location::caller()) {
            self.write_line(level, source, text());
        }
    }

    /// The same without a bound, for lines that no peer can cause more of than the operator wants.
    pub fn log_all(&self, level: Level, source: &'static str, text: impl FnOnce() -> String) {
        if self.enabled_for(level, source) {
            self.write_line(level, source, text());
        }
    }

    /// True where the level is on and the place has not written too much; counts the line.
    pub(crate) fn admits(
        &self,
        level: Level,
        source: &'static str,
        at: &'static Location<'static>,
    ) -> bool {
        self.enabled_for(level, source)
            && (level == Level::Dbg || self.bounds.allow(Place { source, at }))
    }

    /// Says of each place how many of its lines were left out since the last call, and allows it as many
    /// again.
    pub fn tell_left_out(&self) {
        for (Place { source, at }, left_out) in self.bounds.begin() {
            let (file, line) = (at.file(), at.line());
            self.log_all(Level::Warn, source, || {
                format!("{left_out} more lines like those of {file}:{line} were left out")
            });
        }
    }

    fn write_line(&self, level: Level, source: &'static str, text: String) {
        self.sink.write(Record {
            level,
            source,
            prefix: String::new(),
            text,
            facility: None,
            call_id: None,
        });
    }

    /// Whether records shall carry the Call-ID of their message.
    pub fn wants_call_id(&self) -> bool {
        self.sink.wants_call_id()
    }

    /// Writes a ready record, without asking for the level again.
    pub fn write(&self, record: Record) {
        self.sink.write(record);
    }
}

/// Levels of single modules; nobody looks in the map while there are none.
#[derive(Default)]
struct ModuleLevels {
    any: AtomicBool,
    levels: RwLock<BTreeMap<String, i32>>,
}

struct Nowhere;

impl Sink for Nowhere {
    fn write(&self, _record: Record) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_names_and_numbers_are_kamailios() {
        for (text, level) in [
            ("L_ALERT", Level::Alert),
            ("L_ERR", Level::Err),
            ("ERROR", Level::Err),
            ("L_WARN", Level::Warn),
            ("-1", Level::Err),
            ("3", Level::Dbg),
            ("9", Level::Dbg),
            ("-9", Level::Alert),
        ] {
            assert_eq!(Level::parse(text), Some(level), "{text}");
        }
        assert_eq!(Level::parse("LOUD"), None);
    }
}
