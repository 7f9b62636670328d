//! The server as a process: how it starts, what it refuses, how it ends.
#![allow(
    clippy::disallowed_methods,
    reason = "a process, its sockets and its files are tested"
)]

#[allow(
    dead_code,
    unused_imports,
    reason = "each test file uses its part of the support"
)]
mod support;

use nix::sys::signal::Signal;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use support::{Server, free_port, ringwall};

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

#[test]
fn it_says_what_it_does_and_ends_within_a_second() {
    let dir = dir();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let ports = (free_port(), free_port());
        let pid_file = dir.path().join("pid");
        let switch = pid_file.to_string_lossy().into_owned();
        let server = Server::start_on(dir.path(), ports, &["-P", &switch]);
        assert!(pid_file.exists());
        let (code, took) = server.end(signal);
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(!pid_file.exists());
        for left in ["control.sock", "ringwall.sqlite-wal", "ringwall.sqlite-shm"] {
            assert!(!dir.path().join("state").join(left).exists(), "{left}");
        }
        assert!(dir.path().join("state/ringwall.sqlite").exists());
    }
}

#[test]
fn a_terminal_that_is_closed_ends_no_server() {
    let dir = dir();
    let mut server = Server::start(&dir);
    for _ in 0..2 {
        server.signal(Signal::SIGHUP);
        server.wait_for("SIGHUP: the server goes on");
    }
    assert_eq!(server.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_pid_file_that_cannot_be_removed_is_named() {
    let dir = dir();
    let pid_file = dir.path().join("pid");
    let switch = pid_file.to_string_lossy().into_owned();
    let mut server = Server::start_with(&dir, &["-P", &switch]);
    std::fs::remove_file(&pid_file).expect("a pid file");
    // Nobody can remove a directory as a file, not even root.
    std::fs::create_dir(&pid_file).expect("a directory");
    server.signal(Signal::SIGTERM);
    server.wait_for("stays behind");
}

#[test]
fn the_first_lines_tell_the_way() {
    let dir = dir();
    let state = dir.path().join("state");
    let port = free_port();
    let listen = format!("udp:127.0.0.1:{port}");
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args([
            "run",
            "--domain",
            "example.test",
            "-E",
            "-l",
            &listen,
            "--state",
        ])
        .arg(&state)
        .stderr(std::process::Stdio::piped())
        .spawn();
    let mut child = child.expect("a start");
    let said = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
    let lines = std::io::BufRead::lines(said).map_while(Result::ok);
    let mut text = String::new();
    for line in lines {
        text += &format!("{line}\n");
        if line.contains("next") {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    for part in [
        "ringwall serves example.test".to_owned(),
        format!("127.0.0.1:{port}"),
        state.display().to_string(),
        "defences".to_owned(),
        "ctl user add alice --state".to_owned(),
    ] {
        assert!(text.contains(&part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn what_it_makes_belongs_to_its_owner_alone() {
    let dir = dir();
    let server = Server::start(&dir);
    let mode = |name: &str| {
        let found = std::fs::metadata(server.state.join(name)).expect(name);
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("tls/private_key.pem"), 0o600);
    assert_eq!(mode("ringwall.sqlite"), 0o600);
    assert_eq!(mode("control.sock"), 0o600);
    assert_eq!(mode("route_keys"), 0o600);
}

#[test]
fn a_port_in_use_is_one_line() {
    let dir = dir();
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let state = dir.path().join("state").display().to_string();
    let ended = ringwall(&["--state", &state, "-l", &format!("udp:{address}")]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.err,
        format!("ringwall: udp:{address}: address in use\n")
    );
}

#[test]
fn a_directory_that_cannot_be_written_is_one_line() {
    let ended = ringwall(&["--state", "/proc/ringwall"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    assert!(ended.err.contains("/proc/ringwall"), "{}", ended.err);
}

#[test]
fn every_mistake_of_a_file_comes_at_once_and_nothing_opens() {
    let dir = dir();
    let file = dir.path().join("bad.cfg");
    let port = free_port();
    let text = format!(
        "listen=udp:127.0.0.1:{port}\nloadmodule \"nosuch.so\"\nrequest_route {{\n\tsl_send_replly(\"200\", \"OK\");\n}}\n"
    );
    std::fs::write(&file, text).expect("a file");
    let path = file.display().to_string();
    for args in [
        ["check", "-f", path.as_str()],
        ["-c", "-f", &path],
        ["run", "-f", &path],
    ] {
        let ended = ringwall(&args);
        assert_eq!(ended.code, Some(1), "{args:?}");
        for part in [
            "nosuch",
            "sl_send_replly",
            "bad.cfg:2:",
            "bad.cfg:4:",
            "2 errors",
        ] {
            assert!(
                ended.err.contains(part),
                "{part:?} is not in\n{}",
                ended.err
            );
        }
    }
}

#[test]
fn a_parameter_that_names_a_route_needs_that_route() {
    let dir = dir();
    let file = dir.path().join("route.cfg");
    let text = |name: &str| {
        format!(
            "loadmodule \"tm.so\"\nmodparam(\"tm\", \"on_sl_reply\", \"{name}\")\n\
             request_route {{ exit; }}\nonreply_route[stray] {{ drop; }}\n"
        )
    };
    let path = file.display().to_string();
    for (name, code) in [("stray", 0), ("strai", 1)] {
        std::fs::write(&file, text(name)).expect("a file");
        let ended = ringwall(&["check", "-f", &path]);
        assert_eq!(ended.code, Some(code), "{}", ended.err);
        assert_eq!(ended.err.contains("`strai`"), code == 1, "{}", ended.err);
    }
}

#[test]
fn a_function_that_nothing_calls_is_a_warning() {
    let dir = dir();
    let file = dir.path().join("callback.cfg");
    let path = file.display().to_string();
    for (name, is_told) in [("ksr_event", true), ("", false)] {
        let text = format!(
            "loadmodule \"tm.so\"\nmodparam(\"tm\", \"event_callback\", \"{name}\")\n\
             request_route {{ exit; }}\n"
        );
        std::fs::write(&file, text).expect("a file");
        let ended = ringwall(&["check", "-f", &path]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(ended.err.contains("W0509"), is_told, "{}", ended.err);
    }
}

#[test]
fn the_built_in_policy_is_free_of_findings() {
    for defines in [
        &[][..],
        &["-A", "OPEN_INBOUND"],
        &["-A", "DIGEST=sha256"],
        &["-A", "DIGEST=both"],
    ] {
        let mut args = vec![
            "check",
            "--state",
            "/tmp/never-made",
            "--domain",
            "example.test",
        ];
        args.extend(defines);
        let ended = ringwall(&args);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(ended.err, "config file ok, exiting...\n");
    }
    assert!(ringwall(&["policy"]).out.contains("The built-in policy"));
}

#[test]
fn a_link_named_kamailio_takes_kamailios_switches() {
    let dir = dir();
    let link = dir.path().join("kamailio");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ringwall"), &link).expect("a link");
    let file = dir.path().join("a.cfg");
    std::fs::write(
        &file,
        "loadmodule \"sl.so\"\nrequest_route { sl_send_reply(\"200\", \"OK\"); }\n",
    )
    .expect("a file");
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(&link);
        let output = command
            .args(args)
            .arg("-f")
            .arg(&file)
            .output()
            .expect("a run");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, said) = run(&["-c", "-DD", "-E", "-m", "64", "-M", "8", "-x", "fm"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "config file ok, exiting...\n")
    );
    assert_eq!(run(&["--state", "x"]).0, Some(2));
}

#[test]
fn findings_and_modules_are_explained() {
    let page = ringwall(&["explain", "e0402"]);
    assert!(page.out.contains("unknown function"), "{}", page.out);
    assert_eq!(ringwall(&["explain", "E9999"]).code, Some(1));
    let modules = ringwall(&["modules", "--json"]);
    let parsed: serde_json::Value = serde_json::from_str(&modules.out).expect("JSON");
    let named = parsed
        .as_array()
        .into_iter()
        .flatten()
        .any(|module| module["name"] == "jsonrpcs");
    assert!(named);
}
