//! Two hosts and a cable between them, as network namespaces: they are gone with the processes that hold
//! them.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server's addresses, and the interface behind which the others are.
pub(crate) const SERVER: &str = "198.51.100.1";
pub(crate) const SERVER6: &str = "2001:db8::1";
pub(crate) const OUTSIDE: &str = "outside0";

pub(crate) struct Lab {
    server: Child,
    client: Child,
    /// What runs on the server's host besides.
    others: Vec<Child>,
    state: tempfile::TempDir,
}

/// Set where this process has a namespace of users of its own.
const INSIDE: &str = "RINGWALL_TEST_INSIDE";

/// Runs a test in a lab. Who is not root becomes it in a namespace of users. Where there are no namespaces the
/// test says so, and fails under CI alone.
pub(crate) fn with_lab(test: &str, run: impl FnOnce(&mut Lab)) {
    if !nix::unistd::geteuid().is_root() && std::env::var_os(INSIDE).is_none() {
        return again_as_root(test);
    }
    match Lab::new() {
        Ok(mut lab) => run(&mut lab),
        Err(why) => no_namespaces(&why),
    }
}

fn again_as_root(test: &str) {
    let root = ["--map-root-user", "--net"];
    let possible = Command::new("unshare").args(root).arg("true").status();
    if !possible.is_ok_and(|status| status.success()) {
        return no_namespaces("no namespace of users");
    }
    let own = std::env::current_exe().expect("a test binary");
    let mut again = Command::new("unshare");
    again
        .args(root)
        .arg(own)
        .args(["--exact", test])
        .env(INSIDE, "1");
    assert!(again.status().expect("it runs").success());
}

fn no_namespaces(why: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "no network namespaces: {why}"
    );
    // Not through the harness, which would swallow it.
    let _ = writeln!(
        std::io::stderr(),
        "not tested, there are no network namespaces here: {why}"
    );
}

impl Lab {
    fn new() -> Result<Lab, String> {
        let mut lab = Lab {
            server: namespace()?,
            client: namespace()?,
            others: Vec::new(),
            state: tempfile::tempdir().map_err(|error| error.to_string())?,
        };
        let (server, client) = (lab.server.id().to_string(), lab.client.id().to_string());
        tried(
            Command::new("ip")
                .args(["link", "add", OUTSIDE, "netns", &server])
                .args(["type", "veth", "peer", "name", "in0", "netns", &client]),
        )?;
        lab.on_server("ip addr add 198.51.100.1/24 dev outside0");
        lab.on_server("ip -6 addr add 2001:db8::1/64 dev outside0 nodad");
        lab.on_server("ip link set outside0 up");
        lab.on_server("ip link set lo up");
        for host in 2..=9 {
            lab.on_client(&format!("ip addr add 198.51.100.{host}/24 dev in0"));
        }
        lab.on_client("ip addr add 192.168.77.2/24 dev in0");
        lab.on_client("ip -6 addr add 2001:db8::2/64 dev in0 nodad");
        lab.on_client("ip link set in0 up");
        lab.on_server("ip route add 192.168.77.0/24 dev outside0");
        lab.start_server();
        Ok(lab)
    }

    /// Runs a command on the server's host and gives what it prints.
    pub(crate) fn on_server(&self, line: &str) -> String {
        ran(inside(&self.server, line), line)
    }

    fn on_client(&self, line: &str) -> String {
        ran(inside(&self.client, line), line)
    }

    /// `packets.py` on the other host.
    pub(crate) fn packets(&self, line: &str) -> String {
        self.on_client(&format!("python3 {} {line}", packets()))
    }

    /// `ringwall` on the server's host, with the state of the server.
    pub(crate) fn ringwall(&self, words: &str) -> String {
        let (binary, state) = (env!("CARGO_BIN_EXE_ringwall"), self.state.path());
        self.on_server(&format!("{binary} {words} --state {}", state.display()))
    }

    /// `ringwall firewall` for what the server listens on.
    pub(crate) fn firewall(&self, words: &str) -> String {
        self.ringwall(&format!("firewall {words} --interface {OUTSIDE} {LISTEN}"))
    }

    /// Accepts connections on a port of the server's host.
    pub(crate) fn listen(&mut self, port: u16) {
        let line = format!("python3 {} listen {SERVER} {port}", packets());
        self.spawn(&line, "listening");
    }

    /// Packets that the rule with this comment has counted.
    pub(crate) fn counted(&self, comment: &str) -> u64 {
        let text = self.on_server("nft -j list table inet ringwall");
        let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let rules = all["nftables"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| &one["rule"]);
        let named = rules.filter(|rule| rule["comment"] == comment);
        let expressions = named.flat_map(|rule| rule["expr"].as_array().expect("a rule"));
        expressions
            .filter_map(|one| one["counter"]["packets"].as_u64())
            .sum()
    }

    /// Kills the server, does what is to be done without it, and starts it again.
    pub(crate) fn without_server(&mut self, run: impl FnOnce(&Lab)) {
        let mut server = self.others.remove(0);
        let ended = server.kill().and_then(|()| server.wait());
        ended.expect("the server ends");
        run(self);
        self.start_server();
    }

    fn start_server(&mut self) {
        let (binary, state) = (env!("CARGO_BIN_EXE_ringwall"), self.state.path().display());
        let line = format!("{binary} --domain example.test -E --debug 2 --state {state} {LISTEN}");
        self.spawn(&line, "listening on tls");
    }

    fn spawn(&mut self, line: &str, until: &str) {
        let mut command = inside(&self.server, &format!("{line} 2>&1"));
        let mut child = command.stdout(Stdio::piped()).spawn().expect(line);
        let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        self.others.push(child);
        let mut seen = Vec::new();
        while !seen
            .last()
            .is_some_and(|line: &String| line.contains(until))
        {
            seen.push(
                said.next()
                    .unwrap_or_else(|| panic!("{line}: {seen:#?}"))
                    .expect("text"),
            );
        }
        // What it says later must not stop it.
        std::thread::spawn(move || said.count());
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let holders = [&mut self.server, &mut self.client];
        for child in self.others.iter_mut().chain(holders) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits for something that takes some seconds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

const LISTEN: &str = "-l udp:198.51.100.1:5060 -l udp:[2001:db8::1]:5060 -l tcp:198.51.100.1:5060 -l tls:198.51.100.1:5061";

/// A process that holds a network namespace.
fn namespace() -> Result<Child, String> {
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", "echo; exec sleep 600"]);
    let spawned = command.stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| error.to_string())?;
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().ok_or("no pipe")?);
    let read = said.read_line(&mut line);
    match read.is_ok() && line == "\n" {
        true => Ok(child),
        false => Err("unshare --net is refused".to_owned()),
    }
}

fn inside(host: &Child, line: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/proc/{}/ns/net", host.id()));
    command.args(["sh", "-c", &format!("exec {line}")]);
    command.stdin(Stdio::null());
    command
}

fn ran(mut command: Command, line: &str) -> String {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn tried(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn packets() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/firewall/packets.py");
    path.display().to_string()
}
