//! The keys in force: those that are written, and those of a file that is read again while the server runs.

use super::sign::Keys;
use parking_lot::RwLock;
use policy::{Init, Level, Surroundings};
use std::sync::Arc;

/// What a `sign_key` that names a file begins with.
pub(super) const FILE: &str = "file:";

/// Milliseconds between two looks into the file: so long may two servers that share it disagree.
const LOOK_MS: u32 = 60_000;

/// The keys; cheap to read.
pub(super) struct Keyring {
    /// Those that are written in the script.
    written: Keys,
    now: RwLock<Arc<Keys>>,
    has_file: bool,
}

impl Keyring {
    /// The keys, with those of `file` as soon as the server starts, and then as they are each minute.
    pub(super) fn new(written: Keys, file: Option<String>, init: &mut Init<'_>) -> Arc<Keyring> {
        let ring = Arc::new(Keyring {
            now: RwLock::new(Arc::new(written.clone())),
            written,
            has_file: file.is_some(),
        });
        if let Some(path) = file {
            ring.read_from(path, init);
        }
        ring
    }

    fn read_from(self: &Arc<Self>, path: String, init: &mut Init<'_>) {
        let surroundings = init.surroundings().clone();
        let (ring, first) = (self.clone(), (surroundings.clone(), path.clone()));
        init.on_start(move |done| done(ring.read(&first.0, &first.1)));
        let (ring, logger) = (self.clone(), init.logger.clone());
        init.every(LOOK_MS, move |_| {
            if let Err(why) = ring.read(&surroundings, &path) {
                logger.log(Level::Err, "rr", || {
                    format!("{why}; the keys stay as they are")
                });
            }
        });
    }

    fn read(&self, surroundings: &Surroundings, path: &str) -> Result<(), String> {
        let text = surroundings.file(path)?;
        let keys = self.written.with_file(&String::from_utf8_lossy(&text));
        *self.now.write() = Arc::new(keys.map_err(|why| format!("{path}: {why}"))?);
        Ok(())
    }

    /// The keys in force.
    pub(super) fn keys(&self) -> Arc<Keys> {
        self.now.read().clone()
    }

    /// True where routes are signed.
    pub(super) fn is_set(&self) -> bool {
        self.has_file || self.written.is_set()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[test]
    fn a_file_is_read_again_and_a_broken_one_changes_nothing() {
        let text = Arc::new(Mutex::new(b"0123456789abcdef\n".to_vec()));
        let shown = text.clone();
        let surroundings = Surroundings {
            read_file: Some(Arc::new(move |_| Ok(shown.lock().clone()))),
            ..Surroundings::default()
        };
        let ring = Keyring {
            written: Keys::default(),
            now: RwLock::default(),
            has_file: true,
        };
        assert!(ring.is_set() && !ring.keys().is_set());
        ring.read(&surroundings, "keys").expect("a key");
        let first = ring.keys();
        assert!(first.is_set());
        *text.lock() = b"short\n".to_vec();
        let why = ring.read(&surroundings, "keys").expect_err("no key");
        assert!(why.starts_with("keys: "), "{why}");
        assert!(Arc::ptr_eq(&first, &ring.keys()));
        *text.lock() = b"fedcba9876543210\n".to_vec();
        ring.read(&surroundings, "keys").expect("another key");
        assert!(!Arc::ptr_eq(&first, &ring.keys()));
    }
}
