//! Where log lines go: standard error or syslog, in Kamailio's form or as JSON.

mod json;
mod syslog_line;

pub(crate) use json::Engine;

use parking_lot::Mutex;
use policy::{CoreParams, Level, LocalOffset, Record, Sink};
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use syslog::{Facility, LoggerBackend};
use syslog_line::Line;

/// The sink of a running server. It starts with standard error, for what happens before the
/// configuration says where lines go.
pub(crate) struct Lines {
    target: Mutex<Target>,
    colors: AtomicBool,
    engine: OnceLock<Engine>,
}

enum Target {
    StandardError,
    Syslog(Box<syslog::Logger<LoggerBackend, Line>>),
}

impl Lines {
    /// Lines go to standard error.
    pub(crate) fn to_standard_error() -> Lines {
        Lines {
            target: Mutex::new(Target::StandardError),
            colors: AtomicBool::new(false),
            engine: OnceLock::new(),
        }
    }

    /// Lines go to syslog from now on; where there is none, to standard error still.
    pub(crate) fn use_syslog(&self, core: &CoreParams, local: LocalOffset) {
        let process = if core.log_name.is_empty() {
            "ringwall".to_owned()
        } else {
            core.log_name.clone()
        };
        let formatter = Line {
            facility: facility(&core.log_facility),
            process,
            local,
        };
        if let Ok(logger) = syslog::unix(formatter) {
            *self.target.lock() = Target::Syslog(Box::new(logger));
        }
    }

    /// Whether lines on standard error are coloured by their level (`-e`).
    pub(crate) fn use_colors(&self, on: bool) {
        self.colors.store(on, Ordering::Relaxed);
    }

    /// Lines are JSON from now on (`--log-engine`).
    pub(crate) fn use_engine(&self, engine: Engine) {
        // It is asked for once, on the command line.
        let _ = self.engine.set(engine);
    }

    /// The line as it is written, and what ends it.
    fn line(&self, record: &Record) -> (String, &'static str) {
        if let Some(engine) = self.engine.get() {
            return (engine.line(record), engine.end());
        }
        // A line with a prefix of its own (xlog `prefix`) names no source.
        let colon = if record.source.is_empty() { "" } else { ": " };
        let (word, prefix) = (record.level.word(), &record.prefix);
        let line = format!("{word}: {prefix}{}{colon}{}", record.source, record.text);
        (line, "\n")
    }

    fn color(&self, level: Level) -> (&'static str, &'static str) {
        if !self.colors.load(Ordering::Relaxed) {
            return ("", "");
        }
        let on = match level {
            Level::Alert | Level::Bug | Level::Crit2 | Level::Crit => "\x1b[1;31m",
            Level::Err => "\x1b[31m",
            Level::Warn => "\x1b[33m",
            Level::Notice => "\x1b[36m",
            Level::Info => "\x1b[32m",
            Level::Dbg => "\x1b[2m",
        };
        (on, "\x1b[0m")
    }
}

impl Sink for Lines {
    fn write(&self, record: Record) {
        let (line, end) = self.line(&record);
        match &mut *self.target.lock() {
            Target::StandardError if self.engine.get().is_some() => {
                // Nobody to tell where standard error is gone.
                let _ = write!(std::io::stderr().lock(), "{line}{end}");
            }
            Target::StandardError => {
                let pid = std::process::id();
                let (on, off) = self.color(record.level);
                let _ = write!(std::io::stderr().lock(), "{on}{pid} {line}{off}{end}");
            }
            Target::Syslog(logger) => {
                let _ = to_syslog(logger, record.level, line);
            }
        }
    }

    fn wants_call_id(&self) -> bool {
        self.engine.get().is_some_and(Engine::wants_call_id)
    }
}

fn to_syslog(
    logger: &mut syslog::Logger<LoggerBackend, Line>,
    level: Level,
    line: String,
) -> Result<(), syslog::Error> {
    match level {
        Level::Alert => logger.alert(line),
        Level::Bug | Level::Crit2 | Level::Crit => logger.crit(line),
        Level::Err => logger.err(line),
        Level::Warn => logger.warning(line),
        Level::Notice => logger.notice(line),
        Level::Info => logger.info(line),
        Level::Dbg => logger.debug(line),
    }
}

/// The facility of a `LOG_…` name; an unknown one is `LOG_DAEMON`.
fn facility(name: &str) -> Facility {
    let name = name
        .strip_prefix("LOG_")
        .unwrap_or(name)
        .to_ascii_lowercase();
    name.parse().unwrap_or(Facility::LOG_DAEMON)
}
