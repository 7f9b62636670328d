//! A named pipe: documents come in, each answer goes to the pipe that its document names.

use crate::place;
use crate::serve::{Answering, spawn};
use nix::sys::stat::Mode;
use policy::{Executed, FileAccess};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest document; what is larger is thrown away.
const MOST_BYTES: usize = 64 << 10;
/// How often a pipe for an answer is tried that nobody reads yet, and how long apart.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Where and how answers are written.
pub(crate) struct Replies {
    pub(crate) dir: PathBuf,
    pub(crate) pretty: bool,
}

/// Makes the pipe and gives its path.
pub(crate) fn open(
    path: PathBuf,
    access: &FileAccess,
    replies: Replies,
    answering: Answering,
) -> Result<PathBuf, String> {
    place::clear(&path)?;
    nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)
        .map_err(|error| format!("{}: {}", path.display(), error.desc()))?;
    place::protect(&path, access)?;
    // Open for writing too, so that it never ends when a writer leaves.
    let pipe = OpenOptions::new().read(true).write(true).open(&path);
    let pipe = pipe.map_err(|error| format!("{}: {error}", path.display()))?;
    spawn("rpc-fifo", move || serve(pipe, &replies, &answering))?;
    Ok(path)
}

fn serve(mut pipe: File, replies: &Replies, answering: &Answering) {
    let mut documents = Documents::default();
    let mut buffer = [0; 4096];
    loop {
        let Ok(length) = pipe.read(&mut buffer) else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        for byte in buffer.iter().take(length) {
            let Some(document) = documents.push(*byte) else {
                continue;
            };
            if let Some(executed) = answering(&document) {
                reply(&executed, replies);
            }
        }
    }
}

/// Cuts what comes through a pipe into documents: from a brace to the one that closes it.
#[derive(Default)]
struct Documents {
    bytes: Vec<u8>,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Documents {
    /// Takes a byte; gives the document that it completes.
    fn push(&mut self, byte: u8) -> Option<Vec<u8>> {
        if self.depth == 0 && byte != b'{' {
            return None;
        }
        if self.bytes.len() >= MOST_BYTES {
            *self = Documents::default();
            return None;
        }
        self.bytes.push(byte);
        if self.in_text {
            self.in_text = byte != b'"' || self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            return None;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' => self.depth += 1,
            b'}' => self.depth -= 1,
            _ => {}
        }
        (self.depth == 0).then(|| std::mem::take(self).bytes)
    }
}

fn reply(executed: &Executed, replies: &Replies) {
    let Some(name) = executed.reply_name.as_deref().filter(|name| is_plain(name)) else {
        return;
    };
    if let Some(mut pipe) = open_reply(&replies.dir.join(name)) {
        // A reader that went away needs no answer.
        let _ = pipe.write_all(executed.render(replies.pretty).as_bytes());
    }
}

/// A name without a way out of the directory.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}

/// Opens a pipe that somebody reads. Only pipes are written to, and no link is followed, for the
/// directory may be one where everybody can make files.
fn open_reply(path: &Path) -> Option<File> {
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOFOLLOW;
    for _ in 0..TRIES {
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags(flags.bits())
            .open(path);
        match opened {
            Ok(file) => {
                let is_pipe = file
                    .metadata()
                    .is_ok_and(|found| found.file_type().is_fifo());
                return is_pipe.then_some(file);
            }
            // Nobody reads yet.
            Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENXIO as i32) => {
                std::thread::sleep(PAUSE);
            }
            Err(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut documents = Documents::default();
        let found = text.bytes().filter_map(|byte| documents.push(byte));
        found
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }

    #[test]
    fn documents_end_with_their_brace() {
        assert_eq!(
            cut("junk {\"a\":{\"b\":1}}\n{\"c\": \"}\\\"}\"}x{"),
            ["{\"a\":{\"b\":1}}", "{\"c\": \"}\\\"}\"}"]
        );
    }

    #[test]
    fn a_document_without_an_end_is_thrown_away() {
        let long = format!("{{\"a\":\"{}\"}}{{\"b\":1}}", "x".repeat(MOST_BYTES));
        assert_eq!(cut(&long), ["{\"b\":1}"]);
    }

    #[test]
    fn answers_stay_in_their_directory() {
        assert!(is_plain("reply_fifo"));
        for name in ["../x", "/etc/x", "", "a/b", ".x"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
