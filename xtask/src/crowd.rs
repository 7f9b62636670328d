//! `cargo xtask crowd [COUNT]`: thousands of half handshakes and silent connections, and a phone among them.

use crate::shell;

/// What the server promises to stand.
const COUNT: &str = "10000";

/// Builds the server and plays the test of the same name at full size.
///
/// # Errors
/// A sentence, where the phone did not register in time or the crowd stayed.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let count = args.first().map_or(COUNT, String::as_str);
    shell::run("cargo", &["build", "-p", "ringwall"])?;
    let size = format!("RINGWALL_CROWD={count}");
    let test = ["cargo", "test", "-p", "ringwall-e2e", "--test", "whole"];
    let only = ["--", "secured::crowd", "--nocapture"];
    let args = [&[size.as_str()], &test[..], &only[..]].concat();
    shell::run("env", &args)
}
