//! `cargo xtask sim [SEEDS]`: many simulated worlds, where nothing of the inside may be read outside.

use crate::shell;

/// What the documents promise.
const SEEDS: &str = "10000";

/// Plays the leak detector in that many worlds, with optimised code.
///
/// # Errors
/// A sentence, where a world leaked; what the test printed names its seed.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let seeds = format!("SIM_SEEDS={}", args.first().map_or(SEEDS, String::as_str));
    let test = [
        "cargo",
        "test",
        "--release",
        "-p",
        "ringwall-sim",
        "--test",
        "leaks",
    ];
    shell::run("env", &[&[seeds.as_str()], &test[..]].concat())
}
