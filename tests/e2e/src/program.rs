//! A program that a test started, and that ends with it.

use crate::wait::until;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A running program, leader of a process group of its own. What it prints goes into a file, whose end
/// is shown where the test fails.
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

/// How much of the log a failed test shows, in bytes.
const SHOWN: usize = 6_000;

/// How long a program has to end before it is killed.
const FAREWELL: Duration = Duration::from_secs(5);

impl Program {
    /// Starts a program; both its outputs go into the file `log`.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start(command: &mut Command, log: PathBuf) -> Program {
        let name = command.get_program().to_string_lossy().into_owned();
        let file = File::options().create(true).append(true).open(&log);
        let file = file.expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .process_group(0)
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("{name}: {error}; `cargo xtask packages` installs what is missing")
        });
        Program { name, child, log }
    }

    /// Everything printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, where it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// Where it does not end within `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        until(&what, limit, || self.ended())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // It may have ended meanwhile.
        let _ = kill(self.pid(), signal);
    }

    /// Sends a signal to it and to what it started, also to those in groups of their own.
    pub fn signal_all(&self, signal: Signal) {
        let _ = killpg(self.pid(), signal);
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            let child = child.parse().expect("a process id");
            let _ = kill(Pid::from_raw(child), signal);
        }
    }

    /// Kills it and what it started, at once.
    pub fn kill(&mut self) {
        let _ = killpg(self.pid(), Signal::SIGKILL);
        let _ = self.child.wait();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX))
    }

    fn farewell(&mut self) {
        if self.ended().is_some() {
            return;
        }
        self.signal(Signal::SIGTERM);
        let end = std::time::Instant::now() + FAREWELL;
        while self.ended().is_none() && std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.farewell();
        self.kill();
        if std::thread::panicking() {
            let text = self.printed();
            let end: String = text
                .chars()
                .skip(text.chars().count().saturating_sub(SHOWN))
                .collect();
            eprintln!("--- {} printed:\n{end}", self.name);
        }
    }
}
