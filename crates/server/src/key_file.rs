//! The keys of the built-in policy: files of the state directory. `route_keys` signs its Record-Routes,
//! `mask_key` hides what is behind it.
//!
//! One key a line, of 16 or more letters, digits and `+/=._-`; what stands behind `#` is a comment. The
//! first one signs and hides, all of them verify signatures. Servers that share calls share the files. To rotate
//! keys that sign, add the new key at the end everywhere, then move it to the top, and take the old one out a day
//! later; a running server reads the file each minute. A new key that hides ends the calls that are up.

use crate::certificate;
use std::io::ErrorKind;
use std::path::Path;

/// The keys of one file.
pub(crate) struct KeyFile {
    /// With blanks between them, as `modparam("rr", "sign_key", …)` takes them.
    pub(crate) text: String,
    /// They were drawn just now, and are still to be written.
    is_new: bool,
}

impl KeyFile {
    /// Reads the file, or draws a key where there is none.
    ///
    /// # Errors
    /// A sentence, where the file cannot be read or has no key in it: whoever wrote it means something.
    pub(crate) fn read(path: &Path) -> Result<KeyFile, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => match keys_in(&text) {
                Ok(text) => Ok(KeyFile {
                    text,
                    is_new: false,
                }),
                Err(why) => Err(format!("{}: {why}", path.display())),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(KeyFile {
                text: new_key(),
                is_new: true,
            }),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    /// The first key.
    pub(crate) fn first(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    /// Writes the file where there was none.
    ///
    /// # Errors
    /// A sentence with the path that cannot be written.
    pub(crate) fn keep(&self, path: &Path) -> Result<(), String> {
        match self.is_new {
            true => certificate::write(path, &format!("{}\n", self.text), 0o600),
            false => Ok(()),
        }
    }
}

/// The keys of a file with blanks between them, or what is wrong with it.
fn keys_in(text: &str) -> Result<String, String> {
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=._-".contains(&byte);
        if line.len() < 16 || !line.bytes().all(allowed) {
            return Err(format!(
                "line {number} is no key: 16 or more letters and digits"
            ));
        }
        keys.push(line);
    }
    match keys.is_empty() {
        true => Err("no key in it; remove the file to get a new one".to_owned()),
        false => Ok(keys.join(" ")),
    }
}

fn new_key() -> String {
    let bytes: [u8; 16] = crate::load::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_on_lines() {
        let (one, two) = ("0123456789abcdef", "fedcba9876543210+/=._-");
        let text = format!("# ours\n{one} # new\n\n  {two}\n");
        assert_eq!(keys_in(&text), Ok(format!("{one} {two}")));
        for wrong in ["", "# nothing\n", "short\n", "0123456789abcdef\" x\n"] {
            assert!(keys_in(wrong).is_err(), "{wrong}");
        }
        assert!(new_key() != new_key() && keys_in(&new_key()).is_ok());
    }

    #[test]
    fn what_was_drawn_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("route_keys");
        let drawn = KeyFile::read(&path).unwrap();
        drawn.keep(&path).unwrap();
        let found = KeyFile::read(&path).unwrap();
        assert_eq!((found.text, found.is_new), (drawn.text, false));
        std::fs::write(&path, "short\n").unwrap();
        let why = KeyFile::read(&path).map(|_| ()).unwrap_err();
        assert!(
            why.ends_with("route_keys: line 1 is no key: 16 or more letters and digits"),
            "{why}"
        );
    }
}
