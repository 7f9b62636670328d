//! Configuration files, read as Kamailio finds them.

use script::{FileError, Files, Opened};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file system. A path that is not absolute is looked for in the working directory, then
/// beside the file that includes it.
pub(crate) struct Disk;

impl Files for Disk {
    fn open(&self, includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        let mut first_error = FileError::NotFound;
        for candidate in candidates(path, includer) {
            match std::fs::read(&candidate) {
                Ok(text) => {
                    return Ok(Opened {
                        path: candidate.display().to_string(),
                        text,
                    });
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => first_error = FileError::Unreadable(error.to_string()),
            }
        }
        Err(first_error)
    }
}

/// Reads a file that a parameter or a function of the script names.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| error.to_string())
}

fn candidates(path: &str, includer: Option<&str>) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from(path)];
    let beside = includer.and_then(|includer| Path::new(includer).parent());
    if let Some(folder) = beside.filter(|_| Path::new(path).is_relative()) {
        found.push(folder.join(path));
    }
    found
}
