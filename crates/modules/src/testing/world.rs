//! What a bench has for a world: one file, lines of log, one database or none.

use parking_lot::Mutex;
use policy::{EndTask, Record, Sink, Stores};
use script::{FileError, Files, Opened};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use store::keys::{Command, Heard, KeyServer, KeyStore, MemoryKeys};
use store::{Store, StoreError};

pub(super) struct Single(pub(super) Vec<u8>);

impl Files for Single {
    fn open(&self, _: Option<&str>, path: &str) -> Result<Opened, FileError> {
        match path {
            "test.cfg" => Ok(Opened {
                path: path.to_owned(),
                text: self.0.clone(),
            }),
            _ => Err(FileError::NotFound),
        }
    }
}

#[derive(Default)]
pub(super) struct Lines(pub(super) Mutex<Vec<String>>);

impl Sink for Lines {
    fn write(&self, record: Record) {
        self.0.lock().push(format!(
            "{} {}: {}",
            record.level.word(),
            record.source,
            record.text
        ));
    }
}

/// Runs a task that has to work.
pub(super) fn start(task: EndTask) {
    task(Box::new(|done| {
        done.unwrap_or_else(|error| panic!("{error}"))
    }));
}

pub(super) struct OneStore(pub(super) Arc<dyn Store>, pub(super) Arc<dyn KeyStore>);

impl Stores for OneStore {
    fn open(&self, _: &str) -> Result<Arc<dyn Store>, String> {
        Ok(self.0.clone())
    }

    fn keys(&self, _: &KeyServer) -> Result<Arc<dyn KeyStore>, String> {
        Ok(self.1.clone())
    }
}

/// Keys and values that servers share, and that may be away.
#[derive(Default)]
pub(crate) struct SharedKeys {
    pub(crate) memory: MemoryKeys,
    /// Nobody answers.
    pub(crate) is_away: AtomicBool,
    /// What is sent arrives, and the answer is lost.
    pub(crate) is_deaf: AtomicBool,
    /// Pipelines so far.
    pub(crate) pipelines: AtomicUsize,
}

impl KeyStore for SharedKeys {
    fn submit(&self, pipeline: Vec<Command>, heard: Heard) {
        self.pipelines.fetch_add(1, Ordering::Relaxed);
        let lost = || Err(StoreError::unavailable("redis", "it was taken away"));
        if self.is_away.load(Ordering::Relaxed) {
            return heard(lost());
        }
        match self.is_deaf.load(Ordering::Relaxed) {
            true => self
                .memory
                .submit(pipeline, Box::new(move |_| heard(lost()))),
            false => self.memory.submit(pipeline, heard),
        }
    }
}

pub(super) struct NoStores;

impl Stores for NoStores {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        Err(format!("no database here: {url}"))
    }
}
