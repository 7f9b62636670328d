//! A thread that answers queries.

use std::sync::Mutex;
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use store::Job;

use crate::error::Context;
use crate::execute::Session;

/// Takes queries from the queue that all readers share, until the store is dropped.
pub(crate) fn run(
    connection: &Connection,
    queue: &Mutex<Receiver<Job>>,
    context: &Context,
    answer_bytes: usize,
) {
    let session = Session {
        connection,
        context,
        answer_bytes,
    };
    while let Some(Job { operation, reply }) = next(queue) {
        reply.answer(session.run(operation));
    }
}

/// The lock is held while waiting: the other readers have nothing to do meanwhile either.
fn next(queue: &Mutex<Receiver<Job>>) -> Option<Job> {
    queue.lock().ok()?.recv().ok()
}
