//! `ringwall check --security`, as an operator runs it.
#![allow(
    clippy::disallowed_methods,
    reason = "a process and its files are tested"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

struct Ended {
    code: Option<i32>,
    err: String,
}

fn check(args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["check", "--security"])
        .args(args)
        .output()
        .expect("a run");
    Ended {
        code: output.status.code(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn file(dir: &Path, text: &str, mode: u32) -> String {
    let path = dir.join("a.cfg");
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    path.display().to_string()
}

#[test]
fn the_built_in_policy_has_no_findings() {
    let always = ["--state", "/tmp/never-made", "--domain", "example.test"];
    for defines in [&[][..], &["-A", "OPEN_INBOUND"], &["-A", "DIGEST=both"]] {
        let ended = check(&[&always[..], defines].concat());
        assert_eq!(ended.err, "nothing found\n");
        assert_eq!(ended.code, Some(0));
    }
}

#[test]
fn the_stock_file_is_an_open_relay() {
    let stock = "/etc/kamailio/kamailio.cfg";
    if !Path::new(stock).is_file() {
        return;
    }
    let ended = check(&[stock]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    for part in [
        "error[E0601]",
        "kamailio.cfg:589:",
        "^^^^^^^^^",
        "2 errors, 4 warnings",
    ] {
        assert!(
            ended.err.contains(part),
            "{part:?} is not in\n{}",
            ended.err
        );
    }
    assert_eq!(check(&["-f", stock]).err, ended.err);
    // What is only missing is a warning.
    let ended = check(&[
        "-A",
        "WITH_MYSQL",
        "-A",
        "WITH_AUTH",
        "-A",
        "DBURL=\"mysql://localhost/k\"",
        stock,
    ]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn modules_and_the_mode_of_the_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = "loadmodule \"nowhere.so\"\n\
                modparam(\"nowhere\", \"db_url\", \"mysql://user:secret@localhost/db\")\n\
                server_signature=no\nrequest_route { nowhere(\"x\"); exit; }\n";
    let ended = check(&[&file(dir.path(), text, 0o644)]);
    assert!(ended.err.contains("error[E0620]"), "{}", ended.err);
    assert_eq!(ended.code, Some(1));
    let ended = check(&[&file(dir.path(), text, 0o600)]);
    assert_eq!(
        (ended.code, ended.err.as_str()),
        (Some(0), "nothing found\n")
    );
}

#[test]
fn what_cannot_be_read_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let ended = check(&[&file(dir.path(), "request_route { if }\n", 0o600)]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("a.cfg:1:"), "{}", ended.err);
    let ended = check(&["/nowhere/a.cfg"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("/nowhere/a.cfg"), "{}", ended.err);
}
