//! A worker that survives its panics.

use edge::{Input, Output, Worker};
use policy::{Counter, Now};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A worker that goes on when handling an input panics. What it had in hand is lost: the message
/// and its transaction; everybody else's work goes on.
pub(crate) struct Guarded {
    worker: Worker,
    panics: Counter,
}

impl Guarded {
    pub(crate) fn new(worker: Worker, panics: Counter) -> Guarded {
        Guarded { worker, panics }
    }

    /// Takes one input.
    pub(crate) fn handle_input(&mut self, now: Now, input: Input) {
        let worker = &mut self.worker;
        // The worker forgets what it had in hand, so nothing half done in it is seen again.
        let handled = catch_unwind(AssertUnwindSafe(|| worker.handle_input(now, input)));
        if handled.is_err() {
            self.panics.inc();
            self.worker.recover();
        }
    }

    /// The next thing to do outside.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.worker.poll_output()
    }

    /// When the worker wants to be woken at the latest.
    pub(crate) fn next_deadline(&self) -> Option<stack::Instant> {
        self.worker.next_deadline()
    }
}
