//! `cargo xtask bench`: servers side by side.

use crate::shell;

/// Builds what is measured and what measures, and passes the arguments on. A server that the arguments name is not
/// built.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    if !args.iter().any(|word| word == "--server") {
        shell::run("cargo", &["build", "--release", "-p", "ringwall"])?;
    }
    let run = ["run", "--release", "-q", "-p", "ringwall-bench", "--"];
    let args: Vec<&str> = run
        .into_iter()
        .chain(args.iter().map(String::as_str))
        .collect();
    shell::run("cargo", &args)
}
