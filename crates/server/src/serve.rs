//! A configuration becomes a running server, until a signal ends it.

use crate::builtin::BuiltIn;
use crate::clock::{Clock, unix_ms};
use crate::commands::{self, Own, Told};
use crate::crew::{Crew, Equipment, Letters};
use crate::load::{Ground, random};
use crate::process::Process;
use crate::stores::Late;
use crate::{banner, open, panics, scheduling, tasks};
use control::{Answering, Controls};
use edge::{Edge, Keys, Limits};
use policy::{Config, ControlSocket, Identity, Level};
use script::Defines;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a server starts from.
pub(crate) struct Setup<'a> {
    pub(crate) config: Config,
    /// The names that the preprocessor knows.
    pub(crate) defines: Defines,
    pub(crate) ground: &'a Ground,
    pub(crate) clock: Clock,
    pub(crate) process: &'a Process,
    /// The built-in policy, where that is what runs.
    pub(crate) built_in: Option<&'a BuiltIn>,
}

/// A running server.
pub(crate) struct Server<'a> {
    crew: Crew,
    signals: Signals,
    edge: Arc<Edge>,
    controls: Controls,
    process: &'a Process,
    ground: &'a Ground,
    /// What waits for databases.
    late: Late,
}

impl<'a> Server<'a> {
    /// Opens sockets and databases and starts the workers.
    ///
    /// # Errors
    /// A sentence about the first thing that does not work; nothing is left open then.
    pub(crate) fn start(setup: Setup<'a>) -> Result<Server<'a>, String> {
        let Setup {
            mut config,
            defines,
            ground,
            clock,
            process,
            built_in,
        } = setup;
        panics::log_them(ground.logger.clone());
        scheduling::let_senders_finish();
        // Before anybody can know that the server is there: what it made by then is put away in order.
        let signals = Signals::heeded()?;
        let letters = Letters::new();
        let open = open::open(&config, &letters.posts, ground)?;
        process.write_pid_files()?;
        process.drop_privileges()?;
        ground
            .databases
            .connect_for(&config.installed.databases.lock(), &ground.logger)?;
        let store = own_store(ground, built_in)?;
        let has_users = match &store {
            Some((_, store)) => !control::accounts::list(&**store)?.is_empty(),
            None => false,
        };
        let told = Told {
            defines: &defines,
            counters: &ground.counters,
            streams: open.streams.as_ref(),
            built_in: store,
        };
        commands::add(&mut config, told);
        let late = tasks::run_start(&mut config, &ground.databases, &ground.logger)?;
        let (identity, per_socket) = (Arc::new(config.identity.clone()), children(&config));
        let wanted = std::mem::take(&mut config.installed.controls);
        let edge = edge(config, ground);
        let equipment = Equipment {
            edge: edge.clone(),
            identity: identity.clone(),
            clock,
            tls: ground.tls.clone(),
            panics: panics::counter(&ground.counters),
            bans: ground.states.bans().clone(),
            logger: ground.logger.clone(),
            per_socket,
        };
        let crew = Crew::start(&equipment, open, letters)?;
        let controls = open_controls(&wanted, process, &edge, ground)?;
        say_ready(built_in, &identity, has_users, ground);
        Ok(Server {
            crew,
            signals,
            edge,
            controls,
            process,
            ground,
            late,
        })
    }

    /// Serves until SIGINT or SIGTERM, or until a worker dies.
    ///
    /// # Errors
    /// A sentence, where a worker died.
    pub(crate) fn run(self) -> Result<(), String> {
        let mut died = false;
        while !self.signals.ended.load(Ordering::Relaxed) && !died {
            std::thread::sleep(Duration::from_millis(200));
            died = self.crew.is_broken();
            if self.signals.hung_up.swap(false, Ordering::Relaxed) {
                self.ground.logger.log(Level::Notice, "core", || {
                    "SIGHUP: the server goes on; commands such as tls.reload read files again"
                        .to_owned()
                });
            }
        }
        self.stop();
        if died {
            Err("a worker thread died; see the log".to_owned())
        } else {
            Ok(())
        }
    }

    fn stop(mut self) {
        self.controls.close();
        self.crew.stop();
        self.late.end();
        tasks::run_stop(&self.edge.config());
        self.ground.databases.close();
        self.process.remove_pid_files(&self.ground.logger);
    }
}

/// The database of the built-in policy, with its tables.
fn own_store<'a>(
    ground: &Ground,
    built_in: Option<&'a BuiltIn>,
) -> Result<Option<Own<'a>>, String> {
    let Some(built_in) = built_in else {
        return Ok(None);
    };
    let store = ground.databases.connected(&built_in.database_url())?;
    control::accounts::create_tables(&*store)?;
    Ok(Some((built_in, store)))
}

fn edge(config: Config, ground: &Ground) -> Arc<Edge> {
    let number = || u64::from_le_bytes(random());
    let keys = Keys {
        hashing: std::array::from_fn(|_| number()),
        tags: std::array::from_fn(|_| number()),
        branches: std::array::from_fn(|_| random()),
        first_label: u32::from_le_bytes(random()),
    };
    let limits = Limits::default();
    Arc::new(Edge::new(Arc::new(config), limits, keys, &ground.world()))
}

fn open_controls(
    wanted: &[ControlSocket],
    process: &Process,
    edge: &Arc<Edge>,
    ground: &Ground,
) -> Result<Controls, String> {
    let edge = edge.clone();
    let answering: Answering = Arc::new(move |document: &[u8]| {
        let config = edge.config();
        policy::execute_json_rpc(&config.installed.rpcs, document, unix_ms() / 1000)
    });
    let mut controls = Controls::default();
    for socket in wanted {
        match controls.open(socket, &process.run_dir, &answering) {
            Ok(()) => {}
            Err(why) if socket.required => return Err(format!("{}: {why}", socket.module)),
            Err(why) => ground.logger.log(Level::Warn, socket.module, || {
                format!("no commands are taken here: {why}")
            }),
        }
    }
    Ok(controls)
}

fn say_ready(built_in: Option<&BuiltIn>, identity: &Identity, has_users: bool, ground: &Ground) {
    if let Some(built_in) = built_in {
        eprint!("{}", banner::lines(built_in, identity, has_users));
    }
    for socket in &identity.sockets {
        ground.logger.log(Level::Info, "core", || {
            format!("listening on {}:{}", socket.proto.name(), socket.addr)
        });
    }
}

/// A flag that SIGINT and SIGTERM set.
/// Signals that came.
struct Signals {
    /// SIGINT and SIGTERM: the server is to end.
    ended: Arc<AtomicBool>,
    /// SIGHUP: as with Kamailio, a terminal that is closed ends no server.
    hung_up: Arc<AtomicBool>,
}

impl Signals {
    fn heeded() -> Result<Signals, String> {
        let signals = Signals {
            ended: Arc::default(),
            hung_up: Arc::default(),
        };
        for (signal, flag) in [
            (SIGINT, &signals.ended),
            (SIGTERM, &signals.ended),
            (SIGHUP, &signals.hung_up),
        ] {
            signal_hook::flag::register(signal, flag.clone()).map_err(|error| error.to_string())?;
        }
        Ok(signals)
    }
}

fn children(config: &Config) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match config.core.children {
        0 => cores,
        // Threads beyond the cores only add wake-ups: Kamailio needs them because its workers block.
        wanted => wanted.min(cores),
    }
}
