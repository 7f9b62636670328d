//! A configuration becomes a running server: sockets, workers, signals, and the end.

use crate::builtin::BuiltIn;
use crate::clock::{Clock, unix_ms};
use crate::load::{Ground, random};
use crate::open::{self, Open};
use crate::process::Process;
use crate::wire::{Asker, Guarded, Hands, ModuleTimers, Names, Post, StreamWorker, UdpWorker};
use crate::{banner, commands, panics, tasks};
use control::{Answering, Controls};
use edge::{Edge, Keys, Limits, Worker};
use net::stream::Streams;
use net::udp::Workers;
use policy::{Config, Identity, Level};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

/// What a server starts from.
pub(crate) struct Setup<'a> {
    pub(crate) config: Config,
    pub(crate) ground: &'a Ground,
    pub(crate) clock: Clock,
    pub(crate) process: &'a Process,
    /// The built-in policy, where that is what runs.
    pub(crate) built_in: Option<&'a BuiltIn>,
}

/// A running server.
pub(crate) struct Server<'a> {
    workers: Workers,
    streams: Option<Streams>,
    threads: Vec<std::thread::JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    /// Set by SIGINT and SIGTERM.
    ended: Arc<AtomicBool>,
    edge: Arc<Edge>,
    controls: Controls,
    process: &'a Process,
    /// The runtime of the name server client; it ends with the server.
    _runtime: Runtime,
}

/// Threads for connections and answers.
const STREAM_WORKERS: usize = 2;

impl<'a> Server<'a> {
    /// Opens sockets and databases and starts the workers.
    ///
    /// # Errors
    /// A sentence about the first thing that does not work; nothing is left open then.
    pub(crate) fn start(setup: Setup<'a>) -> Result<Server<'a>, String> {
        let Setup {
            mut config,
            ground,
            clock,
            process,
            built_in,
        } = setup;
        panics::log_them(ground.logger.clone());
        // Before anybody can know that the server is there: what it made by then is put away in order.
        let ended = heed_signals()?;
        let identity = Arc::new(config.identity.clone());
        let (posts, letters): (Vec<Post>, Vec<_>) =
            (0..STREAM_WORKERS).map(|_| Post::new()).unzip();
        let Open {
            sockets,
            streams,
            tls,
        } = open::open(&config, &posts, &ground.logger)?;
        process.write_pid_files()?;
        process.drop_privileges()?;
        ground.databases.connect()?;
        let has_users = prepare_own(&mut config, ground, built_in)?;
        tasks::run_start(&mut config)?;
        let per_socket = children(&config);
        let controls = std::mem::take(&mut config.installed.controls);
        let world = ground.world();
        let edge = Arc::new(Edge::new(
            Arc::new(config),
            Limits::default(),
            keys(),
            &world,
        ));
        let runtime = runtime()?;
        let stop = Arc::new(AtomicBool::new(false));
        let names = Names::of_system(runtime.handle().clone());
        let hands = Hands {
            sockets: sockets.clone(),
            streams: streams.clone(),
            tls,
            asker: Asker::new(posts.into(), names),
        };
        let panics = panics::counter(&ground.counters);
        let worker = || {
            let worker = Worker::new(edge.clone(), clock.now(), u64::from_le_bytes(random()));
            Guarded::new(worker, panics.clone())
        };
        let mut threads: Vec<_> = letters
            .into_iter()
            .map(|letters| {
                let (hands, identity) = (hands.clone(), identity.clone());
                let stream = StreamWorker {
                    worker: worker(),
                    hands,
                    clock,
                    identity,
                    letters,
                };
                let stop = stop.clone();
                std::thread::spawn(move || stream.run(&stop))
            })
            .collect();
        let workers = Workers::start(&sockets, per_socket, |_| UdpWorker {
            worker: worker(),
            hands: hands.clone(),
            clock,
            identity: identity.clone(),
        })
        .map_err(|error| format!("a worker thread does not start: {}", error.0))?;
        let (timers, stop_timers) = (ModuleTimers(edge.clone()), stop.clone());
        threads.push(std::thread::spawn(move || timers.run(&stop_timers)));
        let controls = open_controls(&controls, process, &edge, ground)?;
        if let Some(built_in) = built_in {
            eprint!("{}", banner::lines(built_in, &identity, has_users));
        }
        say_listening(&identity, ground);
        Ok(Server {
            workers,
            streams,
            threads,
            stop,
            ended,
            edge,
            controls,
            process,
            _runtime: runtime,
        })
    }

    /// Serves until SIGINT or SIGTERM, or until a worker dies.
    ///
    /// # Errors
    /// A sentence, where a worker died.
    pub(crate) fn run(self, ground: &Ground) -> Result<(), String> {
        let mut died = false;
        while !self.ended.load(Ordering::Relaxed) && !died {
            std::thread::sleep(Duration::from_millis(50));
            died = self.workers.any_finished()
                || self
                    .threads
                    .iter()
                    .any(std::thread::JoinHandle::is_finished);
        }
        self.stop(ground);
        if died {
            Err("a worker thread died; see the log".to_owned())
        } else {
            Ok(())
        }
    }

    fn stop(mut self, ground: &Ground) {
        self.stop.store(true, Ordering::Relaxed);
        self.controls.close();
        self.workers.stop();
        self.workers.join();
        if let Some(streams) = &self.streams {
            streams.shutdown();
        }
        for thread in self.threads {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
        tasks::run_stop(&self.edge.config());
        ground.databases.close();
        self.process.remove_pid_files();
    }
}

/// The tables of the built-in policy and the commands of this server. Says whether there are users.
fn prepare_own(
    config: &mut Config,
    ground: &Ground,
    built_in: Option<&BuiltIn>,
) -> Result<bool, String> {
    let Some(built_in) = built_in else {
        commands::add(config, None);
        return Ok(false);
    };
    let store = ground.databases.connected(&built_in.database_url())?;
    control::accounts::create_tables(&*store)?;
    let has_users = !control::accounts::list(&*store)?.is_empty();
    commands::add(config, Some((built_in, store)));
    Ok(has_users)
}

fn open_controls(
    wanted: &[policy::ControlSocket],
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
                format!("no commands here: {why}")
            }),
        }
    }
    Ok(controls)
}

fn say_listening(identity: &Identity, ground: &Ground) {
    for socket in &identity.sockets {
        ground.logger.log(Level::Info, "core", || {
            format!("listening on {}:{}", socket.proto.name(), socket.addr)
        });
    }
}

/// A flag that SIGINT and SIGTERM set.
fn heed_signals() -> Result<Arc<AtomicBool>, String> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, ended.clone()).map_err(|error| error.to_string())?;
    }
    Ok(ended)
}

fn children(config: &Config) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match config.core.children {
        0 => cores,
        // Threads beyond the cores only add wake-ups: Kamailio needs them because its workers block.
        wanted => wanted.min(cores),
    }
}

fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("names")
        .enable_all()
        .build()
        .map_err(|error| format!("the name server client does not start: {error}"))
}

fn keys() -> Keys {
    let number = || u64::from_le_bytes(random());
    Keys {
        hashing: std::array::from_fn(|_| number()),
        tags: std::array::from_fn(|_| number()),
        branches: std::array::from_fn(|_| random()),
        first_label: u32::from_le_bytes(random()),
    }
}
