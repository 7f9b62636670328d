//! Profiles as they are written: in a file, or in the files of a directory.

use std::path::{Path, PathBuf};

/// A text of profiles, and where each line of it stands.
pub(super) struct Written {
    pub(super) text: String,
    /// The files, each with the number of lines before it.
    files: Vec<(usize, PathBuf)>,
}

impl Written {
    /// Reads a file, or every file of a directory in the order of their names as if they were one.
    ///
    /// # Errors
    /// A sentence about what cannot be read.
    pub(super) fn read(path: &Path) -> Result<Written, String> {
        let mut written = Written {
            text: String::new(),
            files: Vec::new(),
        };
        if !path.is_dir() {
            written.add(path.to_owned())?;
            return Ok(written);
        }
        let about = |error: std::io::Error| format!("{}: {error}", path.display());
        let entries = path.read_dir().map_err(about)?;
        let entries: Result<Vec<_>, _> = entries.collect();
        let mut files: Vec<PathBuf> = entries.map_err(about)?.iter().map(|e| e.path()).collect();
        files.retain(|file| file.is_file());
        files.sort();
        if files.is_empty() {
            return Err(format!("{}: no file is in it", path.display()));
        }
        files.into_iter().try_for_each(|file| written.add(file))?;
        Ok(written)
    }

    fn add(&mut self, path: PathBuf) -> Result<(), String> {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        self.files.push((self.text.lines().count(), path));
        self.text.push_str(&text);
        if !text.is_empty() && !text.ends_with('\n') {
            self.text.push('\n');
        }
        Ok(())
    }

    /// A remark on a line, with the file it stands in.
    pub(super) fn at(&self, line: usize, remark: &str) -> String {
        let file = self.files.iter().rev().find(|(before, _)| *before < line);
        match file.or(self.files.first()) {
            Some((before, file)) => {
                let line = line.saturating_sub(*before);
                format!("{}: line {line}: {remark}", file.display())
            }
            None => remark.to_owned(),
        }
    }

    /// The same for a remark that begins with its line, `line 3: …`.
    pub(super) fn place(&self, remark: &str) -> String {
        let numbered = remark.strip_prefix("line ").and_then(|rest| {
            let (line, remark) = rest.split_once(": ")?;
            Some(self.at(line.parse().ok()?, remark))
        });
        numbered.unwrap_or_else(|| match self.files.first() {
            Some((_, file)) => format!("{}: {remark}", file.display()),
            None => remark.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_read_in_the_order_of_names() {
        let folder = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a file");
        };
        assert!(Written::read(folder.path()).is_err());
        write("20-b", "[client:default]\nb = 1\n");
        write("10-a", "[server:default]\n\na = 1");
        std::fs::create_dir(folder.path().join("15-below")).expect("a directory");
        let written = Written::read(folder.path()).expect("profiles");
        assert_eq!(
            written.text,
            "[server:default]\n\na = 1\n[client:default]\nb = 1\n"
        );
        let file = |name: &str| folder.path().join(name).display().to_string();
        for (line, place) in [
            (1, format!("{}: line 1: odd", file("10-a"))),
            (3, format!("{}: line 3: odd", file("10-a"))),
            (4, format!("{}: line 1: odd", file("20-b"))),
            (5, format!("{}: line 2: odd", file("20-b"))),
        ] {
            assert_eq!(written.at(line, "odd"), place);
            assert_eq!(written.place(&format!("line {line}: odd")), place);
        }
        assert_eq!(written.place("odd"), format!("{}: odd", file("10-a")));
    }
}
