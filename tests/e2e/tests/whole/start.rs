//! How the server starts, refuses to start, and ends.

use nix::sys::signal::Signal;
use ringwall_e2e::{Probe, Program, Scratch, Server, Subject, ports, ringwall, until};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a start that fails may take.
const SHORT: Duration = Duration::from_secs(10);

/// A server that says what it heard, and does nothing else.
const SMALL: &str =
    "#!KAMAILIO\nloadmodule \"sl.so\"\nrequest_route {\n\tsl_send_reply(\"200\", \"Here\");\n}\n";

#[test]
fn a_udp_port_in_use_is_one_line() {
    let port = ports::block(1);
    let _other = UdpSocket::bind(("127.0.0.1", port)).expect("a socket");
    let line = refusal(&Scratch::new(), &["-l", &format!("udp:127.0.0.1:{port}")]);
    assert!(line.contains(&format!("127.0.0.1:{port}")), "{line}");
    assert!(line.to_lowercase().contains("in use"), "{line}");
}

#[test]
fn a_tcp_port_in_use_is_one_line() {
    let port = ports::block(1);
    let _other = TcpListener::bind(("127.0.0.1", port)).expect("a socket");
    let line = refusal(&Scratch::new(), &["-l", &format!("tcp:127.0.0.1:{port}")]);
    assert!(line.contains(&format!("127.0.0.1:{port}")), "{line}");
    assert!(line.to_lowercase().contains("in use"), "{line}");
}

#[test]
fn a_second_server_on_the_address_of_the_first_does_not_start() {
    let (scratch, port) = (Scratch::new(), ports::block(1));
    let mut first = small(&scratch, port);
    let file = scratch.join("small.cfg").display().to_string();
    let line = refusal(
        &Scratch::new(),
        &["-f", &file, "-l", &format!("udp:127.0.0.1:{port}")],
    );
    assert!(line.to_lowercase().contains("in use"), "{line}");
    assert!(first.is_running());
}

#[test]
fn an_unwritable_state_directory_is_one_line() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "");
    for place in [file.join("below"), PathBuf::from("/proc/ringwall")] {
        let place = place.display().to_string();
        let address = format!("udp:127.0.0.1:{}", ports::block(1));
        let line = refusal(&scratch, &["--state", &place, "-l", &address]);
        assert!(line.contains(&place), "{line}");
    }
}

#[test]
fn a_missing_configuration_is_one_line() {
    let scratch = Scratch::new();
    let path = scratch.join("none.cfg").display().to_string();
    let line = refusal(&scratch, &["-f", &path]);
    assert!(line.contains(&path), "{line}");
}

#[test]
fn a_broken_configuration_names_every_place() {
    let scratch = Scratch::new();
    let text = "#!KAMAILIO\nloadmodule \"sl.so\"\nrequest_route {\n\tsl_send_rply(\"200\", \"Here\");\n\troute(NOWHERE);\n}\n";
    let path = scratch.write("broken.cfg", text).display().to_string();
    let (code, printed) = run(&scratch, &["-f", &path, "-DD", "-E"]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains(&format!("{path}:4:2")), "{printed}");
    assert!(
        printed.contains("sl_send_reply"),
        "the nearest name: {printed}"
    );
    assert!(printed.contains(&format!("{path}:5:")), "{printed}");
}

#[test]
fn signals_end_it_within_a_second() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (scratch, port) = (Scratch::new(), ports::block(1));
        let tcp = format!("-ltcp:127.0.0.1:{port}");
        let file = scratch.write("small.cfg", SMALL);
        let dir = scratch.path();
        let server = Server::with_file(Subject::Ringwall, dir, port, &file, &[&tcp]);
        let _idle = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let start = Instant::now();
        assert!(server.stop(signal).success());
        let took = start.elapsed();
        assert!(took < Duration::from_secs(1), "{signal} took {took:?}");
        assert!(!dir.join("server.pid").exists(), "the pid file stays");
    }
}

/// Kamailio's own switches, under Kamailio's name.
#[test]
fn a_link_named_kamailio_takes_its_switches() {
    let scratch = Scratch::new();
    let link = scratch.join("kamailio");
    std::os::unix::fs::symlink(ringwall(), &link).expect("a link");
    answers_with_every_switch(Command::new(link), &scratch);
}

#[test]
fn kamailio_takes_the_same_switches() {
    answers_with_every_switch(Subject::Kamailio.command(), &Scratch::new());
}

#[test]
fn the_command_line_adds_sockets_to_those_of_the_file() {
    for subject in Subject::BOTH {
        let (scratch, first) = (Scratch::new(), ports::block(2));
        let listen = format!("listen=udp:127.0.0.1:{}\nloadmodule", first + 1);
        let file = scratch.write("small.cfg", &SMALL.replace("loadmodule", &listen));
        let _server = Server::with_file(subject, scratch.path(), first, &file, &[]);
        until("the other socket answers", SHORT, || {
            Probe::new(first + 1).options()
        });
    }
}

fn answers_with_every_switch(mut command: Command, scratch: &Scratch) {
    let port = ports::block(1);
    let text = SMALL.replace("Here", "WORD");
    let file = scratch.write(
        "switches.cfg",
        &format!("#!KAMAILIO\n#!ifdef GIVEN\n{text}\n#!endif\n"),
    );
    let dir = scratch.path();
    command
        .arg("-f")
        .arg(file)
        .arg("-w")
        .arg(dir)
        .arg("-Y")
        .arg(dir);
    command.arg("-P").arg(scratch.join("pid"));
    command.arg("-l").arg(format!("udp:127.0.0.1:{port}"));
    command.args("-A GIVEN -DD -E -e -d -m 64 -M 8 -n 2 -a no -T -O 0 -r -R".split(' '));
    command.args("--alias=example.test --subst=/WORD/Replaced/ --substdef=/A/B/".split(' '));
    command.args("--server-id=7 --debug=1 --atexit=no --loadmodule=kex.so".split(' '));
    let server = Server::start(&mut command, dir, port);
    let pid = std::fs::read_to_string(scratch.join("pid")).expect("a pid file");
    assert_eq!(pid.trim(), server.id().to_string());
    let answer = until("an answer", SHORT, || Probe::new(port).options());
    assert!(answer.starts_with("SIP/2.0 200 Replaced"), "{answer}");
}

/// Starts a server of [`SMALL`].
fn small(scratch: &Scratch, port: u16) -> Server {
    let file = scratch.write("small.cfg", SMALL);
    Server::with_file(Subject::Ringwall, scratch.path(), port, &file, &[])
}

/// The one line with which a start fails.
fn refusal(scratch: &Scratch, arguments: &[&str]) -> String {
    let state = scratch.join("state");
    let mut arguments = arguments.to_vec();
    let state = state.display().to_string();
    if !arguments.contains(&"-f") && !arguments.contains(&"--state") {
        arguments.extend(["--state", &state]);
    }
    let (code, printed) = run(scratch, &arguments);
    assert_eq!(code, Some(1), "{printed}");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 1, "{printed}");
    printed
}

/// Runs `ringwall` to its end: the exit code, and all it printed.
fn run(scratch: &Scratch, arguments: &[&str]) -> (Option<i32>, String) {
    let log = scratch.join("refusal.log");
    // A log of an earlier start would be read as this one's.
    let _none = std::fs::remove_file(&log);
    let mut program = Program::start(Command::new(ringwall()).args(arguments), log);
    let status = program.wait(SHORT);
    (status.code(), program.printed())
}
