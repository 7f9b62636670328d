//! `cargo xtask profile`: how the server is used, for the compiler of release builds.
//!
//! A server that counts how often each branch is taken runs the workloads of `cargo xtask bench`; what it counted
//! goes to `profile/ringwall.profdata`, which `profile/rustc` gives to the compiler from then on.

use crate::{packages, shell};
use std::path::Path;

/// Each workload so often: none outweighs the others.
const OPERATIONS: &str = "1500";

/// What is counted: everything that the benchmark knows but scripts that are busy with themselves.
const WORKLOADS: &[&str] = &[
    "options",
    "call",
    "call-topoh",
    "call-topos",
    "call-dialog",
    "call-acc",
    "call-tcp",
    "register",
    "register-db",
    "flood",
    "fork",
    "long",
    "stock",
    "tls-held",
    "tls-handshakes",
];

/// Reads counts of this compiler's LLVM and writes them in a form that it and later ones read.
const MERGE: &str = "/usr/lib/llvm-19/bin/llvm-profdata";

/// Makes the profile anew.
pub(crate) fn run() -> Result<(), String> {
    packages::install_missing(&[(MERGE, "llvm-19")])?;
    packages::install()?;
    let target = shell::target().join("profile");
    let counts = target.join("counts");
    if counts.exists() {
        std::fs::remove_dir_all(&counts).map_err(|error| format!("{counts:?}: {error}"))?;
    }
    build_counting(&target, &counts)?;
    let binary = target.join("release/ringwall");
    let server = format!("counting={} -f {{cfg}} {{defs}} -DD -E", binary.display());
    let mut bench = vec!["--server", &server, "--runs", "1", "--no-floor"];
    bench.extend(["--operations", OPERATIONS]);
    bench.extend(WORKLOADS);
    let bench: Vec<String> = bench.into_iter().map(str::to_owned).collect();
    crate::bench::run(&bench)?;
    let counts = counts.to_string_lossy();
    shell::run(
        MERGE,
        &[
            "merge",
            "-sparse",
            "-o",
            "profile/ringwall.profdata",
            &counts,
        ],
    )
}

/// Builds a server that counts, apart from others.
fn build_counting(target: &Path, counts: &Path) -> Result<(), String> {
    let into = format!("RINGWALL_PROFILE_INTO={}", counts.display());
    let target = target.to_string_lossy();
    let build = ["cargo", "build", "--release", "-p", "ringwall"];
    let mut words = vec![into.as_str()];
    words.extend(build);
    words.extend(["--target-dir", &target]);
    shell::run("env", &words)
}

#[cfg(test)]
mod tests {
    use crate::shell;
    use std::process::Command;

    /// What `profile/rustc` adds to the words of a compiler.
    fn added(words: &str, into: &str) -> String {
        let output = Command::new(shell::root().join("profile/rustc"))
            .arg("echo")
            .args(words.split(' '))
            .env("RINGWALL_PROFILE_INTO", into)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.strip_prefix(words).unwrap().trim().to_owned()
    }

    #[test]
    fn the_profile_reaches_code_that_is_optimized_in_full_and_no_other() {
        let release = "--crate-name sip -C opt-level=3";
        let profile = shell::root().join("profile/ringwall.profdata");
        assert!(profile.is_file());
        let used = format!("-Cprofile-use={}", profile.display());
        assert!(added(release, "").starts_with(&used));
        assert_eq!(added(release, "/counts"), "-Cprofile-generate=/counts");
        assert_eq!(added("--crate-name sip -C opt-level=1", "/counts"), "");
        assert_eq!(added("--crate-name sip", ""), "");
    }
}
