//! Tables, keys, values: the contract between Ringwall and a database, and an engine in memory.
//!
//! An operation is a value ([`Operation`]); a [`Store`] takes it and calls back, exactly once. There
//! is no runtime in the contract: the engine in memory calls back before `submit` returns, a
//! database calls back from a thread of its own, and the caller cannot tell the difference.
//!
//! * Names of tables and columns are [`Name`]s: checked when made, so no SQL can hide in one.
//! * Values are [`Cell`]s: always bound, never spliced into a statement.
//! * Text is bytes, because what peers send need not be UTF-8; see [`Cell::Text`].
//! * [`keys`] is the contract of servers of keys and values, such as Redis.
//! * Everything has a bound with a name: [`Limits`].
//! * [`schema`] has Kamailio's standard tables as data, with their version numbers.
//! * [`sql`] writes operations as SQL, for the databases that speak it.
//! * `contract` (a feature) is the one suite that every engine passes.

mod cell;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
mod job;
pub mod keys;
mod limits;
mod memory;
mod moment;
mod name;
mod operation;
pub mod schema;
pub mod sql;
mod url;

pub use cell::{Cell, Rows};
pub use error::StoreError;
pub use job::{Job, Reply};
pub use limits::Limits;
pub use memory::Memory;
pub use moment::unix_seconds;
pub use name::Name;
pub use operation::{Condition, Direction, Filter, Op, Operation, Outcome, Row, Select, Write};
pub use url::{DbUrl, UrlError};

/// Where Debian has the authorities that the machine believes, in PEM.
pub const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The call-back of one operation. It runs on the engine's thread: hand the result on, do no work.
pub type Done = Box<dyn FnOnce(Result<Outcome, StoreError>) + Send>;

/// A database, or something that answers like one.
pub trait Store: Send + Sync {
    /// Takes one operation and calls `done` exactly once with what became of it.
    ///
    /// Never blocks: where the engine's queue is full, `done` gets [`StoreError::TooMany`] at once, on
    /// the caller's thread. Writes of one caller are carried out in the order they were submitted, and
    /// a read submitted after the call-back of a write sees that write. An engine that is dropped
    /// first finishes what it has accepted.
    fn submit(&self, operation: Operation, done: Done);

    /// The answer to a short read, on the caller's thread: for workers, where handing the question over and
    /// the answer back would take longer than the read. None where it would not, or may wait for a disk,
    /// a lock or a network: then it is to be submitted. It sees what a read submitted now would see.
    fn glance(&self, _operation: &Operation) -> Option<Outcome> {
        None
    }

    /// A string literal for [`Operation::Raw`], by the rules of this database, quotes included.
    ///
    /// No bytes can end the literal early: SQLite, for one, does not know the backslash as an escape,
    /// so the quoting of one database is an injection in another.
    fn quote(&self, text: &[u8]) -> String;

    /// The driver's name as it stands in a URL: `sqlite`, `memory`, …
    fn kind(&self) -> &'static str;
}

/// Waits for a thread of an engine that is dropped, unless it is this one: the last owner may be a
/// call-back, and a thread cannot wait for itself.
pub fn join(thread: std::thread::JoinHandle<()>) {
    if thread.thread().id() != std::thread::current().id() {
        // One that panicked has dropped its jobs, which answers them.
        let _ = thread.join();
    }
}

/// Submits one operation and blocks until it is done: for start-up, command line and tests, never for
/// a worker.
pub fn wait(store: &dyn Store, operation: Operation) -> Result<Outcome, StoreError> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    store.submit(
        operation,
        Box::new(move |result| {
            // The receiver lives until this call, so a failed send cannot happen.
            let _ = sender.send(result);
        }),
    );
    receiver.recv().unwrap_or_else(|_| {
        Err(StoreError::unavailable(
            store.kind(),
            "it ended before it answered",
        ))
    })
}
