//! Databases that nobody answers for when the server starts: what modules want of them is done when somebody does.

use super::lazy::{Lazy, Unchecked};
use policy::{DatabaseTask, Level, Logger};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{Operation, StoreError};

/// Between two looks at what is away or wrong. The driver tries to connect twice as often.
const LOOK: Duration = Duration::from_secs(1);

/// Waits for databases, on a thread of its own, while there is something to wait for.
pub(crate) struct Late {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A database and what is still to be done.
pub(crate) struct Awaited {
    url: String,
    database: Arc<Lazy>,
    /// Checks, which come first, and then the rest in the order of the modules.
    checks: Vec<DatabaseTask>,
    rest: Vec<DatabaseTask>,
    /// What was complained of last.
    said: String,
}

/// Says that nobody answers, and who goes without.
pub(super) fn tell_away(logger: &Logger, modules: &BTreeSet<&str>, why: &StoreError) {
    let modules: Vec<&str> = modules.iter().copied().collect();
    tell(logger, Level::Err, || {
        let modules = modules.join(", ");
        format!(
            "{why}; the server starts without it and refuses what needs it, until it answers; modules: {modules}"
        )
    });
}

#[track_caller]
fn tell(logger: &Logger, level: Level, text: impl Fn() -> String) {
    logger.log(level, "database", text);
}

impl Late {
    /// Waits for these.
    ///
    /// # Errors
    /// A sentence, where there is no thread to be had.
    pub(crate) fn start(mut awaited: Vec<Awaited>, logger: &Logger) -> Result<Late, String> {
        let is_over = Arc::new(AtomicBool::new(false));
        let is_wanted = !awaited.is_empty();
        let (ends, logger) = (is_over.clone(), logger.clone());
        let wait = move || {
            while !awaited.is_empty() && !ends.load(Ordering::Relaxed) {
                awaited.retain_mut(|one| !one.is_done(&logger));
                std::thread::park_timeout(LOOK);
            }
        };
        let thread = std::thread::Builder::new().name("db-late".to_owned());
        let thread = is_wanted.then(|| thread.spawn(wait)).transpose();
        Ok(Late {
            is_over,
            thread: thread.map_err(|error| error.to_string())?,
        })
    }

    /// Begins nothing more.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Late {
    /// Waits for what is under way: closed databases answer at once.
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            // What it said went to the log.
            let _ = thread.join();
        }
    }
}

impl Awaited {
    pub(super) fn new(url: &str, database: Arc<Lazy>) -> Awaited {
        Awaited {
            url: url.to_owned(),
            database,
            checks: Vec::new(),
            rest: Vec::new(),
            said: String::new(),
        }
    }

    /// Whether the task needs this database.
    pub(crate) fn is_of(&self, task: &DatabaseTask) -> bool {
        self.url == task.url
    }

    /// One thing more to do.
    pub(crate) fn add(&mut self, task: DatabaseTask) {
        let tasks = if task.is_check {
            &mut self.checks
        } else {
            &mut self.rest
        };
        tasks.push(task);
    }

    /// Does what can be done now; true where nothing is left.
    fn is_done(&mut self, logger: &Logger) -> bool {
        match self.answers() {
            Ok(()) => {}
            Err(StoreError::Unavailable { .. }) => return false,
            Err(why) => {
                self.complain(logger, why.to_string());
                return false;
            }
        }
        let checked = self.checks.iter().try_for_each(run);
        let done = checked.and_then(|()| {
            self.checks.clear();
            self.database.admit_all();
            while let Some(task) = self.rest.first() {
                run(task)?;
                self.rest.remove(0);
            }
            Ok(())
        });
        match done {
            Ok(()) => {
                let url = &self.database.url;
                tell(logger, Level::Warn, || {
                    format!("the database {url} answers; its tables are right and read")
                });
                true
            }
            // It may have gone again.
            Err(_) if self.answers().is_err() => false,
            Err(why) => {
                self.complain(logger, why);
                false
            }
        }
    }

    fn answers(&self) -> Result<(), StoreError> {
        let store = Unchecked(self.database.clone());
        store::wait(&store, Operation::raw("select 1")).map(drop)
    }

    /// Says once what somebody has to mend.
    fn complain(&mut self, logger: &Logger, why: String) {
        if self.said != why {
            tell(logger, Level::Crit, || {
                format!("{why}; what needs it is refused until that is mended")
            });
            self.said = why;
        }
    }
}

fn run(task: &DatabaseTask) -> Result<(), String> {
    policy::finish(&task.run)
}
