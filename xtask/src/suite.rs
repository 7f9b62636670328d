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
    fuzz_targets()?;
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

/// The fuzz targets compile still, with the versions they are locked to. They are a workspace of their
/// own, which shares the folder of what is built.
fn fuzz_targets() -> Result<(), String> {
    let target = shell::target();
    let target = target.to_string_lossy();
    shell::run(
        "cargo",
        &[
            "check",
            "--locked",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target-dir",
            &target,
        ],
    )
}
