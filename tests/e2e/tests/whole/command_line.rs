//! What switches print and change, and what the commands of the core answer, beside Kamailio.

use ringwall_e2e::{Probe, Scratch, Server, Subject, ports, ringwall, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that printing has to look at.
const PARTED: &str = "#!KAMAILIO\n# a comment stays\n\t#!define  LONG one \\\n  two\n#!trydef LONG 2\n\
     #!subst \"/Here/There/\"\n #!ifdef GIVEN\n  #!ifdef NOSUCH\n   debug=9\n  #!else\n   debug=2 # LONG\n  #!endif\n\
     #!ifndef GIVEN\n# not given\n#!endif\n #!endif\n/* a block\n#!ifdef NOSUCH\n stays too\n#!endif\n*/\n\
     import_file \"nosuch.cfg\"\n  include_file \"below/part.cfg\" # tail\n!!ifdef NOSUCH\nb\n!!else\nchildren=2\n!!endif\n\
     loadmodule \"sl.so\"\nrequest_route {\n\tsl_send_reply(\"200\", \"Here\"); #!ifdef NOSUCH\nnothing\n#!endif\n}\n";

#[test]
fn a_configuration_is_printed_as_kamailio_prints_it() {
    let scratch = Scratch::new();
    let file = scratch.write("parted.cfg", PARTED);
    scratch.make_dir("below");
    scratch.write(
        "below/part.cfg",
        "log_stderror=yes\ninclude_file \"last.cfg\"\nfork=no",
    );
    scratch.write("below/last.cfg", "# the last\n");
    let stock = Path::new("/etc/kamailio/kamailio.cfg");
    for (file, defines) in [
        (file.as_path(), &[][..]),
        (&file, &["-A", "GIVEN"]),
        (stock, &[]),
        (
            stock,
            &["-A", "WITH_AUTH", "-A", "WITH_NAT", "-A", "WITH_TLS"],
        ),
    ] {
        let [judge, ours] = Subject::BOTH.map(|subject| {
            let mut command = subject.command();
            command.arg("-f").arg(file).arg("--cfg-print").args(defines);
            let output = command.output().expect("an end");
            assert!(output.status.success(), "{subject:?}");
            String::from_utf8_lossy(&output.stdout).into_owned()
        });
        assert_eq!(ours, judge, "{} {defines:?}", file.display());
        assert!(judge.contains("request_route"));
    }
}

#[test]
fn a_clock_of_1970_is_one_line() {
    let scratch = Scratch::new();
    let mut command = Command::new("faketime");
    command.args(["-f", "1970-01-02 00:00:00"]).arg(ringwall());
    command.arg("--state").arg(scratch.join("state"));
    let output = command.output();
    let output = output.expect("faketime; `cargo xtask packages` installs what is missing");
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("clock"), "{printed}");
}

/// Says what time it is, and who it is.
const TALKING: &str = "#!KAMAILIO\nlog_prefix=\"[$ci] \"\nloadmodule \"jsonrpcs.so\"\nloadmodule \"sl.so\"\nloadmodule \"pv.so\"\n\
     loadmodule \"xlog.so\"\nmodparam(\"jsonrpcs\", \"transport\", 4)\nmodparam(\"jsonrpcs\", \"dgram_socket\", \"SOCKET\")\n\
     request_route {\n\txlog(\"L_ERR\", \"zone $timef(%z %Z) $utimef(%Z) $time(isdst)\\n\");\n\tsl_send_reply(\"200\", \"Here\");\n}\n";

const ZONE: &str = "zone +0530 XST GMT 0";

#[test]
fn scripts_see_local_time() {
    for subject in Subject::BOTH {
        let scratch = Scratch::new();
        let server = talking(subject, &scratch, &[]);
        until("the time", PATIENCE, || {
            Probe::new(server.port()).options()?;
            server.printed().contains(ZONE).then_some(())
        });
    }
}

#[test]
fn log_lines_are_json_with_the_same_fields() {
    let [judge, ours] = Subject::BOTH.map(|subject| {
        let scratch = Scratch::new();
        let server = talking(subject, &scratch, &["--log-engine=json:cM"]);
        let line = until("a line of the script", PATIENCE, || {
            Probe::new(server.port()).options()?;
            let printed = server.printed();
            printed
                .lines()
                .find(|line| line.contains("zone"))
                .map(str::to_owned)
        });
        let line: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["module"], "xlog");
        assert_eq!(line["message"], ZONE);
        assert_eq!(
            line["logprefix"],
            format!("[{}] ", line["callid"].as_str().unwrap_or("-"))
        );
        names(&line)
    });
    assert_eq!(ours, judge);
}

