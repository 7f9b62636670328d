//! What a peer sends comes out of each database as it went in, quoted by `{sql.val}` and by
//! `{s.escape.common}`, and never ends the literal that it stands in.

use nix::sys::signal::Signal;
use ringwall_e2e::{Database, MariaDb, PostgreSql, Scratch, Server, Subject, ports, until};
use std::net::UdpSocket;
use std::time::Duration;

/// `{driver}`, `{url}` and `{quotes}` are filled in. The answer tells which of both ways gave the body back.
const SCRIPT: &str = r#"
loadmodule "{driver}.so"
loadmodule "sqlops.so"
loadmodule "sl.so"
loadmodule "pv.so"
modparam("sqlops", "sqlcon", "db=>{url}")
request_route {
    sql_query("db", "select 1, $(rb{sql.val})", "value");
    sql_query("db", "select 1, {quotes}$(rb{s.escape.common}){quotes}", "escaped");
    $var(value) = $dbr(value=>cols) == 2 && $dbr(value=>[0,1]) == $rb;
    $var(escaped) = $dbr(escaped=>cols) == 2 && $dbr(escaped=>[0,1]) == $rb;
    sl_send_reply("200", "value $var(value) escaped $var(escaped)");
}
"#;

/// What every database takes.
const TEXTS: [&str; 9] = [
    "plain",
    "it's",
    "say \"x\"",
    "a\\",
    "\\' or 1=1 -- ",
    "\\\" or 1=1 -- ",
    "', 2, 3 -- ",
    "two\r\nlines\n",
    "\u{2019} %_;#",
];

/// NUL, with something behind it that would be an injection.
const NUL: &str = "a\0', 2, 3 -- ";

#[test]
fn sqlite_gives_back_what_a_peer_sent() {
    let scratch = Scratch::new();
    let database = Database::create(scratch.join("db"));
    let told = Told::by("db_sqlite", &database.url(), "'");
    // The older way has no form for a NUL there, and leaves it out.
    assert_eq!(told.about(NUL), "value 1 escaped 0");
}

#[test]
fn mysql_gives_back_what_a_peer_sent_between_either_quotes() {
    let server = MariaDb::new();
    server.create("quoting", "utf8mb4");
    for quotes in ["'", "\\\""] {
        let told = Told::by("db_mysql", &server.url("quoting"), quotes);
        assert_eq!(told.about(NUL), "value 1 escaped 1");
    }
}

#[test]
fn postgresql_gives_back_what_a_peer_sent() {
    let server = PostgreSql::new();
    server.create("quoting", "UTF8");
    let told = Told::by("db_postgres", &server.url("quoting"), "'");
    // It has no text with a NUL.
    assert_eq!(told.about(NUL), "value 0 escaped 0");
}

/// A server, and who asks it.
struct Told {
    server: Option<Server>,
    _scratch: Scratch,
}

impl Told {
    /// Starts a server with a database and asks for every text.
    fn by(driver: &str, url: &str, quotes: &str) -> Told {
        let scratch = Scratch::new();
        let script = SCRIPT.replace("{driver}", driver).replace("{url}", url);
        let file = scratch.write("quoting.cfg", &script.replace("{quotes}", quotes));
        let dir = scratch.make_dir("run");
        let server = Server::with_file(Subject::Ringwall, &dir, ports::block(1), &file, &[]);
        let told = Told {
            server: Some(server),
            _scratch: scratch,
        };
        for text in TEXTS {
            assert_eq!(told.about(text), "value 1 escaped 1", "{driver} {text:?}");
        }
        told
    }

    /// The reason phrase of the answer to a message with a text as its body.
    fn about(&self, text: &str) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket
            .set_read_timeout(Some(Duration::from_secs(1)))
            .expect("a timeout");
        let port = self.server.as_ref().map_or(0, Server::port);
        let request = format!(
            "MESSAGE sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKq\r\n\
             From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: q\r\nCSeq: 1 MESSAGE\r\n\
             Max-Forwards: 10\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        until("the server answers", Duration::from_secs(10), || {
            socket
                .send_to(request.as_bytes(), ("127.0.0.1", port))
                .ok()?;
            let mut answer = [0; 4096];
            let length = socket.recv(&mut answer).ok()?;
            let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
            let line = answer.lines().next()?;
            Some(line.strip_prefix("SIP/2.0 200 ")?.to_owned())
        })
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop(Signal::SIGTERM);
        }
    }
}
