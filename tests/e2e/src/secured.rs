//! A TLS client that is not ours: `openssl s_client`.

use crate::wait::PATIENCE;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

/// A connection that `openssl s_client` made, or tried to make.
pub struct Secured {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    number: u32,
}

impl Secured {
    /// Connects to a port of 127.0.0.1 with these arguments of `openssl s_client`.
    ///
    /// # Panics
    /// Where openssl does not run.
    #[must_use]
    pub fn connect(port: u16, arguments: &[&str]) -> Secured {
        let mut child = Command::new("openssl")
            .args(["s_client", "-quiet", "-connect"])
            .arg(format!("127.0.0.1:{port}"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let input = child.stdin.take().expect("a pipe");
        let output = child.stdout.take().expect("a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Secured {
            child,
            input,
            lines,
            number: 0,
        }
    }

    /// Sends an OPTIONS and reads the head of its answer; none where the connection ended, or was never made.
    ///
    /// # Panics
    /// Where neither comes in time.
    pub fn ask(&mut self) -> Option<String> {
        self.send("OPTIONS", "")
    }

    /// The same with another method and more headers, each line of which ends with CRLF.
    ///
    /// # Panics
    /// Where neither an answer nor the end comes in time.
    pub fn send(&mut self, method: &str, headers: &str) -> Option<String> {
        self.number += 1;
        let (number, id) = (self.number, self.child.id());
        // A connection that has ended takes nothing; the missing answer tells.
        let _ = write!(
            self.input,
            "{method} sip:example.test SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK{number}-{id}\r\n\
             From: <sip:a@example.test>;tag=1\r\nTo: <sip:a@example.test>\r\nCall-ID: {number}-{id}\r\nCSeq: {number} {method}\r\n\
             Max-Forwards: 10\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        let _ = self.input.flush();
        let mut head = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.trim().is_empty() && !head.is_empty() => return Some(head),
                Ok(line) => head.push_str(&(line + "\n")),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("no answer and no end: {head}"),
            }
        }
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The certificate that a server shows on a port of 127.0.0.1, as `openssl x509` prints what is asked of it; empty
/// where there was no handshake.
///
/// # Panics
/// Where openssl does not run.
#[must_use]
pub fn shown(port: u16, arguments: &[&str], what: &[&str]) -> String {
    let dialog = Command::new("openssl")
        .args(["s_client", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("openssl runs");
    let mut reader = Command::new("openssl")
        .args(["x509", "-noout"])
        .args(what)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl runs");
    let mut input = reader.stdin.take().expect("a pipe");
    let _ = input.write_all(&dialog.stdout);
    drop(input);
    let mut text = String::new();
    let output = reader.stdout.as_mut().expect("a pipe");
    let _ = output.read_to_string(&mut text);
    let _ = reader.wait();
    text.trim().to_owned()
}

/// The value of a field of a certificate in a file, as `openssl x509` prints it after the first `=`.
///
/// # Panics
/// Where openssl does not run.
#[must_use]
pub fn field(certificate: &Path, what: &str) -> String {
    let printed = Command::new("openssl")
        .args(["x509", "-noout", what, "-in"])
        .arg(certificate)
        .output()
        .expect("openssl runs");
    let text = String::from_utf8_lossy(&printed.stdout).trim().to_owned();
    text.split_once('=')
        .map_or(text.clone(), |(_, value)| value.trim().to_owned())
}
