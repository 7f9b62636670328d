//! Keys and values: the contract between Ringwall and a server like Redis, and one in memory.
//!
//! Commands go in a pipeline: however many there are, they cost one way to the server and one back.
//! A pipeline belongs together and its commands run in order, but others' commands may run between
//! them; `MULTI` and `EXEC` around them keep others out, as everywhere with Redis.

mod memory;

pub use memory::MemoryKeys;

use std::path::PathBuf;

use bytes::Bytes;

use crate::StoreError;

/// The words of one command: `["SET", "key", "value"]`. Words are bytes and never parsed again, so no
/// value can become a command.
pub type Command = Vec<Bytes>;

/// What the server says to one command.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// There is nothing.
    Nil,
    /// A whole number.
    Int(i64),
    /// A value.
    Text(Bytes),
    /// What became of a command: `OK`.
    Status(Bytes),
    /// Why a command was refused: `WRONGTYPE …`.
    Error(Bytes),
    /// Several of these.
    Array(Vec<Said>),
}

/// The call-back of one pipeline: as many answers as commands. It runs on the engine's thread: hand the
/// result on, do no work.
pub type Heard = Box<dyn FnOnce(Result<Vec<Said>, StoreError>) + Send>;

/// A server of keys and values, or something that answers like one.
pub trait KeyStore: Send + Sync {
    /// Takes a pipeline and calls `heard` exactly once.
    ///
    /// Never blocks: a server that is away or overloaded is [`StoreError::Unavailable`] or
    /// [`StoreError::TooMany`] at once, on the caller's thread. Pipelines of one caller run in the order
    /// they were submitted.
    fn submit(&self, pipeline: Vec<Command>, heard: Heard);
}

/// Where a server of keys and values is, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyServer {
    /// Its address.
    pub place: KeyPlace,
    /// Which of its numbered databases.
    pub database: u32,
    /// The user, where the server knows several.
    pub user: Option<String>,
    /// The password; never printed.
    pub password: Option<Password>,
    /// How long connecting may take, in milliseconds.
    pub connect_ms: u64,
    /// How long a pipeline may take, in milliseconds.
    pub deadline_ms: u64,
    /// The file with the authorities whose certificates are believed, in PEM; none where the connection is not
    /// encrypted.
    pub authorities: Option<PathBuf>,
    /// Whether the server process starts though this one is away.
    pub may_be_away: bool,
}

/// The address of a server of keys and values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPlace {
    /// A host and a port.
    Tcp(String, u16),
    /// A local socket.
    Unix(PathBuf),
}

/// A password that logs cannot hold.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl std::fmt::Display for KeyServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.authorities {
            Some(_) => "rediss",
            None => "redis",
        };
        match &self.place {
            KeyPlace::Tcp(host, port) => write!(f, "{scheme}://{host}:{port}/{}", self.database),
            KeyPlace::Unix(path) => write!(f, "redis:{}#{}", path.display(), self.database),
        }
    }
}

/// Submits one pipeline and blocks until it is done: for start-up and tests, never for a worker.
pub fn wait(store: &dyn KeyStore, pipeline: Vec<Command>) -> Result<Vec<Said>, StoreError> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    store.submit(
        pipeline,
        Box::new(move |result| {
            // The receiver lives until this call, so a failed send cannot happen.
            let _ = sender.send(result);
        }),
    );
    receiver.recv().unwrap_or_else(|_| {
        Err(StoreError::unavailable(
            "the key server",
            "it ended before it answered",
        ))
    })
}

/// The words of a command that stands in one text, as the Redis command line has it: separated by spaces.
pub fn words(text: &str) -> Command {
    let words = text.split_ascii_whitespace();
    words
        .map(|word| Bytes::copy_from_slice(word.as_bytes()))
        .collect()
}
