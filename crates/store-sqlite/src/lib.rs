//! SQLite behind the contract of [`store`], on files that Kamailio's db_sqlite can share.
//!
//! * One thread writes. It takes what stands in its queue and commits it as one transaction, so that
//!   a burst of registrations costs one commit; call-backs come after the commit.
//! * Reader threads, each with its own connection, answer queries meanwhile (write-ahead log).
//! * A row that is looked up by its key may be read on the caller's thread ([`Store::glance`]).
//! * Both queues are bounded; a full one answers [`StoreError::TooMany`] at once.
//! * What another process writes is seen by the next query: nothing is cached here.
//!
//! Durability: with [`Options::durable`] off (the default, `synchronous=NORMAL`), what was confirmed
//! survives the death of the process at any moment, `kill -9` included. A power failure or a crash
//! of the operating system may lose the commits since the last checkpoint (at most
//! 1000 pages of 4 KiB), but leaves the file intact. On, every commit waits for the disk.
//!
//! Times are julian days, as Kamailio writes them; see `value`.

mod dialect;
mod error;
mod execute;
mod glance;
mod open;
mod quote;
mod reader;
mod value;
mod writer;

pub use quote::literal;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use glance::Glance;
use store::{Done, Job, Limits, Operation, Outcome, Store, StoreError};

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Opens an existing file for reading alone; writes answer [`StoreError::ReadOnly`].
    pub read_only: bool,
    /// Makes a missing file, readable by its owner alone, since it will hold passwords.
    pub create: bool,
    /// Waits for the disk at every commit (`synchronous=FULL`).
    pub durable: bool,
    /// Switches the file to a write-ahead log, for good: readers and the writer then do not wait for
    /// each other, Kamailio's included. Off leaves the file's journal mode as it is.
    pub write_ahead_log: bool,
    /// How long another process may hold the lock before an operation answers
    /// [`StoreError::Busy`]; meanwhile the operations behind it wait too.
    pub busy_timeout: Duration,
    /// Whoever waited longer for a read on his own thread waited for the disk: for a while the readers have all of
    /// them ([`Store::glance`]).
    pub slow_read: Duration,
    /// Reader threads, each with a connection of about 2 MiB; at least one.
    pub readers: usize,
    /// Operations that may wait for the writer, and as many for the readers. Each costs its values.
    pub queue: usize,
    /// Bounds on one operation.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            read_only: false,
            create: true,
            durable: false,
            write_ahead_log: true,
            busy_timeout: Duration::from_secs(5),
            slow_read: Duration::from_millis(5),
            readers: 1,
            queue: 8192,
            limits: Limits::default(),
        }
    }
}

/// An SQLite database in a file.
pub struct SqliteStore {
    path: PathBuf,
    limits: Limits,
    queue: usize,
    // Taken on drop, which ends the threads once their queues are empty.
    writes: Option<SyncSender<Job>>,
    reads: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
    glance: Glance,
}

impl SqliteStore {
    /// Opens or makes the file. Every way in which this can fail (no such directory, no permission,
    /// locked, not a database) has its own sentence with the path in it.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let (writes, to_write) = sync_channel(options.queue);
        let (reads, to_read) = sync_channel(options.queue);
        let writing = open::writer(&path, &options)?;
        let glance = Glance::open(&path, &options)?;
        let mut store = Self {
            path,
            limits: options.limits.clone(),
            queue: options.queue,
            writes: Some(writes),
            reads: Some(reads),
            writer: None,
            readers: Vec::new(),
            glance,
        };
        let context = error::Context::new(&store.path);
        let answer_bytes = options.limits.answer_bytes;
        let writer = store.spawn("sqlite-write", {
            let context = context.clone();
            move || writer::run(writing, &to_write, &context, answer_bytes)
        })?;
        store.writer = Some(writer);
        let to_read = Arc::new(Mutex::new(to_read));
        for _ in 0..options.readers.max(1) {
            let reading = open::reader(&store.path, &options)?;
            let (to_read, context) = (to_read.clone(), context.clone());
            let reader = store.spawn("sqlite-read", move || {
                reader::run(&reading, &to_read, &context, answer_bytes)
            })?;
            store.readers.push(reader);
        }
        Ok(store)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn spawn(
        &self,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<JoinHandle<()>, StoreError> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body);
        thread.map_err(|failure| error::Context::new(&self.path).unavailable(failure))
    }

    fn enqueue(&self, job: Job) {
        let queue = if job.is_read() {
            &self.reads
        } else {
            &self.writes
        };
        let sent = match queue {
            Some(queue) => queue.try_send(job),
            None => Err(TrySendError::Disconnected(job)),
        };
        let store = || error::Context::new(&self.path).store();
        match sent {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => {
                job.reply.answer(Err(StoreError::TooMany {
                    store: store(),
                    limit: self.queue,
                }));
            }
            // Dropping the job answers it.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Store for SqliteStore {
    fn submit(&self, operation: Operation, done: Done) {
        match self.limits.check(&operation) {
            Ok(()) => self.enqueue(Job::new(operation, done)),
            Err(refused) => done(Err(refused)),
        }
    }

    fn glance(&self, operation: &Operation) -> Option<Outcome> {
        match operation {
            Operation::Select(select) if self.limits.check(operation).is_ok() => {
                self.glance.answer(select)
            }
            _ => None,
        }
    }

    fn quote(&self, text: &[u8]) -> String {
        literal(text)
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }
}

impl Drop for SqliteStore {
    /// Waits until everything accepted is done. The writer ends last: who only reads leaves the
    /// write-ahead log where it is.
    fn drop(&mut self) {
        self.reads = None;
        self.readers.drain(..).for_each(store::join);
        self.writes = None;
        self.writer.take().into_iter().for_each(store::join);
    }
}

/// What an executed operation comes to, before it is committed.
type Executed = Result<Outcome, StoreError>;
