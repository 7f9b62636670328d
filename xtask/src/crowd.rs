//! Tests of the whole server at full size: `cargo xtask crowd [COUNT]`, thousands of half handshakes and silent
//! connections and a phone among them; `cargo xtask flood [CALLS]`, thousands of INVITEs a second and calls among them.

use crate::shell;

/// A test, and what its size is called.
struct Full {
    test: &'static str,
    variable: &'static str,
    size: &'static str,
}

const CROWD: Full = Full {
    test: "secured::crowd",
    variable: "RINGWALL_CROWD",
    size: "10000",
};

/// A minute of calls.
const FLOOD: Full = Full {
    test: "flood::",
    variable: "RINGWALL_FLOOD",
    size: "600",
};

/// Builds the server and plays the crowd.
///
/// # Errors
/// A sentence, where the phone did not register in time or the crowd stayed.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    play(&CROWD, args)
}

/// Builds the server and plays the flood.
///
/// # Errors
/// A sentence, where a call failed or the server grew.
pub(crate) fn flood(args: &[String]) -> Result<(), String> {
    play(&FLOOD, args)
}

fn play(full: &Full, args: &[String]) -> Result<(), String> {
    let size = args.first().map_or(full.size, String::as_str);
    shell::run("cargo", &["build", "-p", "ringwall"])?;
    let size = format!("{}={size}", full.variable);
    let test = ["cargo", "test", "-p", "ringwall-e2e", "--test", "whole"];
    let only = ["--", full.test, "--nocapture", "--test-threads=1"];
    let args = [&[size.as_str()], &test[..], &only[..]].concat();
    shell::run("env", &args)
}
