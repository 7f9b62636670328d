//! Debian's PostgreSQL.

use super::{DatabaseServer, kamailios_scripts, passable, run};
use crate::ports;
use crate::program::Program;
use crate::scratch::Scratch;
use nix::unistd::{User, chown, geteuid};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian has the programs of the server.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// A PostgreSQL server.
pub struct PostgreSql {
    program: Option<Program>,
    scratch: Scratch,
    port: u16,
    certificate: Option<PathBuf>,
}

impl PostgreSql {
    /// A server with nothing in it.
    ///
    /// # Panics
    /// Where the package is missing or the server does not start.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts a server")]
    pub fn new() -> PostgreSql {
        PostgreSql::shows(None)
    }

    /// The same, which shows this certificate to whom asks for one; its key is in the same file.
    ///
    /// # Panics
    /// As [`PostgreSql::new`].
    #[must_use]
    pub fn with_certificate(file: &Path) -> PostgreSql {
        PostgreSql::shows(Some(file))
    }

    fn shows(certificate: Option<&Path>) -> PostgreSql {
        let scratch = passable();
        let data = scratch.make_dir("data");
        owned(&data);
        let certificate = certificate.map(|file| {
            let copy = scratch.join("certificate.pem");
            std::fs::copy(file, &copy).expect("a copy");
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&copy, private).expect("permissions");
            owned(&copy);
            copy
        });
        run(as_user("initdb")
            .args([
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .current_dir("/"));
        let mut server = PostgreSql {
            program: None,
            scratch,
            port: ports::block(1),
            certificate,
        };
        server.start();
        server
    }

    /// The URL of a database there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database; its encoding is `UTF8` or `SQL_ASCII`, which takes every byte.
    pub fn create(&self, database: &str, encoding: &str) {
        self.run(
            "postgres",
            &format!("CREATE DATABASE {database} ENCODING '{encoding}' TEMPLATE template0"),
        );
    }

    /// Makes a database with all of Kamailio's tables.
    pub fn create_as_kamailio(&self, database: &str) {
        self.create(database, "UTF8");
        let mut command = self.client(database);
        for script in kamailios_scripts("postgres") {
            command.arg("-f").arg(script);
        }
        run(&mut command);
    }

    /// Runs statements and answers what they print: a row a line, columns between `|`.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn run(&self, database: &str, statements: &str) -> String {
        run(self.client(database).args(["-c", statements]))
    }

    fn client(&self, database: &str) -> Command {
        let mut command = Command::new("psql");
        command
            .args([
                "-X",
                "-q",
                "-t",
                "-A",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
            ])
            .args([
                "-U",
                "postgres",
                "-p",
                &self.port.to_string(),
                "-d",
                database,
            ])
            .env("PGCONNECT_TIMEOUT", "2");
        command
    }
}

impl DatabaseServer for PostgreSql {
    fn running(&mut self) -> &mut Option<Program> {
        &mut self.program
    }

    fn command(&self) -> (Command, PathBuf) {
        let mut command = as_user("postgres");
        command
            .arg("-D")
            .arg(self.scratch.join("data"))
            .args(["-h", "127.0.0.1", "-k", "", "-p", &self.port.to_string()])
            // A test kills processes, not machines.
            .args(["-c", "fsync=off"])
            .current_dir("/");
        if let Some(file) = &self.certificate {
            let file = file.display();
            command
                .args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={file}")])
                .args(["-c", &format!("ssl_key_file={file}")]);
        }
        (command, self.scratch.join("log"))
    }

    fn answers(&self) -> bool {
        let asked = self.client("postgres").args(["-c", "SELECT 1"]).output();
        asked.is_ok_and(|output| output.status.success())
    }
}

/// Gives a file to the user of the server.
fn owned(path: &Path) {
    if geteuid().is_root() {
        let user = User::from_name("postgres").ok().flatten();
        let user = user.expect("the user of Debian's package postgresql");
        chown(path, Some(user.uid), Some(user.gid)).expect("a file of its own");
    }
}

/// A program of the server, which refuses to run as root.
fn as_user(program: &str) -> Command {
    let path = Path::new(PROGRAMS).join(program);
    if !geteuid().is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ])
        .arg(path);
    command
}
