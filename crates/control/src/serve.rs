//! The places where a server takes commands.

use crate::{datagram, fifo, place, stream};
use policy::{ControlPlace, ControlSocket, Executed};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the command of a document; none where it is no JSON. It may block for as long as the
/// command takes.
pub type Answering = Arc<dyn Fn(&[u8]) -> Option<Executed> + Send + Sync>;

/// Open places for commands. Each has a thread of its own that ends with the process.
#[derive(Debug, Default)]
pub struct Controls {
    files: Vec<PathBuf>,
}

impl Controls {
    /// Opens a place; a path that is not absolute lies in `run_dir`.
    ///
    /// # Errors
    /// A sentence with the path or address that cannot be opened.
    pub fn open(
        &mut self,
        socket: &ControlSocket,
        run_dir: &Path,
        answering: &Answering,
    ) -> Result<(), String> {
        let (pretty, answering) = (socket.pretty, answering.clone());
        let at = |path: &str| run_dir.join(path);
        let file = match &socket.place {
            ControlPlace::Stream(path) => stream::open(at(path), &socket.access, answering)?,
            ControlPlace::Datagram(path) => {
                datagram::open_unix(at(path), &socket.access, pretty, answering)?
            }
            ControlPlace::Fifo { path, reply_dir } => {
                let replies = fifo::Replies {
                    dir: PathBuf::from(reply_dir),
                    pretty,
                };
                fifo::open(at(path), &socket.access, replies, answering)?
            }
            ControlPlace::Udp(address) => {
                return datagram::open_udp(*address, pretty, answering);
            }
        };
        self.files.push(file);
        Ok(())
    }

    /// Removes sockets and pipes.
    pub fn close(&mut self) {
        for file in self.files.drain(..) {
            place::remove(&file);
        }
    }
}

impl Drop for Controls {
    fn drop(&mut self) {
        self.close();
    }
}

/// A thread for a place.
pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned
        .map(drop)
        .map_err(|error| format!("no thread for commands: {error}"))
}
