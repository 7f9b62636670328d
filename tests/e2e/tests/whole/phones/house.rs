//! A server with two users and everything their phones need to know.

use ringwall_e2e::{
    Account, Certificate, Database, Phone, Scratch, Server, Subject, Transport, User, ports,
    ringwall,
};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What every server here serves.
const DOMAIN: &str = "example.test";
const STOCK: &str = "/etc/kamailio/kamailio.cfg";
const STOCK_TLS: &str = "/etc/kamailio/tls.cfg";

/// A running server, and the way to it.
pub(crate) struct House {
    domain: &'static str,
    transport: Transport,
    /// The port for UDP and TCP; that for TLS is the next.
    port: u16,
    /// What phones trust.
    trusted: Option<PathBuf>,
    /// With which phones take secured connections.
    certificate: Option<Certificate>,
    scratch: Scratch,
    server: Server,
}

impl House {
    /// `ringwall` without a configuration; users by `ringwall ctl`.
    pub(crate) fn built_in(transport: Transport) -> House {
        House::built_in_for(DOMAIN, transport)
    }

    /// The same for another domain.
    pub(crate) fn built_in_for(domain: &'static str, transport: Transport) -> House {
        let (scratch, first) = (Scratch::new(), ports::block(2));
        let state = scratch.join("state");
        let server = start_built_in(&scratch, domain, first);
        for user in [User::ALICE, User::BOB] {
            add_user(&state, user, domain);
        }
        House {
            domain,
            trusted: Some(state.join("tls/certificate.pem")),
            ..House::around(server, scratch, transport, first)
        }
    }

    /// The stock file with authentication against a database; its users are in there.
    pub(crate) fn stock(subject: Subject, transport: Transport) -> House {
        let (scratch, first) = (Scratch::new(), ports::block(2));
        let database = Database::create(scratch.join("kamailio.sqlite"));
        database.add(User::ALICE, DOMAIN);
        database.add(User::BOB, DOMAIN);
        let certificate = Certificate::create(&scratch, "server");
        let tls = scratch.write("tls.cfg", &tls_configuration(&certificate));
        let line = [
            "--loadmodule=db_sqlite.so".to_owned(),
            "-AWITH_AUTH".to_owned(),
            "-AWITH_TLS".to_owned(),
            format!("--alias={DOMAIN}"),
            format!("-ADBURL=\"{}\"", database.url()),
            format!("--subst=!{STOCK_TLS}!{}!", tls.display()),
            format!("-ltcp:127.0.0.1:{first}"),
            format!("-ltls:127.0.0.1:{}", first + 1),
        ];
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let server = Server::with_file(subject, scratch.path(), first, STOCK.as_ref(), &line);
        House::around(server, scratch, transport, first)
    }

    /// Takes the server with the built-in policy away without a warning and starts it again.
    pub(crate) fn kill_and_restart(self) -> House {
        self.server.kill();
        House {
            server: start_built_in(&self.scratch, self.domain, self.port),
            ..self
        }
    }

    /// Phones to come use another transport.
    pub(crate) fn set_transport(&mut self, transport: Transport) {
        self.transport = transport;
    }

    /// Phones to come take no secured connections.
    pub(crate) fn hide_phones(&mut self) {
        self.certificate = None;
    }

    /// A phone of a user, started.
    pub(crate) fn phone(&self, user: User) -> Phone {
        let account = Account {
            user,
            domain: self.domain,
            transport: self.transport,
            server: match self.transport {
                Transport::Tls => self.port + 1,
                Transport::Udp | Transport::Tcp => self.port,
            },
            trusted: self.trusted.as_deref(),
            certificate: self.certificate.as_ref().map(Certificate::path),
        };
        Phone::start(&self.scratch, &account)
    }

    /// The server's UDP port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The server's certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.scratch.join("state/tls/certificate.pem")
    }

    /// What the server has used of the processors.
    pub(crate) fn cpu_time(&self) -> Duration {
        self.server.cpu_time()
    }

    /// The memory that the server has in use, kB.
    pub(crate) fn resident_kb(&self) -> u64 {
        self.server.resident_kb()
    }

    /// What the server printed.
    pub(crate) fn printed(&self) -> String {
        self.server.printed()
    }

    /// What `ringwall ctl` prints about this server.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(ringwall());
        command.arg("ctl").args(arguments);
        command.arg("--state").arg(self.scratch.join("state"));
        let output = command.output().expect("ringwall ctl");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ctl {arguments:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The address of a user.
    pub(crate) fn uri(&self, user: User) -> String {
        format!("sip:{}@{}", user.name, self.domain)
    }

    fn around(server: Server, scratch: Scratch, transport: Transport, first: u16) -> House {
        House {
            domain: DOMAIN,
            transport,
            port: first,
            trusted: None,
            certificate: Some(Certificate::create(&scratch, "phone")),
            scratch,
            server,
        }
    }
}

fn start_built_in(scratch: &Scratch, domain: &str, first: u16) -> Server {
    let mut command = Command::new(ringwall());
    command.arg("--state").arg(scratch.join("state"));
    command.args(["--domain", domain]);
    for address in addresses(first) {
        command.arg("-l").arg(address);
    }
    Server::start(&mut command, scratch.path(), first)
}

fn addresses(first: u16) -> [String; 3] {
    [
        format!("udp:127.0.0.1:{first}"),
        format!("tcp:127.0.0.1:{first}"),
        format!("tls:127.0.0.1:{}", first + 1),
    ]
}

fn add_user(state: &std::path::Path, user: User, domain: &str) {
    let mut child = Command::new(ringwall())
        .args(["ctl", "user", "add", "--stdin"])
        .arg(format!("{}@{domain}", user.name))
        .arg("--state")
        .arg(state)
        .stdin(Stdio::piped())
        .spawn()
        .expect("ringwall ctl");
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "{}", user.password).expect("a password");
    drop(input);
    assert!(child.wait().expect("an end").success(), "ctl user add");
}

fn tls_configuration(certificate: &Certificate) -> String {
    let path = certificate.path().display();
    format!(
        "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n\
         private_key = {path}\ncertificate = {path}\n\
         [client:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n"
    )
}
