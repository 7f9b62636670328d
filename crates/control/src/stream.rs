//! A Unix stream socket: one document a line, one answer a line.

use crate::place;
use crate::serve::{Answering, spawn};
use policy::FileAccess;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Connections at one time; further ones are closed at once. Each has a thread.
const MOST_CONNECTIONS: usize = 32;
/// The longest line.
const MOST_BYTES: u64 = 1 << 20;
/// A connection that is silent for so long is closed.
const SILENCE: Duration = Duration::from_secs(60);

/// Opens the socket and gives its path.
pub(crate) fn open(
    path: PathBuf,
    access: &FileAccess,
    answering: Answering,
) -> Result<PathBuf, String> {
    place::clear(&path)?;
    let listener =
        UnixListener::bind(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    place::protect(&path, access)?;
    spawn("control", move || accept(&listener, &answering))?;
    Ok(path)
}

fn accept(listener: &UnixListener, answering: &Answering) {
    let open = Arc::new(AtomicUsize::new(0));
    for connection in listener.incoming() {
        let Ok(connection) = connection else {
            // Out of descriptors: wait until some are free again.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        if open.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            continue;
        }
        open.fetch_add(1, Ordering::Relaxed);
        let (taken, answering) = (Place(open.clone()), answering.clone());
        // Without a thread the connection closes, which its owner sees.
        let _ = spawn("control-peer", move || {
            let _taken = taken;
            serve(connection, &answering);
        });
    }
}

/// A place among the connections; it is free again when this is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve(mut connection: UnixStream, answering: &Answering) {
    let timeouts = connection
        .set_read_timeout(Some(SILENCE))
        .and_then(|()| connection.set_write_timeout(Some(SILENCE)));
    let (Ok(()), Ok(reading)) = (timeouts, connection.try_clone()) else {
        return;
    };
    let mut reading = BufReader::new(reading);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reading
            .by_ref()
            .take(MOST_BYTES)
            .read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) || line.last() != Some(&b'\n') {
            return;
        }
        let answer = match answering(&line) {
            Some(executed) => executed.render(false),
            None => NOT_JSON.to_owned(),
        };
        if connection.write_all((answer + "\n").as_bytes()).is_err() {
            return;
        }
    }
}

/// The answer to what is no document (JSON-RPC 2.0 section 5.1).
pub(crate) const NOT_JSON: &str =
    r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}"#;
