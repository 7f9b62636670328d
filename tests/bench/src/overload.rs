//! `bench overload`: calls offered against calls served, up to three times the capacity of a server.
//!
//! Capacity is cut by a quota of processor time, the same for all servers, so that the load generator is not the limit. It
//! is the most that a server was seen to serve when more and more was offered. A call is served when it was set up and
//! released, and nobody in it waited for longer than [`sipp::PATIENCE_MS`].

use crate::arguments::{self, Named};
use crate::ground::Ground;
use crate::measure::median;
use crate::quota::Quota;
use crate::server::Server;
use crate::sipp::{self, Answering, Served};
use crate::workload::{self, Callee, Load, Wire, Workload};
use std::fmt::Write;

/// The first word of the command line.
pub(crate) const WORD: &str = "overload";
/// What is offered, as multiples of the capacity.
const FACTORS: [f64; 6] = [0.5, 0.8, 1.0, 1.5, 2.0, 3.0];
/// Calls a second and seconds while it is looked for what a call costs, where the search for the peak begins.
const TRIAL: (u64, u64) = (300, 6);
/// A whole processor, which is more than the trial needs.
const WHOLE: u64 = 100;
/// So much more is offered with each step of that search, as long as so much more is served.
const STEP: f64 = 1.3;
const GAIN: f64 = 1.03;
/// The workloads whose calls are offered.
const WORKLOADS: [&str; 4] = ["call", "call-tcp", "call-busy", "call-busy-tcp"];

const HEAD: &str = "\
| transport | server | offered, of capacity | offered a second | served a second | of the peak | refused a second | set up in ms | sent again a second |
|---|---|---|---|---|---|---|---|---|";

/// What is measured.
struct Wanted {
    servers: Vec<Named>,
    workloads: Vec<&'static Workload>,
    runs: u64,
    percent: u64,
    seconds: u64,
}

/// Offers what the words ask for and prints the curves.
///
/// # Errors
/// The usage, or a sentence where a server does not run or cannot be held to a quota.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let wanted = parse(words)?;
    println!("{HEAD}");
    for workload in &wanted.workloads {
        for server in &wanted.servers {
            print!("{}", curve(&wanted, server, workload)?);
        }
    }
    Ok(())
}

/// The rows of one server over one transport.
fn curve(wanted: &Wanted, server: &Named, workload: &Workload) -> Result<String, String> {
    let capacity = capacity(wanted, server, workload)?;
    let mut points = Vec::new();
    for factor in FACTORS {
        let rate = (capacity * factor).round().max(1.0) as u64;
        let runs: Result<Vec<Served>, String> = (0..wanted.runs)
            .map(|_| offer(wanted.percent, server, workload, (rate, wanted.seconds)))
            .map(|run| run.map(|(served, _)| served))
            .collect();
        points.push((factor, runs?));
    }
    let served = |runs: &[Served]| median(runs.iter().map(|run| run.served));
    let peak = points
        .iter()
        .map(|(_, runs)| served(runs))
        .fold(capacity, f64::max);
    let mut rows = String::new();
    for (factor, runs) in &points {
        let of = |value: fn(&Served) -> f64| median(runs.iter().map(value));
        let done = writeln!(
            rows,
            "| {} | {} | {factor} | {:.0} | {:.0} | {:.2} | {:.0} | {:.0} | {:.0} |",
            wire_of(workload),
            server.name,
            of(|run| run.offered),
            served(runs),
            served(runs) / peak,
            of(|run| run.refused),
            of(|run| run.setup_ms),
            of(|run| run.again),
        );
        done.map_err(|error| error.to_string())?;
    }
    Ok(rows)
}

/// Calls a second that are served at most. What a call costs where there is no lack tells where to begin: with many at once each
/// costs less.
fn capacity(wanted: &Wanted, server: &Named, workload: &Workload) -> Result<f64, String> {
    let (_, ns) = offer(WHOLE, server, workload, TRIAL)?;
    let calls = (TRIAL.0 * TRIAL.1) as f64;
    let mut rate = wanted.percent as f64 * 1e7 / (ns as f64 / calls).max(1.0) / STEP;
    let mut most = 0.0;
    loop {
        let load = (rate.round().max(1.0) as u64, wanted.seconds);
        let (served, _) = offer(wanted.percent, server, workload, load)?;
        if served.served <= most * GAIN {
            return match f64::max(most, served.served) {
                0.0 => Err(format!("{} serves nothing", server.name)),
                most => Ok(most),
            };
        }
        most = served.served;
        rate *= STEP;
    }
}

/// One run against a new server; with the processor time that it took, in nanoseconds.
fn offer(
    percent: u64,
    server: &Named,
    workload: &Workload,
    (rate, seconds): (u64, u64),
) -> Result<(Served, u64), String> {
    let Load::Sipp {
        caller,
        callee: Callee::Sipp(callee),
        wire,
    } = workload.load
    else {
        return Err(usage());
    };
    let ground = Ground::new()?;
    let quota = Quota::new(percent)?;
    let command = ground.command(server, workload)?;
    let server = Server::start(&command, ground.path(), ground.port)?;
    quota.hold(&server.tree())?;
    let _callee = Answering::start(&ground, callee, wire)?;
    let before = server.tree().cpu_ns();
    let served = sipp::offer(&ground, caller, wire, rate, seconds)?;
    let spent = server.tree().cpu_ns().saturating_sub(before);
    // The group can go when nothing is in it.
    drop(server);
    Ok((served, spent))
}

fn wire_of(workload: &Workload) -> &'static str {
    match workload.load {
        Load::Sipp {
            wire: Wire::Tcp, ..
        } => "TCP",
        _ => "UDP",
    }
}

fn parse(words: &[String]) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        servers: Vec::new(),
        workloads: Vec::new(),
        runs: 1,
        percent: 10,
        seconds: 20,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(name) = WORKLOADS.iter().find(|name| *name == word) {
            wanted.workloads.extend(workload::find(name));
            continue;
        }
        let value = words.next().ok_or_else(usage)?;
        let number = value.parse().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(usage);
        match word.as_str() {
            "--server" => wanted.servers.push(arguments::named(value)?),
            "--runs" => wanted.runs = number?,
            "--percent" => wanted.percent = number?,
            "--seconds" => wanted.seconds = number?,
            _ => return Err(usage()),
        }
    }
    if wanted.servers.is_empty() {
        wanted.servers = arguments::both()?;
    }
    if wanted.workloads.is_empty() {
        wanted.workloads = WORKLOADS
            .iter()
            .filter_map(|name| workload::find(name))
            .collect();
    }
    Ok(wanted)
}

fn usage() -> String {
    let names = WORKLOADS.join("|");
    format!(
        "overload [--server NAME=COMMAND]... [--runs N] [--percent N] [--seconds N] [{names}]...\n\
         --percent is the quota, in hundredths of a processor, 10 at least"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_what_is_measured() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let wanted = parse(&words("--percent 20 --runs 3 call-tcp")).unwrap();
        assert_eq!((wanted.percent, wanted.runs, wanted.seconds), (20, 3, 20));
        assert_eq!(wanted.servers.len(), 2);
        assert_eq!(wire_of(wanted.workloads[0]), "TCP");
        for wrong in ["--runs", "--runs 0", "options", "--percent x"] {
            assert!(parse(&words(wrong)).is_err(), "{wrong}");
        }
    }
}
