//! The chores of the repository: `cargo xtask test` and its parts.
#![allow(clippy::disallowed_methods, reason = "chores are the world")]

mod bench;
mod codegen;
mod crowd;
mod licences;
mod packages;
mod profile;
mod shell;
mod sim;
mod soak;
mod suite;
mod tidy;

use std::process::ExitCode;

type Chore = fn(&[String]) -> Result<(), String>;

const CHORES: &[(&str, &str, Chore)] = &[
    (
        "test",
        "installs what the tests need and runs every check and test",
        suite::run,
    ),
    (
        "tidy",
        "checks the rules of the house that no compiler knows",
        |_| tidy::run(),
    ),
    ("licences", "checks the licence of every dependency", |_| {
        licences::run()
    }),
    ("codegen", "writes the files that are generated", |_| {
        codegen::run()
    }),
    (
        "sim",
        "SEEDS simulated worlds in which nothing of the inside may be read outside",
        sim::run,
    ),
    (
        "soak",
        "calls at full rate for SECONDS at RATE a second, with flat memory",
        soak::run,
    ),
    (
        "crowd",
        "COUNT half handshakes and silent connections, and a phone that registers among them",
        crowd::run,
    ),
    (
        "flood",
        "4,000 INVITEs a second from one address, and CALLS of people meanwhile",
        crowd::flood,
    ),
    (
        "bench",
        "servers side by side under the same load, CPU and memory per operation",
        bench::run,
    ),
    (
        "profile",
        "how the server is used, counted anew for the compiler of release builds",
        |_| profile::run(),
    ),
    (
        "packages",
        "installs the Debian packages that the tests need",
        |_| packages::install(),
    ),
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let Some((_, _, chore)) = CHORES.iter().find(|(own, ..)| *own == name) else {
        return usage();
    };
    match chore(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask {name}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("cargo xtask CHORE");
    for (name, doc, _) in CHORES {
        eprintln!("  {name:10} {doc}");
    }
    ExitCode::FAILURE
}
