//! A configuration becomes a running server: sockets, workers, signals, and the end.

use crate::clock::Clock;
use crate::load::{Ground, random};
use crate::wire::{
    Asker, Hands, ModuleTimers, Names, Post, StreamWorker, UdpWorker, stream_config,
};
use edge::{Edge, Keys, Limits, Worker};
use net::stream::Streams;
use net::udp::{Options, Socket, Sockets, Workers};
use policy::{Config, Identity, Proto};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

/// A running server.
pub(crate) struct Server {
    workers: Workers,
    streams: Option<Streams>,
    threads: Vec<std::thread::JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    edge: Arc<Edge>,
    /// The runtime of the name server client; it ends with the server.
    _runtime: Runtime,
}

/// Threads for connections and answers.
const STREAM_WORKERS: usize = 2;

impl Server {
    /// Opens the sockets and starts the workers.
    ///
    /// # Errors
    /// A sentence about the first thing that does not work; nothing is left open then.
    pub(crate) fn start(config: Config, ground: &Ground, clock: Clock) -> Result<Server, String> {
        ground.databases.connect()?;
        let identity = Arc::new(config.identity.clone());
        let sockets = bind(&identity)?;
        let per_socket = children(&config);
        let core = config.core.clone();
        let mut config = config;
        run_start_tasks(&mut config)?;
        let edge = Arc::new(Edge::new(
            Arc::new(config),
            Limits::default(),
            keys(),
            &ground.world(),
        ));
        let runtime = runtime()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (posts, letters): (Vec<Post>, Vec<_>) =
            (0..STREAM_WORKERS).map(|_| Post::new()).unzip();
        let streams = listen(&identity, &core, &posts)?;
        let names = Names::of_system(runtime.handle().clone());
        let hands = Hands {
            sockets: sockets.clone(),
            streams: streams.clone(),
            tls: None,
            asker: Asker::new(posts.into(), names),
        };
        let worker =
            |_: usize| Worker::new(edge.clone(), clock.now(), u64::from_le_bytes(random()));
        let mut threads: Vec<_> = letters
            .into_iter()
            .map(|letters| {
                let (hands, identity) = (hands.clone(), identity.clone());
                let stream = StreamWorker {
                    worker: worker(0),
                    hands,
                    clock,
                    identity,
                    letters,
                };
                let stop = stop.clone();
                std::thread::spawn(move || stream.run(&stop))
            })
            .collect();
        let workers = Workers::start(&sockets, per_socket, |number| UdpWorker {
            worker: worker(number),
            hands: hands.clone(),
            clock,
            identity: identity.clone(),
        })
        .map_err(|error| format!("a worker thread does not start: {}", error.0))?;
        let (timers, stop_timers) = (ModuleTimers(edge.clone()), stop.clone());
        threads.push(std::thread::spawn(move || timers.run(&stop_timers)));
        Ok(Server {
            workers,
            streams,
            threads,
            stop,
            edge,
            _runtime: runtime,
        })
    }

    /// Serves until SIGINT or SIGTERM, or until a worker dies.
    ///
    /// # Errors
    /// A sentence, where a worker died.
    pub(crate) fn run(self, ground: &Ground) -> Result<(), String> {
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, ended.clone())
                .map_err(|error| error.to_string())?;
        }
        let mut died = false;
        while !ended.load(Ordering::Relaxed) && !died {
            std::thread::sleep(Duration::from_millis(50));
            died = self.workers.any_finished();
        }
        self.stop(ground);
        if died {
            Err("a worker thread died; see the log".to_owned())
        } else {
            Ok(())
        }
    }

    fn stop(self, ground: &Ground) {
        self.stop.store(true, Ordering::Relaxed);
        self.workers.stop();
        self.workers.join();
        if let Some(streams) = &self.streams {
            streams.shutdown();
        }
        for thread in self.threads {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
        run_stop_tasks(&self.edge);
        ground.databases.close();
    }
}

fn bind(identity: &Identity) -> Result<Sockets, String> {
    let udp = identity
        .sockets
        .iter()
        .filter(|socket| socket.proto == Proto::Udp);
    let bound: Result<Vec<Socket>, _> = udp
        .map(|socket| Socket::bind(socket.addr, &Options::default()))
        .collect();
    bound.map(Sockets::new).map_err(|error| error.to_string())
}

fn listen(
    identity: &Identity,
    core: &policy::CoreParams,
    posts: &[Post],
) -> Result<Option<Streams>, String> {
    if core.disable_tcp {
        return Ok(None);
    }
    let sinks = posts.iter().map(Post::sink).collect();
    let streams = Streams::start(stream_config(core), sinks).map_err(|error| error.to_string())?;
    for socket in identity
        .sockets
        .iter()
        .filter(|socket| socket.proto == Proto::Tcp)
    {
        streams
            .listen_tcp(socket.addr)
            .map_err(|error| error.to_string())?;
    }
    Ok(Some(streams))
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

/// Runs what modules want done before the first message, one after the other.
fn run_start_tasks(config: &mut Config) -> Result<(), String> {
    for task in std::mem::take(config.installed.start.get_mut()) {
        let (sender, receiver) = std::sync::mpsc::channel();
        task(Box::new(move |outcome| drop(sender.send(outcome))));
        receiver
            .recv()
            .map_err(|_| "a start task ended without an answer".to_owned())??;
    }
    Ok(())
}

/// Gives modules half a second to write back what is only in memory.
fn run_stop_tasks(edge: &Edge) {
    let config = edge.config();
    let (sender, receiver) = std::sync::mpsc::channel();
    let tasks = std::mem::take(&mut *config.installed.stop.lock());
    let count = tasks.len();
    for task in tasks {
        let sender = sender.clone();
        task(Box::new(move |outcome| drop(sender.send(outcome))));
    }
    for _ in 0..count {
        let _ = receiver.recv_timeout(Duration::from_millis(500));
    }
}
