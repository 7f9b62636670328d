//! What happens before a configuration serves, and after.

use std::sync::mpsc::sync_channel;

/// Something to do once before the first message, such as loading a table. It calls `done` when
/// it has finished; an error stops the start.
pub type StartTask = Box<dyn FnOnce(StartDone) + Send>;

/// What a [`StartTask`] calls at its end.
pub type StartDone = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Runs such a task and waits for its end: for commands that may wait.
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
