//! The threads of a server: UDP workers, stream workers, timers of modules.

use crate::clock::Clock;
use crate::firewall::Feeder;
use crate::load::random;
use crate::open::Open;
use crate::wire::{Asker, Guarded, Hands, ModuleTimers, Names, Post, StreamWorker, Tls, UdpWorker};
use edge::{Edge, Worker};
use net::stream::Streams;
use net::udp::Workers;
use policy::{BansLink, Counter, Identity, Logger};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use tokio::runtime::Runtime;

/// Running threads.
pub(crate) struct Crew {
    workers: Workers,
    threads: Vec<JoinHandle<()>>,
    streams: Option<Streams>,
    stop: Arc<AtomicBool>,
    /// The runtime of the name server client; it ends with the crew.
    _runtime: Runtime,
}

/// Threads for connections and answers.
pub(crate) const STREAM_WORKERS: usize = 2;

/// The letter boxes of the stream workers, made before the sockets that fill them.
pub(crate) struct Letters {
    pub(crate) posts: Vec<Post>,
    ends: Vec<Receiver<crate::wire::Letter>>,
}

impl Letters {
    pub(crate) fn new() -> Letters {
        let (posts, ends) = (0..STREAM_WORKERS).map(|_| Post::new()).unzip();
        Letters { posts, ends }
    }
}

/// What every worker is made from.
pub(crate) struct Equipment {
    pub(crate) edge: Arc<Edge>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) clock: Clock,
    pub(crate) tls: Tls,
    pub(crate) panics: Counter,
    pub(crate) bans: BansLink,
    pub(crate) logger: Logger,
    /// UDP workers on each socket.
    pub(crate) per_socket: usize,
}

impl Crew {
    /// Starts all threads.
    ///
    /// # Errors
    /// A sentence, where the system has no thread for one.
    pub(crate) fn start(
        equipment: &Equipment,
        open: Open,
        letters: Letters,
    ) -> Result<Crew, String> {
        let runtime = runtime()?;
        let stop = Arc::new(AtomicBool::new(false));
        let hands = Hands {
            sockets: open.sockets.clone(),
            streams: open.streams.clone(),
            tls: equipment.tls.clone(),
            asker: Asker::new(
                letters.posts.into(),
                Names::of_system(runtime.handle().clone()),
            ),
        };
        let mut threads = Vec::new();
        for letters in letters.ends {
            let worker = equipment.stream_worker(&hands, letters);
            let stop = stop.clone();
            threads.push(thread("stream", move || worker.run(&stop))?);
        }
        let (timers, stop_timers) = (ModuleTimers(equipment.edge.clone()), stop.clone());
        threads.push(thread("timers", move || timers.run(&stop_timers))?);
        let feeder = Feeder::new(equipment.bans.clone(), equipment.logger.clone());
        let stop_feeder = stop.clone();
        threads.push(thread("firewall", move || feeder.run(&stop_feeder))?);
        let workers = Workers::start(&open.sockets, equipment.per_socket, |_| {
            equipment.udp_worker(&hands)
        });
        Ok(Crew {
            workers: workers.map_err(|error| error.to_string())?,
            threads,
            streams: open.streams,
            stop,
            _runtime: runtime,
        })
    }

    /// True where a thread has ended though nobody told it to.
    pub(crate) fn is_broken(&self) -> bool {
        self.workers.any_finished() || self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Stops all threads and closes all sockets.
    pub(crate) fn stop(self) {
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
    }
}

impl Equipment {
    fn worker(&self) -> Guarded {
        let seed = u64::from_le_bytes(random());
        let mut clock = self.clock;
        let worker = Worker::new(self.edge.clone(), clock.now(), seed);
        Guarded::new(worker, self.panics.clone())
    }

    fn stream_worker(&self, hands: &Hands, letters: Receiver<crate::wire::Letter>) -> StreamWorker {
        StreamWorker {
            worker: self.worker(),
            hands: hands.clone(),
            clock: self.clock,
            identity: self.identity.clone(),
            letters,
        }
    }

    fn udp_worker(&self, hands: &Hands) -> UdpWorker {
        UdpWorker {
            worker: self.worker(),
            hands: hands.clone(),
            clock: self.clock,
            identity: self.identity.clone(),
        }
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, String> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|error| format!("a worker thread does not start: {error}"))
}

fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("names")
        .enable_all()
        .build()
        .map_err(|error| format!("the name server client does not start: {error}"))
}
