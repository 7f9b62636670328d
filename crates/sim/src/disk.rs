//! Files of the disk: scenarios, torture messages, the configurations that scenarios name.
#![allow(clippy::disallowed_methods, reason = "what is tested stands in files")]

use std::path::Path;

/// Reads a file; the failure names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a file of text; the failure names it.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a file that a script names.
pub(crate) fn open(path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}
