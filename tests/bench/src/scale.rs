//! `bench scale`: many users, many TLS connections, and registrations that are refreshed meanwhile, on one server.

use crate::arguments::{self, Named};
use crate::ground::Ground;
use crate::needs;
use crate::process::Tree;
use crate::registrations::Registrations;
use crate::server::Server;
use crate::tls::Client;
use crate::workload::SCALE;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::time::Duration;

/// The first word of the command line.
pub(crate) const WORD: &str = "scale";
/// Registrations a second while the users come.
const COMING: u64 = 5_000;
/// TLS connections a second while they come.
const OPENING: u64 = 300;
/// Timers of the server have run in this time.
const REST: Duration = Duration::from_secs(2);

/// What is held, and for how long.
struct Size {
    server: Named,
    users: u64,
    connections: u64,
    /// Refreshes a second.
    rate: u64,
    seconds: u64,
}

/// Holds what the words ask for and prints what each of it costs.
///
/// # Errors
/// The usage, or a sentence where the server does not run or something failed.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let size = parse(words)?;
    let descriptors = raise_descriptors();
    println!("{}: {descriptors} file descriptors", size.server.name);
    let ground = Ground::new()?;
    let _provided = needs::provide(SCALE.needs, &ground)?;
    let command = ground.command(&size.server, &SCALE)?;
    let server = Server::start(&command, ground.path(), ground.port)?;
    match hold(&size, &ground, &server)? {
        0 => Ok(()),
        failed => Err(format!("{failed} operations failed")),
    }
}

/// All steps; says how many operations failed.
fn hold(size: &Size, ground: &Ground, server: &Server) -> Result<u64, String> {
    let mut watch = Watch::new(server);
    let mut phones = Registrations::new(ground)?;
    phones.one_each(0..WARM, COMING)?;
    std::thread::sleep(REST);
    watch.tell("at the start", 0);

    let failed = phones.one_each(WARM..WARM + size.users, COMING)?;
    std::thread::sleep(REST);
    let what = format!("{} users registered, {failed} failed", size.users);
    watch.tell(&what, size.users);

    let (opened, held) = Client::new(ground)?.hold(OPENING, size.connections);
    let what = format!(
        "{} TLS connections held, {} failed",
        opened.done, opened.failed
    );
    watch.tell(&what, opened.done);

    let late = refresh(size, &mut phones, &mut watch)?;
    drop(held);
    std::thread::sleep(REST);
    watch.tell("connections closed", 0);
    // An allocator looks through what was given back to it when it has to do.
    let later = refresh(size, &mut phones, &mut watch)?;
    Ok(failed + opened.failed + late + later)
}

/// Users register again, one after the other; says how many could not.
fn refresh(size: &Size, phones: &mut Registrations, watch: &mut Watch<'_>) -> Result<u64, String> {
    let (rate, count) = (size.rate, size.rate * size.seconds);
    let users = (0..count).map(|number| number % size.users.max(1));
    let again = phones.again();
    let failed = phones.one_each(users, rate)?;
    let again = phones.again() - again;
    let what = format!("{count} refreshes at {rate} a second, {failed} failed, {again} sent again");
    watch.tell(&what, count);
    Ok(failed)
}

/// Users that are there before the count begins.
const WARM: u64 = 1_000;

/// Looks at the server between the steps.
struct Watch<'a> {
    server: &'a Server,
    memory: u64,
    cpu_ns: u64,
}

impl Watch<'_> {
    fn new(server: &Server) -> Watch<'_> {
        Watch {
            server,
            memory: 0,
            cpu_ns: 0,
        }
    }

    /// Prints what came of a step, and what each of `count` took.
    fn tell(&mut self, what: &str, count: u64) {
        let tree: Tree = self.server.tree();
        let (memory, cpu_ns) = (tree.memory(), tree.cpu_ns());
        print!("{what}: {} MiB", memory >> 20);
        let grown = memory.saturating_sub(self.memory);
        if let Some(bytes) = grown.checked_div(count) {
            let us = cpu_ns.saturating_sub(self.cpu_ns) as f64 / 1e3 / count as f64;
            print!(", {bytes} bytes and {us:.1} µs each");
        }
        println!();
        (self.memory, self.cpu_ns) = (memory, cpu_ns);
    }
}

fn parse(words: &[String]) -> Result<Size, String> {
    let mut size = Size {
        server: arguments::ours()?,
        users: 200_000,
        connections: 15_000,
        rate: 2_000,
        seconds: 60,
    };
    for pair in words.chunks(2) {
        let [name, value] = pair else {
            return Err(USAGE.to_owned());
        };
        let number = value.parse().map_err(|_| USAGE.to_owned());
        match name.as_str() {
            "--server" => size.server = arguments::named(value)?,
            "--users" => size.users = number?,
            "--connections" => size.connections = number?,
            "--rate" => size.rate = number?,
            "--seconds" => size.seconds = number?,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(size)
}

const USAGE: &str =
    "scale [--server NAME=COMMAND] [--users N] [--connections N] [--rate N] [--seconds N]";

/// Takes as many file descriptors as the system gives, for this process and the server; says how many.
fn raise_descriptors() -> u64 {
    let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    // Where this fails there are as many as before.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(now, _)| now)
}
