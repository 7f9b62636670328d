//! `cfgtrace`: a log line for each statement.

use policy::{Context, Level, Tracer};
use script::Span;
use std::sync::atomic::{AtomicBool, Ordering};

/// Writes trace lines while it is on.
pub(super) struct Trace {
    on: AtomicBool,
    level: Level,
    word: String,
    prefix: String,
}

impl Trace {
    pub(super) fn new(on: bool, level: Level, word: String, prefix: String) -> Trace {
        Trace {
            on: AtomicBool::new(on),
            level,
            word,
            prefix,
        }
    }

    /// Switches it (`dbg.trace`).
    pub(super) fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }
}

impl Tracer for Trace {
    fn step(&self, context: &mut Context, at: Span) {
        if !self.on.load(Ordering::Relaxed) {
            return;
        }
        let config = context.config.clone();
        let kind = context.route.names().first().copied().unwrap_or("route");
        context.log_all(self.level, "debugger", || {
            let (file, line) = config.file_and_line(at);
            let name = config.route_at(at).map_or("", |route| route.name.as_str());
            let name = if name.is_empty() {
                "DEFAULT_ROUTE"
            } else {
                name
            };
            format!(
                "{}: {}dbg_cfg_trace(): {kind}=[{name}] c=[{file}] l={line}",
                self.word, self.prefix
            )
        });
    }
}
