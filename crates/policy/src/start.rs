//! What happens before a configuration serves, and after.

use std::sync::mpsc::sync_channel;

/// Something to do before the first message, such as loading a table.
pub enum StartTask {
    /// Needs nothing from outside; an error stops the start.
    Once(EndTask),
    /// Needs a database.
    Database(DatabaseTask),
}

/// Something to do once. It calls `done` when it has finished.
pub type EndTask = Box<dyn FnOnce(StartDone) + Send>;

/// What a task calls at its end.
pub type StartDone = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Something to do as soon as a database is there. An error stops the start; where the database is away at
/// start the server serves without it, and runs the task, again if need be, when it answers.
pub struct DatabaseTask {
    /// The URL of the database.
    pub url: String,
    /// Nobody else uses the database before this task has succeeded: it finds out whether the tables are right.
    pub is_check: bool,
    /// Does it.
    pub run: Box<dyn Fn(StartDone) + Send>,
}

impl StartTask {
    /// Runs the task, whatever it needs.
    pub fn run(self, done: StartDone) {
        match self {
            StartTask::Once(run) => run(done),
            StartTask::Database(task) => (task.run)(done),
        }
    }
}

/// Runs a task and waits for its end: at start, and for commands that may wait.
///
/// # Errors
/// What the task says went wrong, or that it ended without a word.
pub fn finish(task: impl FnOnce(StartDone)) -> Result<(), String> {
    let (sender, receiver) = sync_channel(1);
    task(Box::new(move |outcome| {
        // The receiver lives until this call, so a failed send cannot happen.
        let _ = sender.send(outcome);
    }));
    let silent = |_| Err("it ended before it answered".to_owned());
    receiver.recv().unwrap_or_else(silent)
}
