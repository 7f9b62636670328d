//! Redis behind the contract of [`store::keys`].
//!
//! * All pipelines share one connection and are sent as they come, without waiting for the answers of
//!   earlier ones: a message of SIP that needs two pipelines costs two ways there and back, whatever
//!   else is under way.
//! * Every pipeline has a deadline. When one is missed, or the connection breaks, all that are under
//!   way fail, and whatever comes is answered with [`StoreError::Unavailable`] at once, until there is
//!   a new connection; one is tried twice a second. Nothing is sent twice.
//! * At most [`UNDER_WAY`] pipelines are under way; one more is [`StoreError::TooMany`].

mod answer;
mod link;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use store::StoreError;
use store::keys::{Command, Heard, KeyServer, KeyStore, Said};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The most pipelines under way. Each costs its words.
pub const UNDER_WAY: usize = 8192;

/// A Redis server.
pub struct RedisStore {
    name: String,
    /// Taken on drop, which ends the thread.
    sender: Option<UnboundedSender<Asked>>,
    /// Bounds the queue, and what was sent and has no answer.
    under_way: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// A pipeline and who waits for it; one that is dropped is answered.
struct Asked {
    pipeline: Vec<Command>,
    heard: Option<Heard>,
    under_way: Arc<AtomicUsize>,
}

impl RedisStore {
    /// Connects. Where the server may be away, that is no error.
    ///
    /// # Errors
    /// Why the server cannot be reached, or refuses the password.
    pub fn open(server: &KeyServer) -> Result<Self, StoreError> {
        let (sender, receiver) = unbounded_channel();
        let (connected, first) = sync_channel(1);
        let name = server.to_string();
        let of_thread = server.clone();
        let serve = move || {
            run(&of_thread, receiver, move |outcome| {
                // The one who waits for it may have gone.
                let _ = connected.send(outcome);
            });
        };
        let thread = std::thread::Builder::new()
            .name("db-redis".to_owned())
            .spawn(serve)
            .map_err(|failure| StoreError::unavailable(&name, failure))?;
        let store = Self {
            sender: Some(sender),
            under_way: Arc::default(),
            thread: Some(thread),
            name,
        };
        match first.recv() {
            Ok(Ok(())) => Ok(store),
            Ok(Err(_)) if server.may_be_away => Ok(store),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::unavailable(&store.name, "its thread has ended")),
        }
    }
}

impl KeyStore for RedisStore {
    fn submit(&self, pipeline: Vec<Command>, heard: Heard) {
        if pipeline.is_empty() {
            return heard(Ok(Vec::new()));
        }
        if self.under_way.fetch_add(1, Ordering::Relaxed) >= UNDER_WAY {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            let (store, limit) = (self.name.clone(), UNDER_WAY);
            return heard(Err(StoreError::TooMany { store, limit }));
        }
        let asked = Asked {
            pipeline,
            heard: Some(heard),
            under_way: self.under_way.clone(),
        };
        if let Some(sender) = &self.sender {
            // Where the thread has ended, dropping the pipeline answers it.
            let _ = sender.send(asked);
        }
    }
}

impl Asked {
    fn answer(mut self, result: Result<Vec<Said>, StoreError>) {
        if let Some(heard) = self.heard.take() {
            heard(result);
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        if let Some(heard) = self.heard.take() {
            heard(Err(StoreError::unavailable(
                "redis",
                "its thread has ended",
            )));
        }
    }
}

impl Drop for RedisStore {
    /// Waits until everything accepted has an answer.
    fn drop(&mut self) {
        self.sender = None;
        self.thread.take().into_iter().for_each(store::join);
    }
}

/// The life of the thread: connects, says what came of it, and serves until the store is dropped.
fn run(
    server: &KeyServer,
    queue: UnboundedReceiver<Asked>,
    connected: impl FnOnce(Result<(), StoreError>),
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(failure) => {
            return connected(Err(StoreError::unavailable(server.to_string(), failure)));
        }
    };
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let link = match link::Link::new(server, queue) {
            Ok(link) => link,
            Err(error) => return connected(Err(error)),
        };
        let first = link.connect().await;
        connected(first.as_ref().map(|_| ()).map_err(Clone::clone));
        if first.is_ok() || server.may_be_away {
            link.serve(first).await;
        }
    });
}
