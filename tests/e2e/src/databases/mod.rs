//! Database servers for tests, each with its own port, its data in a directory that goes with it.

mod mariadb;
mod postgres;
mod redis;

pub use mariadb::MariaDb;
pub use postgres::PostgreSql;
pub use redis::Redis;

use crate::program::Program;
use crate::scratch::Scratch;
use crate::wait::until;
use nix::sys::signal::Signal;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a database may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A server of one of the databases.
pub trait DatabaseServer {
    /// What runs.
    fn running(&mut self) -> &mut Option<Program>;

    /// The command that starts it, and where it logs.
    fn command(&self) -> (Command, std::path::PathBuf);

    /// Whether it answers.
    fn answers(&self) -> bool;

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// Where it does not.
    fn start(&mut self) {
        let (mut command, log) = self.command();
        *self.running() = Some(Program::start(&mut command, log));
        until("the database answers", START, || {
            let ended = self.running().as_mut().and_then(Program::ended);
            assert!(ended.is_none(), "the database ended with {ended:?}");
            self.answers().then_some(())
        });
    }

    /// Takes it away without a warning.
    fn kill(&mut self) {
        if let Some(mut program) = self.running().take() {
            program.kill();
        }
    }

    /// Lets it hang: connections stand, and nobody answers.
    fn hang(&mut self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    fn go_on(&mut self) {
        self.signal(Signal::SIGCONT);
    }

    /// Sends a signal to the server and all its processes.
    fn signal(&mut self, signal: Signal) {
        if let Some(program) = self.running() {
            program.signal_all(signal);
        }
    }
}

/// A directory that other users may pass through.
fn passable() -> Scratch {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let open = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(scratch.path(), open).expect("permissions");
    scratch
}

/// Runs a program to its end.
///
/// # Panics
/// Where it fails.
fn run(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{name}: {error}; `cargo xtask packages` installs what is missing")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed: {errors}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// The scripts of Kamailio's packages for one kind of database, the one that all others need first.
///
/// # Panics
/// Where the package is missing.
fn kamailios_scripts(kind: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new("/usr/share/kamailio").join(kind);
    let files =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = files.flatten().map(|entry| entry.path());
    // Another product's tables, of which one has the name of a standard one.
    let of_ims = |path: &std::path::PathBuf| path.to_string_lossy().contains("/ims_");
    let mut scripts: Vec<_> = files.filter(|path| !of_ims(path)).collect();
    scripts.sort_by_key(|path| (!path.ends_with("standard-create.sql"), path.clone()));
    scripts
}
