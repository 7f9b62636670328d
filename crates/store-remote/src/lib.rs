//! What databases behind a socket have in common, so that each driver is only its own protocol.
//!
//! * A thread of its own with an asynchronous runtime serves one database: one connection that
//!   writes, in the order of submission, and a few that read. The queues are bounded; a full one
//!   answers [`StoreError::TooMany`] at once.
//! * What stands in the queue of the writer is one transaction, so that a burst of registrations
//!   costs one commit. Where one change of such a group is refused, each is made by itself.
//! * Every operation has a deadline. A database that misses one is gone: the connection is closed,
//!   whatever waits and whatever comes is answered with [`StoreError::Unavailable`] at once, and a
//!   new connection is tried until there is one. A server that hangs thus costs the requests of one
//!   deadline, not one deadline for each request.
//! * Nothing is repeated here: whoever was promised that a write is kept hears that it failed.

mod lane;
mod operations;
mod zone;

pub use operations::{Driver, Session};
pub use zone::Zone;

use lane::{Lane, Queue, Waiting};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;
use store::{Done, Job, Limits, Operation, Store, StoreError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How a database is reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long an operation may take once it has begun, and how long it may wait for that. A batch
    /// gets five milliseconds more for each change, new tables a minute.
    pub deadline: Duration,
    /// How long connecting may take.
    pub connect: Duration,
    /// A database that nobody answers for when it is opened is no error: it is tried as after a failure.
    pub may_be_away: bool,
    /// How long after a failure the next connection is tried.
    pub retry: Duration,
    /// After so long without work a connection is tried, so that one that was cut off is replaced
    /// before somebody needs it.
    pub idle: Duration,
    /// The file with the authorities that the server's certificate must come from, in PEM; the name in it must be
    /// the host of the URL. None: the connection is not encrypted. Local sockets never are.
    pub authorities: Option<PathBuf>,
    /// Connections that read; at least one.
    pub readers: usize,
    /// Operations that may wait for the writer, and as many for the readers. Each costs its values.
    pub queue: usize,
    /// Bounds on one operation.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(2),
            connect: Duration::from_secs(2),
            may_be_away: false,
            retry: Duration::from_millis(500),
            idle: Duration::from_secs(60),
            authorities: None,
            readers: 2,
            queue: 8192,
            limits: Limits::default(),
        }
    }
}

/// A database behind a socket.
pub struct Remote<D: Driver> {
    driver: Arc<D>,
    limits: Limits,
    queue: usize,
    // Taken on drop, which ends the thread once the queues are empty.
    writes: Option<Sender<Waiting>>,
    reads: Option<Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
    away: Option<StoreError>,
}

impl<D: Driver> Remote<D> {
    /// Connects. Where the database may be away, that is no error.
    ///
    /// # Errors
    /// Why the database cannot be reached, or refuses this user.
    pub fn open(driver: D, options: Options) -> Result<Self, StoreError> {
        let driver = Arc::new(driver);
        let (writes, to_write) = channel(options.queue.max(1));
        let (reads, to_read) = channel(options.queue.max(1));
        let (limits, queue) = (options.limits.clone(), options.queue);
        let may_be_away = options.may_be_away;
        let (connected, first) = sync_channel(1);
        let lanes = driver.clone();
        let serve = move || {
            run(lanes, options, [to_write, to_read], move |outcome| {
                // The one who waits for it may have gone.
                let _ = connected.send(outcome);
            });
        };
        let thread = std::thread::Builder::new()
            .name(format!("db-{}", driver.kind()))
            .spawn(serve)
            .map_err(|failure| unavailable(&*driver, failure))?;
        let mut store = Self {
            limits,
            queue,
            writes: Some(writes),
            reads: Some(reads),
            thread: Some(thread),
            driver,
            away: None,
        };
        match first.recv() {
            Ok(Ok(())) => Ok(store),
            Ok(Err(error)) if may_be_away && is_away(&error) => {
                store.away = Some(error);
                Ok(store)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(unavailable(&*store.driver, "its thread has ended")),
        }
    }

    /// Why nobody answered when the database was opened; none where somebody did.
    pub fn was_away(&self) -> Option<&StoreError> {
        self.away.as_ref()
    }

    fn enqueue(&self, job: Job) {
        let queue = match job.is_read() {
            true => &self.reads,
            false => &self.writes,
        };
        let Some(queue) = queue else {
            // Dropping the job answers it.
            return;
        };
        if let Err(TrySendError::Full(refused)) = queue.try_send(Waiting::from(job)) {
            refused.job.reply.answer(Err(StoreError::TooMany {
                store: self.driver.name(),
                limit: self.queue,
            }));
        }
    }
}

impl<D: Driver> Store for Remote<D> {
    fn submit(&self, operation: Operation, done: Done) {
        match self.limits.check(&operation) {
            Ok(()) => self.enqueue(Job::new(operation, done)),
            Err(refused) => done(Err(refused)),
        }
    }

    fn quote(&self, text: &[u8]) -> String {
        D::quote(text)
    }

    fn kind(&self) -> &'static str {
        self.driver.kind()
    }
}

impl<D: Driver> Drop for Remote<D> {
    /// Waits until everything accepted is done, or has failed.
    fn drop(&mut self) {
        self.writes = None;
        self.reads = None;
        self.thread.take().into_iter().for_each(store::join);
    }
}

/// True where nobody answers, and not where somebody says no.
fn is_away(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. })
}

/// True where the connection failed, and not what was said on it: a wrong certificate is invalid data.
pub fn is_of_the_line(failure: &io::Error) -> bool {
    failure.kind() != io::ErrorKind::InvalidData
}

/// The error of a database that cannot be used now.
pub fn unavailable<D: Driver>(driver: &D, reason: impl std::fmt::Display) -> StoreError {
    StoreError::unavailable(driver.name(), reason)
}

/// The life of the thread: connects once, says what came of it, and serves until the store is
/// dropped.
fn run<D: Driver>(
    driver: Arc<D>,
    options: Options,
    [to_write, to_read]: [Receiver<Waiting>; 2],
    connected: impl FnOnce(Result<(), StoreError>),
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(failure) => return connected(Err(unavailable(&*driver, failure))),
    };
    let lanes = tokio::task::LocalSet::new();
    lanes.block_on(&runtime, async {
        let (first, why) = match lane::connect(&*driver, &options).await {
            Ok(session) => (Some(session), None),
            Err(error) if options.may_be_away && is_away(&error) => (None, Some(error)),
            Err(error) => return connected(Err(error)),
        };
        connected(why.clone().map_or(Ok(()), Err));
        let readers = options.readers.max(1);
        let options = Rc::new(options);
        let writer = Lane::new(&driver, &options, &Queue::new(to_write, why.clone()), GROUP);
        let mut tasks = vec![tokio::task::spawn_local(writer.run(first))];
        let reads = Queue::new(to_read, why);
        for _ in 0..readers {
            let reader = Lane::new(&driver, &options, &reads, 1);
            tasks.push(tokio::task::spawn_local(reader.run(None)));
        }
        for task in tasks {
            // One that panicked has dropped its jobs, which answers them.
            let _ = task.await;
        }
    });
}

/// The most operations in one transaction. More would save little and hold locks longer.
const GROUP: usize = 256;
