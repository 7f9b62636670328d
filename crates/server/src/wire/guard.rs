//! A worker that survives its panics.

use edge::{Input, Output, Worker};
use policy::{Counter, Now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Makes a worker.
pub(crate) type Fresh = Arc<dyn Fn(Now) -> Worker + Send + Sync>;

/// A worker that is replaced by a fresh one when handling an input panics. What it had in hand is
/// lost: the message, its timers and half-received messages of its connections; everybody else's
/// work goes on.
pub(crate) struct Guarded {
    worker: Worker,
    fresh: Fresh,
    panics: Counter,
}

impl Guarded {
    pub(crate) fn new(now: Now, fresh: Fresh, panics: Counter) -> Guarded {
        Guarded {
            worker: fresh(now),
            fresh,
            panics,
        }
    }

    /// Takes one input.
    pub(crate) fn handle_input(&mut self, now: Now, input: Input) {
        let worker = &mut self.worker;
        // The worker is thrown away after a panic, so nothing half done in it is ever seen.
        let handled = catch_unwind(AssertUnwindSafe(|| worker.handle_input(now, input)));
        if handled.is_err() {
            self.panics.inc();
            self.worker = (self.fresh)(now);
        }
    }

    /// The next thing to do outside.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.worker.poll_output()
    }
}
