//! The binary `ringwall`: configuration, wiring, workers, signals.
#![allow(clippy::disallowed_methods, reason = "the process is the world")]

mod addresses;
mod audit;
mod banner;
mod builtin;
mod certificate;
mod clock;
mod command;
mod commands;
mod crew;
mod ctl;
mod files;
mod firewall;
mod key_file;
mod load;
mod log;
mod open;
mod panics;
mod process;
mod scheduling;
mod serve;
mod stores;
mod tasks;
mod wire;
mod zone;

use std::process::ExitCode;

/// Cheaper than the system's where workers free what other workers allocated.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match command::parse().run() {
        Ok(code) => code,
        Err(why) => {
            // Findings have a form of their own.
            let name = if why.contains('\n') { "" } else { "ringwall: " };
            eprintln!("{name}{why}");
            ExitCode::FAILURE
        }
    }
}
