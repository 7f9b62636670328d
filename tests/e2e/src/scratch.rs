//! A directory for one test.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory that goes with its test.
pub struct Scratch {
    dir: TempDir,
}

impl Scratch {
    /// An empty directory.
    ///
    /// # Panics
    /// Where the system has no place for one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> Scratch {
        let dir = tempfile::Builder::new().prefix("ringwall-e2e-").tempdir();
        Scratch {
            dir: dir.expect("a directory"),
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A name in the directory; nothing is made.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A new file with a text.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// A new empty directory.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn make_dir(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::create_dir(&path).expect("a directory");
        path
    }
}
