//! What modules want done outside of any message: event routes to run, connections to close.

use crate::{ConnectionId, Context};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Something to do outside of any message.
pub enum Task {
    /// Runs `event_route[name]`, where the script has it, on a message of its own.
    Event {
        /// The route's name, `usrloc:contact-expired`.
        name: String,
        /// Fills the context before the route runs: variables, extensions.
        prepare: Box<dyn FnOnce(&mut Context) + Send>,
    },
    /// Runs `route[name]`, where the script has it, on a message of its own.
    Route {
        /// The route's name.
        name: String,
        /// Fills the context before the route runs: message, extensions.
        prepare: Box<dyn FnOnce(&mut Context) + Send>,
    },
    /// Closes a stream connection.
    Close(ConnectionId),
    /// Does something to a transaction.
    Remote {
        /// Which one.
        id: stack::table::TxId,
        /// What is to be done.
        what: crate::Remote,
    },
    /// Sends a request of our own.
    Request(Box<crate::LocalRequest>),
}

/// A queue from modules to the edge; cheap to clone. Timers and call-backs of databases fill it,
/// one worker drains it.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tasks: Mutex<VecDeque<Task>>,
    waiting: AtomicUsize,
}

impl Outbox {
    /// Tasks that may wait. One more is dropped: the edge is slower than what is asked of it, and an
    /// event route that runs minutes late serves nobody.
    pub const MOST: usize = 65_536;

    /// Tasks that there is room for when none waits.
    const KEPT: usize = 64;

    /// Leaves a task; false where the queue is full and the task was dropped.
    pub fn post(&self, task: Task) -> bool {
        let mut tasks = self.0.tasks.lock();
        if tasks.len() >= Self::MOST {
            return false;
        }
        tasks.push_back(task);
        self.0.waiting.store(tasks.len(), Ordering::Release);
        true
    }

    /// Takes the oldest task. Costs one atomic load while there is none.
    pub fn take(&self) -> Option<Task> {
        if self.0.waiting.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut tasks = self.0.tasks.lock();
        let task = tasks.pop_front();
        if tasks.is_empty() {
            // What a peak has left is given back.
            tasks.shrink_to(Self::KEPT);
        }
        self.0.waiting.store(tasks.len(), Ordering::Release);
        task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_come_out_in_order_and_are_bounded() {
        let outbox = Outbox::default();
        assert!(outbox.take().is_none());
        for id in 0..Outbox::MOST {
            assert!(outbox.post(Task::Close(ConnectionId(id as u64))));
        }
        assert!(!outbox.post(Task::Close(ConnectionId(0))));
        assert!(matches!(outbox.take(), Some(Task::Close(ConnectionId(0)))));
        assert!(matches!(outbox.take(), Some(Task::Close(ConnectionId(1)))));
        while outbox.take().is_some() {}
        assert_eq!(outbox.0.tasks.lock().capacity(), Outbox::KEPT);
    }
}
