//! The rules of the house that no compiler knows.

mod edges;
mod sources;
mod texts;
mod witnesses;

use crate::shell;

/// Runs every rule and tells all that is broken.
pub(crate) fn run() -> Result<(), String> {
    let files = shell::tracked_files()?;
    let mut found = Vec::new();
    edges::check(&files, &mut found)?;
    texts::readmes(&files, &mut found);
    witnesses::check(&files, &mut found)?;
    for path in &files {
        texts::words(path, &mut found);
        if path.ends_with(".rs") {
            sources::check(path, &shell::read(path)?, &mut found);
        }
    }
    if found.is_empty() {
        println!("tidy: {} files", files.len());
        return Ok(());
    }
    Err(format!("\n  {}", found.join("\n  ")))
}
