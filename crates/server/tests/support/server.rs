//! The binary, started and stopped.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running server with the built-in policy for `example.test`; it dies with this value.
pub(crate) struct Server {
    child: Child,
    /// Everything it has said so far, a line each.
    lines: Receiver<String>,
    pub(crate) state: PathBuf,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
}

/// How a process ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// How long a start or an end may take at most before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port that nobody listens on, over UDP and TCP.
pub(crate) fn free_port() -> u16 {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = udp.local_addr().expect("an address").port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Runs the binary to its end.
pub(crate) fn ringwall(args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(args)
        .stdin(Stdio::null())
        .output();
    let output = output.expect("the binary runs");
    Ended {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Server {
    /// Starts on free ports and waits until it listens.
    pub(crate) fn start(dir: &TempDir) -> Server {
        Server::start_with(dir, &[])
    }

    /// The same with further switches.
    pub(crate) fn start_with(dir: &TempDir, switches: &[&str]) -> Server {
        Server::start_on(dir.path(), (free_port(), free_port()), switches)
    }

    /// The same on these ports.
    pub(crate) fn start_on(dir: &Path, (port, tls_port): (u16, u16), switches: &[&str]) -> Server {
        let state = dir.join("state");
        let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
            .args(["--domain", "example.test", "-E", "--debug", "2", "--state"])
            .arg(&state)
            .args(["-l", &format!("udp:127.0.0.1:{port}")])
            .args(["-l", &format!("tcp:127.0.0.1:{port}")])
            .args(["-l", &format!("tls:127.0.0.1:{tls_port}")])
            .args(switches)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut server = Server {
            child,
            lines,
            state,
            port,
            tls_port,
        };
        server.wait_for("listening on tls");
        server
    }

    /// Waits for a line with this text and gives all lines up to it.
    pub(crate) fn wait_for(&mut self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line with {text:?} in {seen:#?}"));
            let found = line.contains(text);
            seen.push(line);
            if found {
                return seen;
            }
        }
    }

    /// `ringwall ctl` for this server.
    pub(crate) fn ctl(&self, args: &[&str]) -> Ended {
        let state = self.state.to_string_lossy().into_owned();
        let mut all = vec!["ctl", "--state", &state];
        all.extend(args);
        ringwall(&all)
    }

    /// Adds a user and gives the password that was made up.
    pub(crate) fn add_user(&self, name: &str) -> String {
        let ended = self.ctl(&["user", "add", name]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let password = ended.out.split("password ").nth(1).unwrap_or_default();
        password.split(' ').next().unwrap_or_default().to_owned()
    }

    /// Sends a signal and gives the exit code and how long the end took.
    pub(crate) fn end(mut self, signal: Signal) -> (Option<i32>, Duration) {
        let began = Instant::now();
        self.signal(signal);
        let status = self.child.wait().expect("an end");
        (status.code(), began.elapsed())
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        kill(Pid::from_raw(pid), signal).expect("the process is there");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
