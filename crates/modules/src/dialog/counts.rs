//! The counters of group `dialog`.

use super::params::Params;
use policy::{Counter, Init};

/// How many dialogs there are and were.
pub(super) struct Counts {
    pub(super) active: Counter,
    pub(super) early: Counter,
    pub(super) processed: Counter,
    pub(super) expired: Counter,
    pub(super) failed: Counter,
}

impl Counts {
    /// Registered, unless `enable_stats` is 0.
    pub(super) fn new(params: &Params, init: &Init<'_>) -> Counts {
        let counter = |name: &str, doc: &str| match params.enable_stats {
            true => init.counter(name, doc),
            false => Counter::default(),
        };
        Counts {
            active: counter("active_dialogs", "Dialogs that are up."),
            early: counter("early_dialogs", "Dialogs that ring."),
            processed: counter("processed_dialogs", "Dialogs since the start."),
            expired: counter("expired_dialogs", "Dialogs whose time was over."),
            failed: counter("failed_dialogs", "Dialogs that nobody took."),
        }
    }
}
