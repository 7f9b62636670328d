//! The server under test: ours, or the one that judges it.

use crate::probe::Probe;
use crate::program::Program;
use crate::wait::{PATIENCE, until};
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// Which server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Ours.
    Ringwall,
    /// The judge.
    Kamailio,
}

impl Subject {
    /// Both, the judge first: a scenario that fails there is wrong itself.
    pub const BOTH: [Subject; 2] = [Subject::Kamailio, Subject::Ringwall];

    /// The program without arguments.
    #[must_use]
    pub fn command(self) -> Command {
        match self {
            Subject::Ringwall => Command::new(ringwall()),
            Subject::Kamailio => Command::new("kamailio"),
        }
    }
}

/// The binary `ringwall`: `RINGWALL_BIN`, or as cargo built it.
///
/// # Panics
/// Where nobody built it.
#[must_use]
pub fn ringwall() -> PathBuf {
    if let Some(given) = std::env::var_os("RINGWALL_BIN") {
        return PathBuf::from(given);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let path = target.join("debug/ringwall");
    assert!(
        path.is_file(),
        "{} is missing; run `cargo build -p ringwall`",
        path.display()
    );
    path
}

/// A server that answers.
pub struct Server {
    program: Program,
    port: u16,
}

impl Server {
    /// Starts a server with Kamailio's switches on a UDP port, its sockets and files in `dir`, and waits
    /// until it answers.
    ///
    /// # Panics
    /// Where it does not.
    #[must_use]
    pub fn with_file(
        subject: Subject,
        dir: &Path,
        port: u16,
        file: &Path,
        more: &[&str],
    ) -> Server {
        let mut command = subject.command();
        command
            .arg("-f")
            .arg(file)
            .args(["-DD", "-E", "-m", "64", "-M", "8"]);
        command.arg("-w").arg(dir).arg("-Y").arg(dir);
        command.arg("-P").arg(dir.join("server.pid"));
        command
            .arg("-l")
            .arg(format!("udp:127.0.0.1:{port}"))
            .args(more);
        Server::start(&mut command, dir, port)
    }

    /// Starts a server and waits until it answers on a UDP port.
    ///
    /// # Panics
    /// Where it does not.
    #[must_use]
    pub fn start(command: &mut Command, dir: &Path, port: u16) -> Server {
        let program = Program::start(command, dir.join("server.log"));
        let mut server = Server { program, port };
        let mut probe = Probe::new(port);
        until("the server answers OPTIONS", PATIENCE, || {
            let ended = server.program.ended();
            assert!(ended.is_none(), "the server ended with {ended:?}");
            probe.options()
        });
        server
    }

    /// The UDP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// What it has used of the processors, in steps of a hundredth of a second.
    ///
    /// # Panics
    /// Where it has ended.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.id());
        let text = std::fs::read_to_string(path).expect("a process");
        let (_, fields) = text.rsplit_once(')').expect("a name in parentheses");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// The memory that it has in use, in kB.
    ///
    /// # Panics
    /// Where it does not run.
    #[must_use]
    pub fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let words = line.and_then(|line| line.split_whitespace().next());
        words
            .and_then(|word| word.parse().ok())
            .expect("a number of kB")
    }

    /// What it printed.
    #[must_use]
    pub fn printed(&self) -> String {
        self.program.printed()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.program.ended().is_none()
    }

    /// Asks it to end and waits for that.
    ///
    /// # Panics
    /// Where it stays.
    pub fn stop(mut self, signal: Signal) -> ExitStatus {
        self.program.signal(signal);
        self.program.wait(PATIENCE)
    }

    /// Takes it away without a warning.
    pub fn kill(mut self) {
        self.program.kill();
    }
}
