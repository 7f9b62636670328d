//! The thread that changes the database.

use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use store::{Job, Operation, Outcome, Reply, StoreError};

use crate::error::Context;
use crate::execute::Session;

/// The most operations in one commit. More would save little and hold the lock longer.
const GROUP: usize = 512;

/// Takes operations from the queue until the store is dropped, and commits what stands there
/// together.
pub(crate) fn run(
    connection: Connection,
    queue: &Receiver<Job>,
    context: &Context,
    answer_bytes: usize,
) {
    let session = Session {
        connection: &connection,
        context,
        answer_bytes,
    };
    let mut group = Group {
        session,
        executed: Vec::new(),
        locked: None,
    };
    while let Ok(first) = queue.recv() {
        group.take(first);
        for job in queue.try_iter().take(GROUP - 1) {
            group.take(job);
        }
        group.commit();
    }
}

/// Operations executed in one open transaction, which are answered when it is committed.
struct Group<'a> {
    session: Session<'a>,
    executed: Vec<(Reply, Result<Outcome, StoreError>)>,
    /// Why no transaction could be opened for this group.
    locked: Option<StoreError>,
}

impl Group<'_> {
    fn take(&mut self, Job { operation, reply }: Job) {
        match operation {
            Operation::Raw { .. } => self.alone(operation, reply),
            _ => self.together(operation, reply),
        }
    }

    fn together(&mut self, operation: Operation, reply: Reply) {
        // Told with the group: who asks again after the answer is not of this group any more.
        if let Err(error) = self.begin() {
            return self.executed.push((reply, Err(error)));
        }
        let outcome = self.session.run(operation);
        if self.session.connection.is_autocommit() {
            // SQLite rolls the whole transaction back when the disk is full or fails.
            self.fail(&outcome);
        }
        self.executed.push((reply, outcome));
    }

    /// One wait for the lock serves the whole group: what has stood behind it has waited as long.
    fn begin(&mut self) -> Result<(), StoreError> {
        if let Some(error) = &self.locked {
            return Err(error.clone());
        }
        if !self.session.connection.is_autocommit() {
            return Ok(());
        }
        self.session
            .command("BEGIN IMMEDIATE")
            .inspect_err(|error| {
                self.locked = Some(error.clone());
            })
    }

    /// A raw statement may be one that cannot run inside a transaction (`VACUUM`, a pragma), or one
    /// that opens its own, which would take other callers' changes in.
    fn alone(&mut self, operation: Operation, reply: Reply) {
        self.commit();
        let outcome = self.session.run(operation);
        if self.session.connection.is_autocommit() {
            return reply.answer(outcome);
        }
        let _ = self.session.command("ROLLBACK");
        let what = "a transaction by raw statements; it was rolled back, use a batch";
        reply.answer(Err(StoreError::Unsupported {
            store: self.session.context.store(),
            what,
        }));
    }

    fn commit(&mut self) {
        self.locked = None;
        if !self.session.connection.is_autocommit()
            && let Err(error) = self.session.command("COMMIT")
        {
            let _ = self.session.command("ROLLBACK");
            self.fail(&Err(error));
        }
        for (reply, outcome) in self.executed.drain(..) {
            reply.answer(outcome);
        }
    }

    /// What was executed so far is lost, for this reason.
    fn fail(&mut self, reason: &Result<Outcome, StoreError>) {
        if let Err(error) = reason {
            for (_, outcome) in self
                .executed
                .iter_mut()
                .filter(|(_, outcome)| outcome.is_ok())
            {
                *outcome = Err(error.clone());
            }
        }
    }
}
