//! The binary `ringwall`: configuration, wiring, workers, signals.

mod addresses;
mod banner;
mod builtin;
mod certificate;
mod clock;
mod command;
mod commands;
mod ctl;
mod files;
mod load;
mod log;
mod open;
mod panics;
mod process;
mod serve;
mod stores;
mod tasks;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::parse().run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("ringwall: {why}");
            ExitCode::FAILURE
        }
    }
}
