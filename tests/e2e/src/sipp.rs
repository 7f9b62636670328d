//! SIPp with the scenarios of `scenarios/`.

use crate::ports::is_udp_bound;
use crate::program::Program;
use crate::scratch::Scratch;
use crate::user::User;
use crate::wait::{PATIENCE, until};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// One side of a scenario, playing.
pub struct Sipp {
    program: Program,
    name: String,
    messages: PathBuf,
}

/// How many calls, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Calls in all.
    pub calls: u32,
    /// Calls begun in a second.
    pub rate: u32,
}

impl Load {
    /// A single call.
    pub const ONE: Load = Load { calls: 1, rate: 1 };
}

/// Where both sides are unless said otherwise.
pub const LOOPBACK: &str = "127.0.0.1";

/// The longest that SIPp may play, in seconds.
const LIMIT_S: u64 = 60;

impl Sipp {
    /// Waits for calls on a port, as `scenarios/NAME-callee.xml` says.
    #[must_use]
    pub fn callee(scratch: &Scratch, name: &str, port: u16, load: Load) -> Sipp {
        Sipp::callee_at(scratch, name, (LOOPBACK, port), load)
    }

    /// The same at another address of the loopback network.
    #[must_use]
    pub fn callee_at(
        scratch: &Scratch,
        name: &str,
        (address, port): (&str, u16),
        load: Load,
    ) -> Sipp {
        let at = (address, port);
        let sipp = Sipp::start(scratch, &format!("{name}-callee"), at, load, &[]);
        until("the callee listens", PATIENCE, || {
            is_udp_bound(port).then_some(())
        });
        sipp
    }

    /// Calls `callee` through the server as `scenarios/NAME-caller.xml` says. A caller that registers
    /// names `contact_port` as its own.
    #[must_use]
    pub fn caller(
        scratch: &Scratch,
        name: &str,
        ports: CallerPorts,
        caller: User,
        callee: &str,
        load: Load,
    ) -> Sipp {
        let server = format!("127.0.0.1:{}", ports.server);
        let contact = ports.contact.to_string();
        let arguments = [
            server.as_str(),
            "-s",
            callee,
            "-au",
            caller.name,
            "-ap",
            caller.password,
            "-key",
            "caller",
            caller.name,
            "-key",
            "contact_port",
            &contact,
        ];
        Sipp::start(
            scratch,
            &format!("{name}-caller"),
            (ports.address, ports.own),
            load,
            &arguments,
        )
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// Where one call went otherwise than the scenario says.
    pub fn finish(mut self) {
        let status = self.program.wait(Duration::from_secs(LIMIT_S + 5));
        if !status.success() {
            let messages = std::fs::read(&self.messages).unwrap_or_default();
            panic!(
                "{}: {status}\n{}",
                self.name,
                String::from_utf8_lossy(&messages)
            );
        }
    }

    fn start(
        scratch: &Scratch,
        name: &str,
        (address, port): (&str, u16),
        load: Load,
        arguments: &[&str],
    ) -> Sipp {
        let file = scratch.write(&format!("{name}-{port}.xml"), &scenario(name));
        let messages = scratch.join(&format!("{name}-{port}.messages"));
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(file).args(arguments);
        command.args(["-i", address, "-p", &port.to_string(), "-nostdin"]);
        command.args(["-m", &load.calls.to_string(), "-r", &load.rate.to_string()]);
        command.args(["-timeout", &LIMIT_S.to_string(), "-timeout_error"]);
        if load.calls == 1 {
            command
                .arg("-trace_msg")
                .arg("-message_file")
                .arg(&messages);
        }
        command.current_dir(scratch.path());
        let program = Program::start(&mut command, scratch.join(&format!("{name}-{port}.screen")));
        Sipp {
            program,
            name: name.to_owned(),
            messages,
        }
    }
}

/// Where a caller sends from, to, and what it registers.
#[derive(Clone, Copy, Debug)]
pub struct CallerPorts {
    /// Its own address, [`LOOPBACK`] or another of that network.
    pub address: &'static str,
    /// Its own port.
    pub own: u16,
    /// The server's.
    pub server: u16,
    /// The port of the contact that it registers.
    pub contact: u16,
}

/// A scenario with its parts: `%name%` stands for the file `parts/name.xml`.
fn scenario(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let read = |path: &str| {
        std::fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let mut text = read(&format!("{name}.xml"));
    while let Some(start) = text.find('%') {
        let rest = &text[start + 1..];
        let part = rest.split('%').next().unwrap_or_default().to_owned();
        let part_text = read(&format!("parts/{part}.xml"));
        text = text.replace(&format!("%{part}%"), part_text.trim_end());
    }
    text
}
