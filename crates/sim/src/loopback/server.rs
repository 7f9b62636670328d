//! The server as a process of ours.

use crate::scenario::LOG_LEVEL;
use crate::{Scenario, Subject};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parking_lot::Mutex;
use policy::Proto;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Operation, Store};
use tempfile::TempDir;

/// A running server, ended when this is dropped.
pub struct Server {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    /// Its working directory with configuration and database.
    _directory: TempDir,
}

impl Server {
    /// Starts the server of a scenario and waits until it listens where the phones send to.
    ///
    /// # Errors
    /// Why it did not start, with its last words.
    pub fn start(scenario: &Scenario, subject: Subject) -> Result<Server, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let arguments = arguments(scenario, directory.path())?;
        let mut child = Command::new(binary(subject))
            .args(arguments)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{}: {error}", binary(subject).display()))?;
        let log = Arc::new(Mutex::new(Vec::new()));
        if let Some(out) = child.stderr.take() {
            follow(out, log.clone());
        }
        if let Some(out) = child.stdout.take() {
            follow(out, log.clone());
        }
        let mut server = Server {
            child,
            log,
            _directory: directory,
        };
        let agents = scenario.surroundings.agents.iter();
        for (proto, address) in agents.map(|agent| (agent.proto, agent.server)) {
            server.await_socket(proto, address)?;
        }
        Ok(server)
    }

    /// What it has written so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    fn await_socket(&mut self, proto: Proto, address: SocketAddr) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !listens(proto, address) {
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            if let Some(status) = ended {
                std::thread::sleep(Duration::from_millis(50));
                return Err(format!(
                    "the server ended with {status}\n{}",
                    self.log().join("\n")
                ));
            }
            if Instant::now() > deadline {
                let log = self.log().join("\n");
                return Err(format!(
                    "the server does not listen on {proto}:{address}\n{log}"
                ));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Ends the group of processes that we started; the number is ours until `wait` has returned.
    fn end(&mut self) {
        let Ok(group) = i32::try_from(self.child.id()) else {
            return;
        };
        let group = Pid::from_raw(group);
        let deadline = Instant::now() + Duration::from_secs(3);
        let _ = killpg(group, Signal::SIGTERM);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn follow(out: impl Read + Send + 'static, log: Arc<Mutex<Vec<String>>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            log.lock().push(line);
        }
    });
}

fn binary(subject: Subject) -> PathBuf {
    if subject == Subject::Kamailio {
        return std::env::var_os("KAMAILIO_BIN").map_or("kamailio".into(), PathBuf::from);
    }
    if let Some(named) = std::env::var_os("RINGWALL_BIN") {
        return named.into();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let built = ["debug/ringwall", "release/ringwall"].map(|name| target.join(name));
    let age = |path: &PathBuf| {
        std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
    };
    built.into_iter().max_by_key(age).unwrap_or_default()
}

/// The command line; files and database are written into `directory`.
fn arguments(scenario: &Scenario, directory: &Path) -> Result<Vec<String>, String> {
    let database = directory.join("kamailio.sqlite");
    let shown = |path: &Path| path.display().to_string();
    let filled = |text: &str| {
        let text = text.replace("{db}", &shown(&database));
        text.replace("{here}", &scenario.folder())
    };
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, filled(text)).map_err(|error| format!("{}: {error}", shown(&path)))
    };
    let main = directory.join("scenario.cfg");
    if let Some(text) = &scenario.script.text {
        write("scenario.cfg", text)?;
    }
    for (name, text) in &scenario.script.files {
        write(name, text)?;
    }
    if scenario.text.contains("{db}") || !scenario.surroundings.rows.is_empty() {
        make_database(scenario, &database)?;
    }
    let given = scenario.script.arguments.clone();
    let given = given.unwrap_or_else(|| vec!["-f".to_owned(), "{cfg}".to_owned()]);
    let given = given
        .iter()
        .map(|word| filled(word).replace("{cfg}", &shown(&main)));
    let here = shown(directory);
    let own = ["-DD", "-E", "-m", "64", "-M", "8", "-w", &here, "-Y", &here];
    let level = scenario
        .leaves_log_level()
        .then(|| format!("--debug={LOG_LEVEL}"));
    Ok(given.chain(own.map(str::to_owned)).chain(level).collect())
}

fn make_database(scenario: &Scenario, path: &Path) -> Result<(), String> {
    let options = store_sqlite::Options {
        write_ahead_log: false,
        ..store_sqlite::Options::default()
    };
    let store = store_sqlite::SqliteStore::open(path, options);
    let store = store.map_err(|error| error.to_string())?;
    let run = |operation| {
        store::wait(&store as &dyn Store, operation)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    run(Operation::CreateTables(store::schema::STANDARD.to_vec()))?;
    let mut rows = scenario.surroundings.rows.iter();
    rows.try_for_each(|row| run(Operation::Write(row.write()?)))
}

/// True where somebody listens there, as the system tells: asking with a message would be heard.
fn listens(proto: Proto, address: SocketAddr) -> bool {
    let (file, state) = match (proto, address) {
        (Proto::Udp, SocketAddr::V4(_)) => ("/proc/net/udp", "07"),
        (Proto::Udp, SocketAddr::V6(_)) => ("/proc/net/udp6", "07"),
        (_, SocketAddr::V4(_)) => ("/proc/net/tcp", "0A"),
        (_, SocketAddr::V6(_)) => ("/proc/net/tcp6", "0A"),
    };
    let wanted = written(address);
    let table = std::fs::read_to_string(file).unwrap_or_default();
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace();
        fields.nth(1) == Some(&wanted) && fields.nth(1) == Some(state)
    })
}

/// An address as `/proc/net` writes it: 32-bit words in the order of the machine.
fn written(address: SocketAddr) -> String {
    let octets = match address {
        SocketAddr::V4(four) => four.ip().octets().to_vec(),
        SocketAddr::V6(six) => six.ip().octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|word| {
        let word: [u8; 4] = word.try_into().unwrap_or_default();
        format!("{:08X}", u32::from_ne_bytes(word))
    });
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}
