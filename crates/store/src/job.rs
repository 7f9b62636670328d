//! An operation on its way through a queue.

use crate::{Done, Operation, Outcome, StoreError};

/// An operation and who is waiting for it.
pub struct Job {
    /// What is to be done.
    pub operation: Operation,
    /// Who is told.
    pub reply: Reply,
}

/// A call-back, which is called exactly once whatever becomes of it: one that is dropped (its thread
/// is gone) answers [`StoreError::Unavailable`].
pub struct Reply(Option<Done>);

impl Reply {
    /// Tells what became of it.
    pub fn answer(mut self, result: Result<Outcome, StoreError>) {
        if let Some(done) = self.0.take() {
            done(result);
        }
    }
}

impl Job {
    /// An operation with its call-back.
    pub fn new(operation: Operation, done: Done) -> Self {
        Self {
            operation,
            reply: Reply(Some(done)),
        }
    }

    /// Whether a reader can carry it out. Of raw statements only those that begin with a word that
    /// cannot write; all others go through the writer, in order.
    pub fn is_read(&self) -> bool {
        match &self.operation {
            Operation::Select(_) | Operation::TableVersion { .. } => true,
            Operation::Write(_) | Operation::Batch(_) | Operation::CreateTables(_) => false,
            Operation::Raw { sql, .. } => {
                let text = sql.trim_ascii_start();
                let word = text
                    .split(|byte| !byte.is_ascii_alphabetic())
                    .next()
                    .unwrap_or_default();
                word.eq_ignore_ascii_case(b"select") || word.eq_ignore_ascii_case(b"values")
            }
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(StoreError::unavailable(
                "the database",
                "its thread has ended",
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_dropped_job_answers() {
        let (sender, receiver) = channel();
        drop(Job::new(
            Operation::raw("x"),
            Box::new(move |result| sender.send(result).expect("sent")),
        ));
        assert!(matches!(
            receiver.try_recv(),
            Ok(Err(StoreError::Unavailable { .. }))
        ));
    }

    #[test]
    fn raw_queries_go_to_a_reader_and_the_rest_to_the_writer() {
        let read = |sql: &str| Job::new(Operation::raw(sql.to_owned()), Box::new(|_| {})).is_read();
        for sql in ["select 1", "\n SELECT(1)", "Values (1)", "select*from t"] {
            assert!(read(sql), "{sql}");
        }
        for sql in [
            "insert into t values(1)",
            "selection",
            "with x as (select 1) delete from t",
            "",
            "/* */ select 1",
            "pragma x",
        ] {
            assert!(!read(sql), "{sql}");
        }
    }
}
