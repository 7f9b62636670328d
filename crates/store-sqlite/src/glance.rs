//! Short reads on the caller's own thread.
//!
//! Looking up one row by its key takes some microseconds, handing it to a reader thread and its answer
//! back several times as much. What turns out to be long or slow is given up, and for a while nobody tries.
#![allow(
    clippy::disallowed_methods,
    reason = "how long a disk takes is measured"
)]

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use store::{Op, Outcome, Select, StoreError, sql};

use crate::error::Context;
use crate::execute::Session;
use crate::{Options, open};

/// A read that takes more instructions of SQLite's machine looks through a table and belongs to a reader. A row
/// by its key takes about fifty. SQLite counts them for each statement, until the count is reset.
const INSTRUCTIONS: i32 = 2000;
/// After a read that was long, slow or failed the readers have all of them for so many times as long as it took: such
/// mistakes cost a caller a hundredth of his time at most.
const REST: u32 = 100;

/// A connection for whoever comes first; who finds it taken goes to the readers.
pub(crate) struct Glance {
    eye: Mutex<Eye>,
    context: Context,
    answer_bytes: usize,
    slow: Duration,
}

struct Eye {
    connection: Connection,
    rests_until: Option<Instant>,
}

impl Glance {
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Glance, StoreError> {
        let waits_for_nobody = Options {
            busy_timeout: Duration::ZERO,
            ..options.clone()
        };
        let connection = open::reader(path, &waits_for_nobody)?;
        let context = Context::new(path);
        connection.progress_handler(INSTRUCTIONS, Some(|| true));
        let eye = Eye {
            connection,
            rests_until: None,
        };
        Ok(Glance {
            eye: Mutex::new(eye),
            context,
            answer_bytes: options.limits.answer_bytes,
            slow: options.slow_read,
        })
    }

    /// The answer, where it can be had at once. Mistakes in the question are left to the readers, who tell.
    pub(crate) fn answer(&self, select: &Select) -> Option<Outcome> {
        let by_key = select.filter.0.iter().any(|one| one.op == Op::Eq);
        let mut eye = self.eye.try_lock().ok().filter(|_| by_key)?;
        let began = Instant::now();
        if eye.rests_until.is_some_and(|until| began < until) {
            return None;
        }
        let session = Session {
            connection: &eye.connection,
            context: &self.context,
            answer_bytes: self.answer_bytes,
        };
        let rows = session.query(&sql::select(select));
        let (done, took) = (Instant::now(), began.elapsed());
        eye.rests_until = (took > self.slow || rows.is_err()).then(|| done + took * REST);
        rows.ok().map(Outcome::Rows)
    }
}
