//! Starting the server: script, database, edge.

use super::command::Command;
use super::database;
use super::files::Disk;
use super::{BEGINNING_UNIX_MS, Lines};
use crate::scenario::{LOG_LEVEL, Row};
use crate::{Scenario, Script};
use edge::{Edge, Keys, Limits};
use policy::{
    Addresses, Config, Counters, Loader, Logger, SourceOf, StartTask, States, Stores, Surroundings,
    World,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, mpsc};
use store::keys::{KeyServer, KeyStore, MemoryKeys};
use store::{Cell, Name, Store, Write};

/// A server that is ready.
pub(super) struct Booted {
    pub(super) edge: Arc<Edge>,
    pub(super) config: Arc<Config>,
}

/// Loads the script of a scenario and runs the start tasks.
///
/// # Errors
/// The findings, as people see them.
pub(super) fn boot(
    scenario: &Scenario,
    rng: &mut fastrand::Rng,
    log: Arc<Lines>,
) -> Result<Booted, String> {
    let script = with_places(scenario);
    let command = Command::of(&script)?;
    let options = script::Options {
        defines: defines(&command),
        modules: command.extra.modules.clone(),
        ..script::Options::default()
    };
    let parsed = script::parse(&Disk { script: &script }, &command.file, &options);
    let speaks_sql = scenario.text.contains("loadmodule \"sqlops");
    let database = database::make(speaks_sql, &scenario.surroundings.rows)?;
    let (counters, states) = (Counters::default(), States::default());
    states.set_surroundings(Surroundings {
        pid: 1,
        started_s: BEGINNING_UNIX_MS / 1000,
        host_name: "simulated.test".to_owned(),
        config_file: command.file.clone(),
        read_file: Some(super::files::reader(&script)),
        ..Surroundings::default()
    });
    let stores = One(database, Arc::default());
    let world = World {
        counters: &counters,
        states: &states,
        stores: &stores,
    };
    let loader = Loader {
        entries: modules::ALL,
        world,
        logger: Logger::new(3, log),
        secret: bytes(rng),
        addresses: &Loopback,
        extra: command.extra,
    };
    let logger = loader.logger.clone();
    let ready = loader.load(&parsed);
    let ready = ready.map_err(|findings| script::render(&findings, &parsed.sources, false))?;
    let config = ready.config;
    logger.set_level(match scenario.leaves_log_level() {
        true => LOG_LEVEL,
        false => i32::try_from(config.core.debug).unwrap_or(i32::MAX),
    });
    run(std::mem::take(&mut *config.installed.start.lock()))?;
    let config = Arc::new(config);
    let edge = Edge::new(config.clone(), Limits::default(), keys(rng), &world);
    Ok(Booted {
        edge: Arc::new(edge),
        config,
    })
}

/// The path of a database means nothing here.
fn with_places(scenario: &Scenario) -> Script {
    let script = &scenario.script;
    let filled = |text: &String| {
        let text = text.replace("{db}", "/simulated.sqlite");
        text.replace("{here}", &scenario.folder())
    };
    Script {
        text: script.text.as_ref().map(filled),
        files: script.files.clone(),
        arguments: script
            .arguments
            .as_ref()
            .map(|words| words.iter().map(filled).collect()),
    }
}

fn defines(command: &Command) -> Vec<(String, Option<String>)> {
    let ours = ["KAMAILIO", "KAMAILIO_5", "KAMAILIO_5_6", "RINGWALL"];
    let ours = ours.iter().map(|name| ((*name).to_owned(), None));
    ours.chain(command.defines.iter().cloned()).collect()
}

fn run(tasks: Vec<StartTask>) -> Result<(), String> {
    for task in tasks {
        let (sender, done) = mpsc::channel();
        task.run(Box::new(move |result| {
            // Nobody listens any more once a task before has failed.
            let _ = sender.send(result);
        }));
        done.try_recv().map_err(|_| "a start task did not end")??;
    }
    Ok(())
}

impl Row {
    /// The row as an insert: numbers and texts as the table has them.
    pub(crate) fn write(&self) -> Result<Write, String> {
        let schema = store::schema::find(&self.table)
            .ok_or_else(|| format!("there is no table {}", self.table))?;
        let mut row = Vec::new();
        for (name, value) in &self.columns {
            let columns = &mut schema.columns.iter();
            let column = columns.find(|column| column.name.as_str() == name);
            let column = column.ok_or_else(|| format!("{} has no column {name}", self.table))?;
            row.push((column.name.clone(), cell(column.kind, value)?));
        }
        let table = Name::parse(&self.table).map_err(|error| error.to_string())?;
        Ok(Write::Insert { table, row })
    }
}

fn cell(kind: store::schema::Kind, value: &str) -> Result<Cell, String> {
    use store::schema::Kind;
    let wrong = || format!("`{value}` is no number");
    Ok(match kind {
        Kind::Text(_) | Kind::LongText => Cell::text(value),
        Kind::Int | Kind::Unsigned | Kind::SmallInt | Kind::SmallUnsigned => {
            Cell::Int(value.parse().map_err(|_| wrong())?)
        }
        Kind::Time => Cell::Time(value.parse().map_err(|_| wrong())?),
        Kind::Real(_) => Cell::Real(value.parse().map_err(|_| wrong())?),
    })
}

/// Every URL is the one database of the scenario, every server of keys is in memory.
struct One(Arc<dyn Store>, Arc<MemoryKeys>);

impl Stores for One {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        store::DbUrl::parse(url).map_err(|error| error.to_string())?;
        Ok(self.0.clone())
    }

    fn keys(&self, _: &KeyServer) -> Result<Arc<dyn KeyStore>, String> {
        Ok(self.1.clone())
    }
}

/// A machine with nothing but a loopback interface.
struct Loopback;

impl Addresses for Loopback {
    fn of_name(&self, name: &str) -> Vec<IpAddr> {
        match name {
            "lo" | "localhost" => self.all(),
            _ => Vec::new(),
        }
    }

    fn all(&self) -> Vec<IpAddr> {
        vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]
    }

    fn host_names(&self) -> Vec<String> {
        vec!["localhost".to_owned()]
    }

    fn source(&self) -> Option<SourceOf> {
        Some(Arc::new(|_| Some(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }
}

fn keys(rng: &mut fastrand::Rng) -> Keys {
    Keys {
        hashing: std::array::from_fn(|_| rng.u64(..)),
        tags: std::array::from_fn(|_| rng.u64(..)),
        branches: std::array::from_fn(|_| bytes(rng)),
        first_label: rng.u32(..),
    }
}

fn bytes<const N: usize>(rng: &mut fastrand::Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}
