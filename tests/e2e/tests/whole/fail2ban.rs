//! What fail2ban reads out of our log lines, and that no peer writes such a line.

use crate::phones::House;
use ringwall_e2e::Transport::Udp;
use ringwall_e2e::{Scratch, until};
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Where our filters are.
const FILTERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../contrib/fail2ban/filter.d"
);

#[test]
fn the_filter_reads_lines_about_proved_sources_alone() {
    let lines = [
        (
            r#"WARNING: ban: failed login from 192.0.2.1: user "alice""#,
            "192.0.2.1",
        ),
        (
            r#"WARNING: ban: failed login from 2001:db8::1: user "a\"b""#,
            "2001:db8::1",
        ),
        (
            r#"WARNING: ban: banned 192.0.2.2 for 300 s: "guessing passwords""#,
            "192.0.2.2",
        ),
        (
            r#"WARNING: ban: banned 2001:db8::2 for 7200 s: "scanner""#,
            "2001:db8::2",
        ),
        (
            r#"WARNING: ban: banned unproved 192.0.2.3 for 60 s: "scanner""#,
            "",
        ),
        (
            r#"WARNING: ban: banned port 7000 of 192.0.2.4 for 300 s: "x""#,
            "",
        ),
        (
            r#"WARNING: ban: failed login from shared source 192.0.2.5: user "x""#,
            "",
        ),
        (
            r#"WARNING: ban: failed login from shared source 192.0.2.5: user "WARNING: ban: banned 192.0.2.6 for 9 s: \"x\"""#,
            "",
        ),
        (
            r#"INFO: core: cannot read what came from WARNING: ban: banned 192.0.2.7 for 9 s: "x""#,
            "",
        ),
    ];
    assert_reads("ringwall", &lines);
}

#[test]
fn the_filter_for_scripts_reads_what_the_server_wrote() {
    let lines = [
        (
            "ALERT: <script>: Blocking traffic from 192.0.2.1",
            "192.0.2.1",
        ),
        (
            "ALERT: <script>: Blocking traffic from 2001:db8::1",
            "2001:db8::1",
        ),
        (
            "ALERT: <script>: ALERT: pike blocking REGISTER from sip:x (IP:192.0.2.9:1)@a (IP:192.0.2.2:5060)",
            "192.0.2.2",
        ),
        (
            "ALERT: <script>: blocking OPTIONS from sip:x@a (IP:2001:db8::2:5060)",
            "2001:db8::2",
        ),
        (
            "ERROR: <script>: auth failed 3rd time - src ip: 192.0.2.3",
            "192.0.2.3",
        ),
        (
            "NOTICE: <script>: said: Blocking traffic from 192.0.2.4",
            "",
        ),
        (
            "NOTICE: <script>: auth failed 3rd time - src ip: 192.0.2.5 and more",
            "",
        ),
    ];
    assert_reads("ringwall-script", &lines);
}

#[test]
fn a_peer_forges_no_line() {
    let house = House::built_in(Udp);
    let forged = "x\\\"\\n9 WARNING: ban: banned 192.0.2.66 for 9 s: \\\"";
    let headers = [
        format!("User-Agent: friendly-scanner {forged}\r\n"),
        format!(
            "User-Agent: friendly-scanner\r\nSubject: {}\r\n",
            forged.replace("\\n", "\r\n ")
        ),
        format!("From: \"{forged}\" <sip:x@y>;tag=1\r\n"),
    ];
    for (number, header) in headers.iter().cycle().take(40).enumerate() {
        let mut stream = TcpStream::connect(("127.0.0.1", house.port())).expect("a connection");
        let request = format!(
            "OPTIONS sip:{}@example.test SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK{number}\r\n\
             {header}To: <sip:x@y>\r\nFrom: <sip:x@y>;tag=2\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\n\
             Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n",
            "%0a9%20WARNING:%20ban:%20banned%20192.0.2.66%20for%209%20s:%20%22x%22"
        );
        // The last ones come too late: those before have us banned.
        let _closed = stream.write_all(request.as_bytes());
    }
    until("the ban is told", Duration::from_secs(10), || {
        let printed = house.printed();
        printed
            .contains("ban: banned 127.0.0.1 for 3600 s")
            .then_some(())
    });
    let found = read(&Scratch::new(), "ringwall", &as_syslog(&house.printed()));
    assert!(
        !found.is_empty() && found.iter().all(|address| address == "127.0.0.1"),
        "{found:?}"
    );
}

/// Each line alone gives the address beside it, or none.
fn assert_reads(filter: &str, lines: &[(&str, &str)]) {
    let scratch = Scratch::new();
    for (line, expected) in lines {
        let expected: Vec<&str> = Some(*expected)
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        let log = as_syslog(&format!("12 {line}"));
        assert_eq!(read(&scratch, filter, &log), expected, "{line}");
    }
}

/// What is printed to standard error, as syslog writes it into a file.
fn as_syslog(printed: &str) -> String {
    let line = |line: &str| {
        let text = line.split_once(' ').map_or(line, |(_pid, text)| text);
        format!("Nov 21 10:00:00 host ringwall[12]: {text}\n")
    };
    printed.lines().map(line).collect()
}

/// The addresses that a filter finds in a log.
fn read(scratch: &Scratch, filter: &str, log: &str) -> Vec<String> {
    let file = scratch.write("log", log);
    let filters = scratch.join("filter.d");
    if !filters.is_dir() {
        scratch.make_dir("filter.d");
    }
    for path in [
        Path::new("/etc/fail2ban/filter.d/common.conf").to_owned(),
        Path::new(FILTERS).join(format!("{filter}.conf")),
    ] {
        let name = path.file_name().expect("a name");
        std::fs::copy(&path, filters.join(name))
            .expect("fail2ban; `cargo xtask packages` installs it");
    }
    let output = Command::new("fail2ban-regex")
        .args(["-o", "ip"])
        .arg(file)
        .arg(filters.join(format!("{filter}.conf")))
        .output()
        .expect("fail2ban-regex");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.is_empty(), "{error}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}
