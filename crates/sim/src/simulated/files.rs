//! The files of a scenario: its own blocks first, then those of the disk.

use crate::Script;
use script::{FileError, Files, Opened};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// Opens the files that a script names.
pub(super) struct Disk<'a> {
    pub(super) script: &'a Script,
}

/// The name under which the script of the scenario itself is known.
pub(super) const MAIN: &str = "scenario.cfg";

impl Files for Disk<'_> {
    fn open(&self, includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        let opened = |text: &str| Opened {
            path: path.to_owned(),
            text: text.as_bytes().to_vec(),
        };
        if let Some(text) = self.script.text.as_ref().filter(|_| path == MAIN) {
            return Ok(opened(text));
        }
        if let Some((_, text)) = self.script.files.iter().find(|(name, _)| name == path) {
            return Ok(opened(text));
        }
        let beside = includer.and_then(|file| Path::new(file).parent());
        read(Path::new(path)).or_else(|error| match beside {
            Some(directory) if !path.starts_with('/') => read(&directory.join(path)),
            _ => Err(error),
        })
    }
}

/// Reads the files that parameters and functions name.
pub(super) fn reader(script: &Script) -> policy::ReadFile {
    let script = script.clone();
    Arc::new(
        move |path| match (Disk { script: &script }).open(None, path) {
            Ok(file) => Ok(file.text),
            Err(FileError::NotFound) => Err("no such file".to_owned()),
            Err(FileError::Unreadable(why)) => Err(why),
        },
    )
}

fn read(path: &Path) -> Result<Opened, FileError> {
    match crate::disk::open(path) {
        Ok(text) => Ok(Opened {
            path: path.display().to_string(),
            text,
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(FileError::NotFound),
        Err(error) => Err(FileError::Unreadable(error.to_string())),
    }
}
