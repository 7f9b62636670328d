//! Where log lines go: standard error or syslog, in Kamailio's form.

use parking_lot::Mutex;
use policy::{CoreParams, Level, Record, Sink};
use std::io::Write;
use syslog::{Facility, Formatter3164, LoggerBackend};

/// The sink of a running server. It starts with standard error, for what happens before the
/// configuration says where lines go.
pub(crate) struct Lines(Mutex<Target>);

enum Target {
    StandardError,
    Syslog(Box<syslog::Logger<LoggerBackend, Formatter3164>>),
}

impl Lines {
    /// Lines go to standard error.
    pub(crate) fn to_standard_error() -> Lines {
        Lines(Mutex::new(Target::StandardError))
    }

    /// Lines go to syslog from now on; where there is none, to standard error still.
    pub(crate) fn use_syslog(&self, core: &CoreParams) {
        let process = if core.log_name.is_empty() {
            "ringwall".to_owned()
        } else {
            core.log_name.clone()
        };
        let formatter = Formatter3164 {
            facility: facility(&core.log_facility),
            hostname: None,
            process,
            pid: std::process::id(),
        };
        if let Ok(logger) = syslog::unix(formatter) {
            *self.0.lock() = Target::Syslog(Box::new(logger));
        }
    }
}

impl Sink for Lines {
    fn write(&self, record: Record) {
        let line = format!(
            "{}: {}{}: {}",
            record.level.word(),
            record.prefix,
            record.source,
            record.text
        );
        match &mut *self.0.lock() {
            Target::StandardError => {
                let pid = std::process::id();
                // Nobody to tell where standard error is gone.
                let _ = writeln!(std::io::stderr().lock(), "{pid} {line}");
            }
            Target::Syslog(logger) => {
                let _ = to_syslog(logger, record.level, line);
            }
        }
    }
}

fn to_syslog(
    logger: &mut syslog::Logger<LoggerBackend, Formatter3164>,
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
