//! A server that is measured.

use crate::children;
use crate::process::Tree;
use std::fs::File;
use std::net::UdpSocket;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server has to answer its first request.
const START: Duration = Duration::from_secs(20);
/// How long it has to end before it is killed.
const FAREWELL: Duration = Duration::from_secs(10);
/// How much of what it printed is shown where it did not start, in bytes.
const SHOWN: usize = 2_000;

/// A running server, which ends with this value.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a command line in `folder` and waits until something on the UDP port of 127.0.0.1 answers.
    ///
    /// # Errors
    /// A sentence, and the end of what the server printed.
    pub(crate) fn start(words: &[String], folder: &Path, port: u16) -> Result<Server, String> {
        let (program, rest) = words.split_first().ok_or("an empty command line")?;
        let log = folder.join("server.log");
        let file = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let twin = file.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(rest).stdin(Stdio::null());
        command.stdout(file).stderr(twin).process_group(0);
        let child = children::spawn(&mut command)?;
        let mut server = Server { child, log };
        server.answers(port)?;
        Ok(server)
    }

    /// Its processes, as they are now.
    pub(crate) fn tree(&self) -> Tree {
        Tree::of(self.child.id())
    }

    fn answers(&mut self, port: u16) -> Result<(), String> {
        let socket = probe().map_err(|error| error.to_string())?;
        let end = Instant::now() + START;
        let mut number = 0;
        let mut buffer = [0; 4096];
        while Instant::now() < end && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            number += 1;
            // Nobody listens yet where this fails.
            let _ = socket.send_to(
                options(port, &socket, number).as_bytes(),
                ("127.0.0.1", port),
            );
            match socket.recv(&mut buffer) {
                Ok(length) if buffer[..length].starts_with(b"SIP/2.0") => return Ok(()),
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        let printed = std::fs::read(&self.log).unwrap_or_default();
        let shown = printed.len().saturating_sub(SHOWN);
        let shown = String::from_utf8_lossy(&printed[shown..]).into_owned();
        Err(format!("the server does not answer:\n{shown}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let tree = self.tree();
        children::terminate(self.child.id());
        let end = Instant::now() + FAREWELL;
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            tree.ids().iter().for_each(|id| children::destroy(*id));
        }
        children::reap(&mut self.child);
    }
}

fn probe() -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    Ok(socket)
}

fn options(port: u16, socket: &UdpSocket, number: u32) -> String {
    let me = socket.local_addr().map_or(9, |address| address.port());
    format!(
        "OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{me};branch=z9hG4bKup{number}\r\n\
         From: <sip:up@127.0.0.1>;tag=u{number}\r\nTo: <sip:127.0.0.1:{port}>\r\nCall-ID: up{number}\r\n\
         CSeq: {number} OPTIONS\r\nMax-Forwards: 10\r\nContact: <sip:up@127.0.0.1:{me}>\r\nContent-Length: 0\r\n\r\n"
    )
}
