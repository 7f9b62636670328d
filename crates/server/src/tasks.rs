//! What modules want done once: before the first message, and at the end.

use crate::stores::{Databases, Late};
use policy::{Config, Logger, StartTask};
use std::time::{Duration, Instant};

/// How long all modules together have to write back what is only in memory.
const AT_THE_END: Duration = Duration::from_millis(500);

/// Runs the tasks before the first message, one after the other; those of databases that nobody answers for
/// wait.
///
/// # Errors
/// The sentence of the first task that fails.
pub(crate) fn run_start(
    config: &mut Config,
    databases: &Databases,
    logger: &Logger,
) -> Result<Late, String> {
    let mut awaited = databases.awaited();
    for task in std::mem::take(config.installed.start.get_mut()) {
        match task {
            StartTask::Once(run) => policy::finish(run)?,
            StartTask::Database(task) => match awaited.iter_mut().find(|it| it.is_of(&task)) {
                Some(later) => later.add(task),
                None => policy::finish(&task.run)?,
            },
        }
    }
    Late::start(awaited, logger)
}

/// Runs the tasks at the end, all at once.
pub(crate) fn run_stop(config: &Config) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let tasks = std::mem::take(&mut *config.installed.stop.lock());
    let count = tasks.len();
    for task in tasks {
        let sender = sender.clone();
        task(Box::new(move |outcome| drop(sender.send(outcome))));
    }
    let end = Instant::now() + AT_THE_END;
    for _ in 0..count {
        // What has no answer in time is as lost as after a power failure.
        let _ = receiver.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}
