//! Servers in turn.

use crate::arguments::{Named, Wanted};
use crate::floor;
use crate::ground::Ground;
use crate::load;
use crate::measure::Sample;
use crate::needs;
use crate::server::Server;
use crate::table::{self, Row};
use crate::workload::Workload;

/// Runs everything that is wanted and prints a table row by row.
///
/// # Errors
/// A sentence, where this program does not know its own name. A server that does not run a workload is out of it, with
/// the reason on standard error; an operation that failed is counted in the table.
pub(crate) fn run(wanted: &Wanted) -> Result<(), String> {
    println!("{}", table::HEAD);
    for workload in &wanted.workloads {
        let mut contestants = contestants(wanted, workload)?;
        for _ in 0..wanted.runs {
            for contestant in &mut contestants {
                contestant.run(workload, wanted);
            }
        }
        let first = contestants.first().map(|one| one.samples.clone());
        let first = first.unwrap_or_default();
        for one in &contestants {
            match &one.out {
                None => println!(
                    "{}",
                    Row::new(workload.name, &one.named.name, &one.samples, &first)
                ),
                Some(why) => eprintln!("{} is out of {}: {why}", one.named.name, workload.name),
            }
        }
    }
    Ok(())
}

/// A server in one workload.
struct Contestant {
    named: Named,
    samples: Vec<Sample>,
    /// Why it takes no further turn.
    out: Option<String>,
}

/// The servers, and bare sockets as the last of them.
fn contestants(wanted: &Wanted, workload: &Workload) -> Result<Vec<Contestant>, String> {
    let mut servers = wanted.servers.clone();
    if wanted.floor {
        servers.extend(floor::server(workload)?);
    }
    let contestant = |named| Contestant {
        named,
        samples: Vec::new(),
        out: None,
    };
    Ok(servers.into_iter().map(contestant).collect())
}

impl Contestant {
    fn run(&mut self, workload: &Workload, wanted: &Wanted) {
        if self.out.is_some() {
            return;
        }
        match once(&self.named, workload, wanted) {
            Ok(sample) => self.samples.push(sample),
            Err(why) => self.out = Some(why),
        }
    }
}

fn once(server: &Named, workload: &Workload, wanted: &Wanted) -> Result<Sample, String> {
    let ground = Ground::new()?;
    let _provided = needs::provide(workload.needs, &ground)?;
    let command = ground.command(server, workload)?;
    let server = Server::start(&command, ground.path(), ground.port)?;
    let mut load = load::ready(workload, &ground)?;
    let before = server.tree();
    let (cpu_ns, memory) = (before.cpu_ns(), before.memory());
    let outcome = load.run(
        wanted.rate.unwrap_or(workload.rate),
        wanted.operations.unwrap_or(workload.operations),
    )?;
    let after = server.tree();
    let (cpu_then, memory_then) = (after.cpu_ns(), after.memory());
    Ok(Sample {
        outcome,
        cpu_ns: cpu_then.saturating_sub(cpu_ns),
        memory: memory_then,
        grown: memory_then.saturating_sub(memory),
    })
}
