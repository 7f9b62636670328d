//! What is left when the server is killed at work.

use ringwall_e2e::{Database, PATIENCE, Probe, Scratch, Server, Subject, ports, status_of, until};
use std::collections::BTreeSet;
use std::path::Path;

/// Registrations on their way at a time.
const WINDOW: u32 = 50;
/// Registrations acknowledged before the server is killed.
const ENOUGH: usize = 400;

/// Mode 1 writes through: what was acknowledged is there.
#[test]
fn acknowledged_registrations_survive_a_kill() {
    let stage = Stage::new(1);
    let server = stage.start();
    let acknowledged = stage.register_until_killed(server);
    assert!(acknowledged.len() >= ENOUGH);
    let stored = stage.stored();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");

    let _server = stage.start();
    stage.find_all(&acknowledged);
}

/// Mode 1 writes through: a request that comes again while the first waits for the database is not
/// answered before it.
#[test]
fn a_retransmission_is_not_acknowledged_before_the_write() {
    let stage = Stage::new(1);
    let _server = stage.start();
    let mut probe = Probe::new(stage.port);
    let lock = stage.database.lock();
    stage.register(&mut probe, "patient");
    for _ in 0..5 {
        probe.repeat();
        assert_eq!(probe.receive(), None);
    }
    drop(lock);
    let answer = until("the registration", PATIENCE, || probe.receive());
    assert_eq!(registered(&answer).as_deref(), Some("patient"));
    assert!(stage.stored().contains("patient"));
}

/// Mode 2 writes with its timer: what the timer wrote is there.
#[test]
fn written_back_registrations_survive_a_kill() {
    let stage = Stage::new(2);
    let server = stage.start();
    let mut probe = Probe::new(stage.port);
    let first: BTreeSet<String> = (0..20).map(|number| format!("early{number}")).collect();
    for user in &first {
        stage.register(&mut probe, user);
        until("a registration", PATIENCE, || probe.receive());
    }
    until("the timer writes", PATIENCE, || {
        stage.stored().is_superset(&first).then_some(())
    });
    stage.register_until_killed(server);

    let _server = stage.start();
    stage.find_all(&first);
}

struct Stage {
    scratch: Scratch,
    database: Database,
    mode: u8,
    port: u16,
}

impl Stage {
    fn new(mode: u8) -> Stage {
        let scratch = Scratch::new();
        Stage {
            database: Database::create(scratch.join("kamailio.sqlite")),
            scratch,
            mode,
            port: ports::block(1),
        }
    }

    fn start(&self) -> Server {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("cfg/registrar.cfg");
        let url = format!("-ADBURL=\"{}\"", self.database.url());
        let mode = format!("-ADBMODE={}", self.mode);
        let (dir, line) = (self.scratch.path(), [url.as_str(), &mode]);
        Server::with_file(Subject::Ringwall, dir, self.port, &file, &line)
    }

    fn register(&self, probe: &mut Probe, user: &str) {
        let contact = format!("Contact: <sip:{user}@127.0.0.1:9>\r\nExpires: 600\r\n");
        let aor = format!("sip:{user}@127.0.0.1");
        probe.send(
            "REGISTER",
            &format!("sip:127.0.0.1:{}", self.port),
            &aor,
            &contact,
        );
    }

    /// Keeps registrations on their way until enough are acknowledged, kills the server with the rest
    /// under way, and tells who was acknowledged.
    fn register_until_killed(&self, server: Server) -> BTreeSet<String> {
        let mut probe = Probe::new(self.port);
        let (mut sent, mut acknowledged) = (0, BTreeSet::new());
        until("enough registrations", PATIENCE, || {
            while sent < WINDOW + u32::try_from(acknowledged.len()).unwrap_or(u32::MAX) {
                self.register(&mut probe, &format!("user{sent}"));
                sent += 1;
            }
            acknowledged.extend(probe.receive().and_then(|message| registered(&message)));
            (acknowledged.len() >= ENOUGH).then_some(())
        });
        server.kill();
        while let Some(message) = probe.receive() {
            acknowledged.extend(registered(&message));
        }
        acknowledged
    }

    /// The users in the database, which must be whole.
    fn stored(&self) -> BTreeSet<String> {
        assert_eq!(self.database.run("PRAGMA integrity_check;"), "ok");
        let users = self.database.run("SELECT username FROM location;");
        users.lines().map(str::to_owned).collect()
    }

    /// Asks the server for each of them.
    fn find_all(&self, users: &BTreeSet<String>) {
        let mut probe = Probe::new(self.port);
        for user in users {
            let uri = format!("sip:{user}@127.0.0.1:{}", self.port);
            probe.send("MESSAGE", &uri, &uri, "");
            let answer = until("an answer", PATIENCE, || probe.receive());
            assert_eq!(status_of(&answer), Some(200), "{user}");
        }
    }
}

/// Who a positive answer to REGISTER is for.
fn registered(message: &str) -> Option<String> {
    if status_of(message) != Some(200) {
        return None;
    }
    let to = message
        .lines()
        .find_map(|line| line.strip_prefix("To: <sip:"))?;
    to.split('@').next().map(str::to_owned)
}
