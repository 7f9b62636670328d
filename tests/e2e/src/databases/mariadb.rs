//! Debian's MariaDB.

use super::{DatabaseServer, kamailios_scripts, run};
use crate::ports;
use crate::program::Program;
use crate::scratch::Scratch;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A MariaDB server.
pub struct MariaDb {
    program: Option<Program>,
    scratch: Scratch,
    port: u16,
    certificate: Option<PathBuf>,
}

impl MariaDb {
    /// A server with nothing in it.
    ///
    /// # Panics
    /// Where the package is missing or the server does not start.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts a server")]
    pub fn new() -> MariaDb {
        MariaDb::shows(None)
    }

    /// The same, which shows this certificate to whom asks for one; its key is in the same file.
    ///
    /// # Panics
    /// As [`MariaDb::new`].
    #[must_use]
    pub fn with_certificate(file: &Path) -> MariaDb {
        MariaDb::shows(Some(file.to_owned()))
    }

    fn shows(certificate: Option<PathBuf>) -> MariaDb {
        let scratch = Scratch::new();
        let data = format!("--datadir={}", scratch.join("data").display());
        run(Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal"])
            .args(["--skip-test-db", "--user=root", &data]));
        let mut server = MariaDb {
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
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database.
    pub fn create(&self, database: &str, character_set: &str) {
        self.run(
            "",
            &format!("CREATE DATABASE {database} CHARACTER SET {character_set}"),
        );
    }

    /// Makes a database with all of Kamailio's tables.
    pub fn create_as_kamailio(&self, database: &str) {
        self.create(database, "latin1");
        for script in kamailios_scripts("mysql") {
            let sql = std::fs::read_to_string(&script).expect("a script");
            self.run(database, &sql);
        }
    }

    /// Runs statements and answers what they print: a row a line, columns between tabs.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn run(&self, database: &str, statements: &str) -> String {
        run(self.client().args(["-e", statements, "-D", database]))
    }

    fn client(&self) -> Command {
        let mut command = Command::new("mariadb");
        command
            .args(["--no-defaults", "--batch", "--skip-column-names", "-uroot"])
            .args(["--protocol=tcp", "--connect-timeout=2", "-h127.0.0.1"])
            .arg(format!("-P{}", self.port));
        command
    }
}

impl DatabaseServer for MariaDb {
    fn running(&mut self) -> &mut Option<Program> {
        &mut self.program
    }

    fn command(&self) -> (Command, PathBuf) {
        let mut command = Command::new("mariadbd");
        command
            .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1"])
            .args(["--skip-name-resolve", "--innodb-buffer-pool-size=16M"])
            // A test kills processes, not machines.
            .args(["--innodb-flush-method=nosync", "--skip-innodb-doublewrite"])
            .arg(format!("--port={}", self.port))
            .arg(format!("--datadir={}", self.scratch.join("data").display()))
            .arg(format!("--socket={}", self.scratch.join("sock").display()))
            .arg(format!("--pid-file={}", self.scratch.join("pid").display()));
        if let Some(file) = &self.certificate {
            let file = file.display();
            command
                .arg(format!("--ssl-cert={file}"))
                .arg(format!("--ssl-key={file}"));
        }
        (command, self.scratch.join("log"))
    }

    fn answers(&self) -> bool {
        let asked = self.client().args(["-e", "SELECT 1"]).output();
        asked.is_ok_and(|output| output.status.success())
    }
}
