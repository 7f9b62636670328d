//! `ringwall ctl` and the other ways to command a server.
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

use serde_json::{Value as Json, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{Ended, Phone, Server, free_port, ringwall};

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// What `ringwall ctl` says that works on the state directory itself.
fn ctl_without_a_server(dir: &tempfile::TempDir, args: &[&str]) -> Ended {
    let state = dir.path().join("state").display().to_string();
    let mut all = vec!["ctl", "--state", &state, "--domain", "example.test"];
    all.extend(args);
    ringwall(&all)
}

#[test]
fn users_come_and_go_with_and_without_a_server() {
    let dir = dir();
    let ctl = |args: &[&str]| ctl_without_a_server(&dir, args);
    assert_eq!(ctl(&["user", "add", "alice"]).code, Some(0));
    let again = ctl(&["user", "add", "alice"]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("exists"), "{}", again.err);

    let server = Server::start(&dir);
    server.add_user("bob@example.test");
    assert_eq!(
        server.ctl(&["user", "list"]).out,
        "alice@example.test\nbob@example.test\n"
    );
    assert_eq!(server.ctl(&["user", "rm", "alice"]).code, Some(0));
    assert_eq!(server.ctl(&["user", "rm", "alice"]).code, Some(1));
    drop(server);
    assert_eq!(ctl(&["user", "list"]).out, "bob@example.test\n");
    assert_eq!(ctl(&["ul", "show"]).out, "nobody is registered\n");
}

#[test]
fn rights_come_and_go_with_and_without_a_server() {
    let dir = dir();
    let ctl = |args: &[&str]| ctl_without_a_server(&dir, args);
    assert_eq!(ctl(&["user", "add", "alice"]).code, Some(0));
    let granted = ctl(&["acl", "grant", "alice", "local", "mobile"]);
    assert_eq!(
        granted.out,
        "alice@example.test local\nalice@example.test mobile\n"
    );
    let nobody = ctl(&["acl", "grant", "bob", "local"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("no user bob"), "{}", nobody.err);

    let server = Server::start(&dir);
    let revoked = server.ctl(&["acl", "revoke", "alice@example.test", "local"]);
    assert_eq!(
        revoked.out, "alice@example.test mobile\n",
        "{}",
        revoked.err
    );
    assert_eq!(
        server.ctl(&["acl", "revoke", "alice", "local"]).code,
        Some(1)
    );
    assert_eq!(
        server.ctl(&["acl", "grant", "alice", "abroad"]).code,
        Some(0)
    );
    let all = "alice@example.test abroad\nalice@example.test mobile\n";
    assert_eq!(server.ctl(&["acl", "show"]).out, all);
    assert_eq!(server.ctl(&["acl", "show", "alice"]).out, all);
    assert_eq!(server.ctl(&["acl", "revoke", "alice"]).out, "");
    assert_eq!(
        server.ctl(&["acl", "grant", "alice", "local"]).code,
        Some(0)
    );
    assert_eq!(server.ctl(&["user", "rm", "alice"]).code, Some(0));
    assert_eq!(server.ctl(&["acl", "show"]).out, "");
}

#[test]
fn a_password_is_stored_only_as_hashes_unless_it_is_wanted() {
    let dir = dir();
    let server = Server::start(&dir);
    for (name, plain) in [("alice", false), ("bob", true)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
        command
            .args(["ctl", "user", "add", name, "--stdin", "--state"])
            .arg(&server.state);
        if plain {
            command.arg("--plain");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a start");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(b"correct horse\n")
            .expect("a written line");
        assert!(child.wait().expect("an end").success());
        let mut phone = Phone::new(name, "correct horse", server.port);
        assert!(phone.register().starts_with("SIP/2.0 200"), "{name}");
    }
    drop(server);
    let stored =
        |file: &str| std::fs::read(dir.path().join("state").join(file)).unwrap_or_default();
    let all = [stored("ringwall.sqlite"), stored("ringwall.sqlite-wal")].concat();
    let times = all
        .windows(13)
        .filter(|bytes| *bytes == b"correct horse")
        .count();
    assert!(times >= 1, "bob's is there, so the search works");
    let near_alice = all.windows(40).any(|bytes| {
        bytes.windows(5).any(|part| part == b"alice")
            && bytes.windows(13).any(|part| part == b"correct horse")
    });
    assert!(!near_alice);
}

#[test]
fn bindings_are_listed_and_removed() {
    let dir = dir();
    let server = Server::start(&dir);
    let mut alice = Phone::new("alice", &server.add_user("alice"), server.port);
    assert!(alice.register().starts_with("SIP/2.0 200"));
    let shown = server.ctl(&["ul", "show", "alice@example.test"]).out;
    assert!(
        shown.contains("alice") && shown.contains("sip:alice@127.0.0.1:"),
        "{shown}"
    );
    assert_eq!(server.ctl(&["ul", "rm", "alice"]).code, Some(0));
    assert_eq!(server.ctl(&["ul", "show"]).out, "nobody is registered\n");
}

#[test]
fn any_command_can_be_run() {
    let dir = dir();
    let server = Server::start(&dir);
    let answer = server.ctl(&["rpc", "core.echo", "1", "s:1", "x"]);
    let parsed: Json = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!(parsed, json!(["1", "1", "x"]));
    let unknown = server.ctl(&["rpc", "no.such"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("no.such"));
    assert!(
        server
            .ctl(&["rpc", "system.listMethods"])
            .out
            .contains("ul.dump")
    );
}

/// A server of `kamailio.cfg` lines with the datagram socket and the pipe of module `jsonrpcs`.
fn jsonrpcs(dir: &Path) -> std::process::Child {
    let file = dir.join("a.cfg");
    let text = format!(
        "listen=udp:127.0.0.1:{}\nloadmodule \"jsonrpcs.so\"\nmodparam(\"jsonrpcs\", \"fifo_name\", \"rpc.fifo\")\n\
         modparam(\"jsonrpcs\", \"dgram_socket\", \"rpc.sock\")\n\
         modparam(\"jsonrpcs\", \"fifo_reply_dir\", \"{}\")\nrequest_route {{ exit; }}\n",
        free_port(),
        dir.display(),
    );
    std::fs::write(&file, text).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
    command
        .arg("-f")
        .arg(&file)
        .arg("-Y")
        .arg(dir)
        .args(["-DD", "-E"])
        .stderr(Stdio::null());
    let child = command.spawn().expect("a start");
    while !dir.join("rpc.sock").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

#[test]
fn jsonrpcs_answers_on_its_socket_and_pipe() {
    let dir = dir();
    let mut child = jsonrpcs(dir.path());
    let own = dir.path().join("own.sock");
    let socket = UnixDatagram::bind(&own).expect("a socket");
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let ask = |document: &str| {
        let sent = socket.send_to(document.as_bytes(), dir.path().join("rpc.sock"));
        sent.expect("a sent datagram");
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("an answer");
        String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned()
    };
    assert_eq!(
        ask(r#"{"jsonrpc":"2.0","method":"nosuch.x","id":2}"#),
        "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"error\":\t{\n\t\t\"code\":\t500,\n\t\t\"message\":\t\"Method Not Found\"\n\t},\n\t\"id\":\t2\n}"
    );
    let reply = dir.path().join("reply");
    nix::unistd::mkfifo(&reply, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let mut pipe = std::fs::OpenOptions::new()
        .write(true)
        .open(dir.path().join("rpc.fifo"))
        .expect("the pipe");
    let document = "{\"jsonrpc\": \"2.0\", \"method\": \"core.echo\",\n \"params\": [\"a}\"], \"reply_name\": \"reply\", \"id\": 1}\n";
    pipe.write_all(document.as_bytes())
        .expect("a written document");
    let mut answer = String::new();
    let mut replies = std::fs::File::open(&reply).expect("an answer");
    replies.read_to_string(&mut answer).expect("text");
    assert_eq!(
        answer,
        "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t[\"a}\"],\n\t\"id\":\t1\n}"
    );
    let _ = child.kill();
    let _ = child.wait();
}
