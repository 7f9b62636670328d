//! A panic in a worker: counted, written to the log, and no reason to end.

use policy::{Counter, Counters, Level, Logger};

/// The counter `core.panics`.
pub(crate) fn counter(counters: &Counters) -> Counter {
    counters.register(
        "core",
        "panics",
        "Messages whose handling broke off by a mistake in this program.",
    )
}

/// From now on a panic is a log line with its place instead of a text on standard error.
pub(crate) fn log_them(logger: Logger) {
    std::panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let what = text.unwrap_or("no reason was given");
        let place = info
            .location()
            .map_or_else(String::new, |at| format!(" at {at}"));
        logger.log(Level::Crit, "core", || {
            format!("this is a mistake in the program, please report it: {what}{place}")
        });
    }));
}
