//! The programs that were started here, so that none outlives this one when it is interrupted.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeSet;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Starts a program.
///
/// # Errors
/// A sentence with the name of the program and the package list.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command
        .spawn()
        .map_err(|error| format!("{name}: {error}; `cargo xtask packages` installs programs"))?;
    running(|ids| ids.insert(child.id()));
    Ok(child)
}

/// Waits for the end of a program that [`spawn`] started.
pub(crate) fn reap(child: &mut Child) {
    // One that has been waited for already has ended.
    let _ = child.wait();
    running(|ids| ids.remove(&child.id()));
}

/// From now on an interrupt ends the programs and this one.
///
/// # Errors
/// A sentence, where the system has no signals for us.
pub(crate) fn end_with_us() -> Result<(), String> {
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(|error| format!("signals: {error}"))?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            running(|ids| ids.iter().for_each(|id| terminate(*id)));
            std::process::exit(1);
        }
    });
    Ok(())
}

/// Asks a process to end.
pub(crate) fn terminate(id: u32) {
    signal(id, Signal::SIGTERM);
}

/// Ends a process at once.
pub(crate) fn destroy(id: u32) {
    signal(id, Signal::SIGKILL);
}

fn signal(id: u32, signal: Signal) {
    if let Ok(id) = i32::try_from(id) {
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(id), signal);
    }
}

fn running<R>(change: impl FnOnce(&mut BTreeSet<u32>) -> R) -> R {
    change(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}
