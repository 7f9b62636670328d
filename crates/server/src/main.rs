//! The binary `ringwall`: configuration, wiring, workers, signals.

mod addresses;
mod args;
mod clock;
mod files;
mod load;
mod log;
mod serve;
mod stores;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    match args::parse().run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("ringwall: {why}");
            ExitCode::FAILURE
        }
    }
}
