//! TLS against programs that do not share our library: `openssl s_client`, and another server.

mod banned;
mod crowd;
mod incoming;
mod outgoing;
mod start;

use ringwall_e2e::{Scratch, Server, Subject, ports, ringwall};
use std::path::PathBuf;
use std::process::{Command, Output};

/// A server with a script and profiles of its own. UDP at `port`, TLS at the next.
pub(crate) struct Secure {
    pub(crate) server: Server,
    dir: PathBuf,
}

/// What every script here begins with.
const HEAD: &str = "#!KAMAILIO\ndebug=2\nenable_tls=yes\nloadmodule \"tls.so\"\nloadmodule \"tm.so\"\nloadmodule \"sl.so\"\n\
loadmodule \"pv.so\"\nloadmodule \"textops.so\"\nloadmodule \"xlog.so\"\nloadmodule \"ctl.so\"\nloadmodule \"tmx.so\"\n\
modparam(\"ctl\", \"binrpc\", \"unix:control.sock\")\nmodparam(\"tls\", \"config\", \"./tls.cfg\")\nmodparam(\"tls\", \"xavp_cfg\", \"tls\")\n";

/// A route that answers everything.
pub(crate) const ANSWER: &str = "request_route {\n\tsl_send_reply(\"200\", \"Here\");\n}\n";

impl Secure {
    /// Starts a server with these profiles and this script.
    pub(crate) fn start(scratch: &Scratch, name: &str, profiles: &str, script: &str) -> Secure {
        let (dir, port) = (scratch.make_dir(name), ports::block(2));
        let file = written(&dir, profiles, script);
        let line = format!("-ltls:127.0.0.1:{}", port + 1);
        let server = Server::with_file(Subject::Ringwall, &dir, port, &file, &[&line]);
        Secure { server, dir }
    }

    pub(crate) fn tls_port(&self) -> u16 {
        self.server.port() + 1
    }

    /// Changes the profiles; `tls.reload` is to follow.
    pub(crate) fn write_profiles(&self, profiles: &str) {
        std::fs::write(self.dir.join("tls.cfg"), profiles).expect("a file");
    }

    /// Runs a command of the server; success and what was printed.
    pub(crate) fn rpc(&self, command: &[&str]) -> (bool, String) {
        let output = Command::new(ringwall())
            .arg("ctl")
            .arg("--socket")
            .arg(self.dir.join("control.sock"))
            .arg("rpc")
            .args(command)
            .output()
            .expect("the binary runs");
        (output.status.success(), text_of(&output))
    }
}

/// Writes script and profiles; the script's file.
pub(crate) fn written(dir: &std::path::Path, profiles: &str, script: &str) -> PathBuf {
    std::fs::write(dir.join("tls.cfg"), profiles).expect("a file");
    let file = dir.join("server.cfg");
    std::fs::write(&file, format!("{HEAD}{script}")).expect("a file");
    file
}

pub(crate) fn text_of(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// The value of a header in the head of a message.
pub(crate) fn header(head: &str, name: &str) -> Option<String> {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}
