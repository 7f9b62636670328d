//! `cargo xtask test`: everything, in the order in which it fails fastest.

use crate::{codegen, licences, packages, shell, tidy};

/// Installs what is needed and runs every check and test. `--fast` leaves out what needs other
/// programs.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let fast = args.iter().any(|arg| arg == "--fast");
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    codegen::check()?;
    tidy::run()?;
    licences::run()?;
    shell::run(
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    if !fast {
        packages::install()?;
    }
    // The tests of the whole start the server as a user would.
    shell::run("cargo", &["build", "-p", "ringwall"])?;
    shell::run("cargo", &["test", "--workspace", "--doc"])?;
    shell::run(
        "cargo",
        &["test", "--workspace", "--lib", "--bins", "--tests"],
    )
}
