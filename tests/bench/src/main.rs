//! SIP servers side by side: the same configuration, the same load, the CPU time of all their processes.
//!
//! `cargo xtask bench` runs it. Traffic stays on loopback, ports are free ones, and what is ended at the end is
//! what was started here.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark starts programs and reads the clock"
)]

mod arguments;
mod children;
mod contest;
mod flood;
mod floor;
mod ground;
mod load;
mod measure;
mod needs;
mod overload;
mod phones;
mod process;
mod quota;
mod registrations;
mod scale;
mod server;
mod sipp;
mod table;
mod tls;
mod workload;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<(), String> {
    if let Some((word, rest)) = words.split_first()
        && word == floor::WORD
    {
        return floor::run(rest);
    }
    children::end_with_us()?;
    match words.split_first() {
        Some((word, rest)) if word == scale::WORD => scale::run(rest),
        Some((word, rest)) if word == overload::WORD => overload::run(rest),
        _ => contest::run(&arguments::parse(words)?),
    }
}
