//! What a bench has for a world: one file, lines of log, one database or none.

use parking_lot::Mutex;
use policy::{Record, Sink, StartTask, Stores};
use script::{FileError, Files, Opened};
use std::sync::Arc;
use store::Store;
use store::keys::{KeyServer, KeyStore, MemoryKeys};

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
pub(super) fn start(task: StartTask) {
    task(Box::new(|done| {
        done.unwrap_or_else(|error| panic!("{error}"))
    }));
}

pub(super) struct OneStore(pub(super) Arc<dyn Store>);

impl Stores for OneStore {
    fn open(&self, _: &str) -> Result<Arc<dyn Store>, String> {
        Ok(self.0.clone())
    }

    fn keys(&self, _: &KeyServer) -> Result<Arc<dyn KeyStore>, String> {
        Ok(Arc::new(MemoryKeys::default()))
    }
}

pub(super) struct NoStores;

impl Stores for NoStores {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        Err(format!("no database here: {url}"))
    }
}