#[test]
fn the_commands_of_the_core_answer_with_the_same_fields() {
    let answers = Subject::BOTH.map(|subject| {
        let scratch = Scratch::new();
        let server = talking(subject, &scratch, &["-A", "NUMBER=5"]);
        let _idle = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
        let client = Client::new(&scratch);
        until("the connection is listed", PATIENCE, || {
            let listed = client.ask("core.tcp_list", json!([]));
            listed["result"][0].is_object().then_some(())
        });
        let answers: Vec<Value> = SHAPES
            .iter()
            .map(|method| client.ask(method, json!([])))
            .collect();
        let exact: Vec<Value> = EXACT
            .iter()
            .map(|(method, params)| {
                let params = serde_json::from_str(params).expect("JSON");
                let mut answer = client.ask(method, params);
                answer.as_object_mut().expect("an object").remove("id");
                answer
            })
            .collect();
        drop(server);
        (answers, exact)
    });
    let [(judge, judge_exact), (ours, ours_exact)] = answers;
    for ((method, judge), ours) in SHAPES.iter().zip(&judge).zip(&ours) {
        assert_eq!(names(ours), names(judge), "{method}: {ours}");
        assert!(ours.get("result").is_some(), "{method}: {ours}");
    }
    for (((method, params), judge), ours) in EXACT.iter().zip(&judge_exact).zip(&ours_exact) {
        assert_eq!(ours, judge, "{method} {params}");
    }
}

/// Commands whose values differ, and whose names do not.
const SHAPES: [&str; 20] = [
    "core.aliases_list",
    "core.arg",
    "core.flags",
    "core.info",
    "core.modules",
    "core.ppdefines",
    "core.ppdefines_full",
    "core.ps",
    "core.psa",
    "core.psx",
    "core.pwd",
    "core.runinfo",
    "core.shmmem",
    "core.sockets_list",
    "core.tcp_info",
    "core.tcp_list",
    "core.tcp_options",
    "core.uptime",
    "core.version",
    "system.listMethods",
];

/// Commands whose answers are the same to the letter.
const EXACT: [(&str, &str); 12] = [
    ("core.echo", "[1, \"a\"]"),
    ("core.echo", "[]"),
    ("core.printi", "[5, \"a\", 7]"),
    ("core.prints", "[\"a\", 5, \"b\"]"),
    ("core.pwd", "[]"),
    ("core.modules", "[]"),
    ("core.udp4_raw_info", "[]"),
    ("core.shmmem", "[\"z\"]"),
    ("core.kill", "[0]"),
    ("system.methodSignature", "[\"core.info\"]"),
    ("system.methodHelp", "[\"no.such\"]"),
    ("no.such", "[]"),
];

#[test]
fn the_kill_command_ends_the_server() {
    let scratch = Scratch::new();
    let mut server = talking(Subject::Ringwall, &scratch, &[]);
    Client::new(&scratch).ask("core.kill", json!([]));
    until("the end", PATIENCE, || (!server.is_running()).then_some(()));
}

/// A server of [`TALKING`] in a place five and a half hours ahead of UTC.
fn talking(subject: Subject, scratch: &Scratch, more: &[&str]) -> Server {
    let (dir, port) = (scratch.path(), ports::block(1));
    let socket = scratch.join("rpc.sock").display().to_string();
    let file = scratch.write("talking.cfg", &TALKING.replace("SOCKET", &socket));
    let mut command = subject.command();
    command.env("TZ", "XST-5:30").arg("-f").arg(file);
    command.args(["-DD", "-E", "-m", "64", "-M", "8"]);
    command.arg(format!("-ludp:127.0.0.1:{port}"));
    command.arg(format!("-ltcp:127.0.0.1:{port}"));
    Server::start(command.args(more), dir, port)
}

/// All names of fields, with the names of the fields they are in.
fn names(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}/{name}");
                collect(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, path, found)),
        _ => {}
    }
}

/// Asks over the datagram socket of module `jsonrpcs`.
struct Client {
    socket: UnixDatagram,
    server: std::path::PathBuf,
}

impl Client {
    fn new(scratch: &Scratch) -> Client {
        let socket = UnixDatagram::bind(scratch.join("client.sock")).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let server = scratch.join("rpc.sock");
        Client { socket, server }
    }

    fn ask(&self, method: &str, params: Value) -> Value {
        let document = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": 1});
        let sent = self
            .socket
            .send_to(document.to_string().as_bytes(), &self.server);
        sent.expect("a sent question");
        let mut buffer = [0; 65_535];
        let length = self.socket.recv(&mut buffer).expect("an answer");
        serde_json::from_slice(&buffer[..length]).expect("JSON")
    }
}
