//! Debian's Redis.

use super::{DatabaseServer, run};
use crate::ports;
use crate::program::Program;
use crate::scratch::Scratch;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Redis server.
pub struct Redis {
    program: Option<Program>,
    scratch: Scratch,
    /// The next one is for encrypted connections, where there are any.
    port: u16,
    certificate: Option<PathBuf>,
}

impl Redis {
    /// A server with nothing in it, which keeps each change in its log.
    ///
    /// # Panics
    /// Where the package is missing or the server does not start.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts a server")]
    pub fn new() -> Redis {
        Redis::shows(None)
    }

    /// The same, which shows this certificate at [`Redis::encrypted_port`]; its key is in the same file.
    ///
    /// # Panics
    /// As [`Redis::new`].
    #[must_use]
    pub fn with_certificate(file: &Path) -> Redis {
        Redis::shows(Some(file.to_owned()))
    }

    fn shows(certificate: Option<PathBuf>) -> Redis {
        let mut server = Redis {
            program: None,
            scratch: Scratch::new(),
            port: ports::block(2),
            certificate,
        };
        server.start();
        server
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port on 127.0.0.1 for encrypted connections.
    #[must_use]
    pub fn encrypted_port(&self) -> u16 {
        self.port + 1
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.scratch.join("sock")
    }

    /// Runs a command and answers what it prints.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn run(&self, command: &[&str]) -> String {
        run(self.client().args(command))
    }

    fn client(&self) -> Command {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command
    }
}

impl DatabaseServer for Redis {
    fn running(&mut self) -> &mut Option<Program> {
        &mut self.program
    }

    fn command(&self) -> (Command, PathBuf) {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args([
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
            ])
            .arg("--dir")
            .arg(self.scratch.path())
            .arg("--unixsocket")
            .arg(self.socket());
        if let Some(file) = &self.certificate {
            let port = self.encrypted_port().to_string();
            command.args(["--tls-port", &port, "--tls-auth-clients", "no"]);
            for name in ["--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file"] {
                command.arg(name).arg(file);
            }
        }
        (command, self.scratch.join("log"))
    }

    fn answers(&self) -> bool {
        let asked = self.client().arg("ping").output();
        asked.is_ok_and(|output| output.stdout.starts_with(b"PONG"))
    }
}
