//! The simulated world: workers of one edge, a virtual clock and a network, all drawn from a seed.

mod boot;
mod command;
mod database;
mod direct;
mod files;
mod names;
mod network;
mod output;
#[cfg(test)]
mod overtaking;
mod streams;
mod strike;

pub use direct::Direct;

use crate::{Arrival, Place, Scenario, Way, World};
use boot::Booted;
use bytes::Bytes;
use edge::{Edge, Input, Ticket, Worker};
use network::{Event, Queue};
use parking_lot::Mutex;
use policy::{Flow, Now, Proto, Record, Sink};
use std::net::SocketAddr;
use std::sync::Arc;
use streams::Connections;

/// The world. Two runs with one seed are the same to the last octet.
pub struct Simulated {
    edge: Arc<Edge>,
    config: Arc<policy::Config>,
    workers: Vec<Worker>,
    now_ms: u64,
    rng: fastrand::Rng,
    queue: Queue,
    connections: Connections,
    places: Vec<Place>,
    names: names::Names,
    log: Arc<Lines>,
    /// No datagram overtakes another.
    calm: bool,
    /// When each timer of a module is next due.
    timers_due_ms: Vec<u64>,
    arrivals: Vec<Arrival>,
}

impl Simulated {
    /// Starts the server of a scenario with its phones at `places`.
    ///
    /// # Errors
    /// The findings of loading the script, or what a start task said.
    pub fn start(scenario: &Scenario, places: &[Place], seed: u64) -> Result<Simulated, String> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let log = Arc::new(Lines::default());
        let Booted { edge, config } = boot::boot(scenario, &mut rng, log.clone())?;
        let now = now(0);
        let workers = 2 + rng.usize(..2);
        let timers = config.installed.timers.iter();
        let mut simulated = Simulated {
            workers: (0..workers)
                .map(|_| Worker::new(edge.clone(), now, rng.u64(..)))
                .collect(),
            timers_due_ms: timers.map(|timer| u64::from(timer.interval_ms)).collect(),
            names: names::Names::new(&scenario.surroundings.records)?,
            connections: Connections::default(),
            queue: Queue::default(),
            places: places.to_vec(),
            arrivals: Vec::new(),
            now_ms: 0,
            calm: seed == CALM_SEED,
            edge,
            config,
            rng,
            log,
        };
        // What the start tasks left in the outbox.
        simulated.input(0, Input::Tick);
        Ok(simulated)
    }

    /// How many transactions the server holds.
    pub fn transactions(&self) -> usize {
        self.edge.transactions()
    }

    /// Gives an input to a worker and carries out what it wants.
    fn input(&mut self, worker: usize, input: Input) {
        let now = now(self.now_ms);
        self.workers[worker].handle_input(now, input);
        self.carry_out(worker);
        while self.workers[worker].release() {
            self.carry_out(worker);
        }
    }

    fn carry_out(&mut self, worker: usize) {
        while let Some(output) = self.workers[worker].poll_output() {
            self.output(worker, output);
        }
    }

    /// When something happens next.
    fn next_ms(&self) -> Option<u64> {
        let ticks = self.workers.iter().filter_map(Worker::next_deadline);
        let ticks = ticks.map(policy_ms);
        let timers = self.timers_due_ms.iter().copied();
        ticks.chain(timers).chain(self.queue.next_ms()).min()
    }

    /// Does one of the things that are due, drawn from the seed.
    fn happen(&mut self) {
        let now_ms = self.now_ms;
        let due = |at: u64| at <= now_ms;
        let ticks: Vec<usize> = (0..self.workers.len())
            .filter(|&worker| {
                let deadline = self.workers[worker].next_deadline();
                deadline.map(policy_ms).is_some_and(due)
            })
            .collect();
        let event = self.queue.next_ms().is_some_and(due);
        if event && (ticks.is_empty() || self.rng.bool()) {
            if let Some(event) = self.queue.take() {
                self.arrive(event);
            }
        } else if let Some(&worker) = self.rng.choice(&ticks) {
            self.input(worker, Input::Tick);
        } else {
            self.run_timers();
        }
    }

    fn arrive(&mut self, event: Event) {
        let any = self.rng.usize(..self.workers.len());
        match event {
            Event::Datagram { flow, bytes } => {
                let input = Input::Datagram {
                    flow,
                    bytes,
                    waited_ms: 0,
                };
                self.input(any, input);
            }
            Event::Opened { flow } => {
                let worker = self.owner(flow.connection.map_or(0, |id| id.0));
                self.input(worker, Input::Opened { flow });
            }
            Event::Received { connection, bytes } => {
                let worker = self.owner(connection.0);
                let input = Input::Received {
                    connection,
                    bytes,
                    waited_ms: 0,
                };
                self.input(worker, input);
            }
            Event::Closed { connection } => {
                let worker = self.owner(connection.0);
                self.input(worker, Input::Closed { connection });
            }
            Event::Answer { ticket, answer } => self.input(any, Input::Answer { ticket, answer }),
            Event::SendFailed { worker, transmit } => {
                self.input(worker, Input::SendFailed { transmit });
            }
            Event::ToAgent(arrival) => self.arrivals.push(Arrival {
                at_ms: self.now_ms,
                ..arrival
            }),
            Event::ToAgentStream { connection, bytes } => self.agent_reads(connection, &bytes),
        }
    }

    /// The worker that a connection belongs to.
    fn owner(&self, connection: u64) -> usize {
        usize::try_from(connection).unwrap_or(0) % self.workers.len()
    }

    fn run_timers(&mut self) {
        let config = self.config.clone();
        for (timer, due) in config.installed.timers.iter().zip(&mut self.timers_due_ms) {
            if *due <= self.now_ms {
                (timer.run)(now(self.now_ms).unix_ms);
                *due = self.now_ms + u64::from(timer.interval_ms.max(1));
            }
        }
        // What the timers left in the outbox is taken with the next input of any worker.
        let any = self.rng.usize(..self.workers.len());
        self.input(any, Input::Tick);
    }

    fn answer(&mut self, ticket: Ticket, answer: policy::Answer) {
        let delay = self.rng.u64(..5);
        self.queue
            .put(self.now_ms + delay, Event::Answer { ticket, answer });
    }
}

impl World for Simulated {
    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn send(&mut self, agent: usize, way: Way, octets: Vec<u8>) -> Result<(), String> {
        let place = self.places[agent];
        if way.proto != Proto::Udp {
            return self.agent_writes(agent, way, Bytes::from(octets));
        }
        let flow = self.flow_in(way.to, place.address)?;
        let at = self.arrival_ms(place.address, way.to) + self.held_up_ms();
        let bytes = Bytes::from(octets);
        self.queue.put(at, Event::Datagram { flow, bytes });
        Ok(())
    }

    fn close(&mut self, agent: usize) {
        for connection in self.connections.of_agent(agent) {
            self.connections.remove(connection);
            self.queue
                .put(self.now_ms + 1, Event::Closed { connection });
        }
        self.queue.forget_ways(self.now_ms);
    }

    fn run_until(&mut self, at_ms: u64) -> Vec<Arrival> {
        let mut standing = 0;
        while self.arrivals.is_empty() {
            let next = self.next_ms().unwrap_or(u64::MAX);
            if next > at_ms {
                self.now_ms = self.now_ms.max(at_ms);
                break;
            }
            standing = if next > self.now_ms { 0 } else { standing + 1 };
            assert!(standing < STANDSTILL, "the clock stands still at {next} ms");
            self.now_ms = self.now_ms.max(next);
            self.happen();
        }
        std::mem::take(&mut self.arrivals)
    }

    fn log(&self) -> Vec<String> {
        self.log.0.lock().clone()
    }

    fn rpc(&mut self, name: &str, params: Vec<serde_json::Value>) -> Result<String, String> {
        let rpcs = &self.config.installed.rpcs;
        let rpc = rpcs.iter().find(|rpc| rpc.name == name);
        let rpc = rpc.ok_or_else(|| format!("no command {name}"))?;
        let now_s = now(self.now_ms).unix_s();
        let answer = (rpc.run)(&policy::RpcRequest { params, now_s });
        let answer = answer.map_err(|error| format!("{} {}", error.code, error.message))?;
        Ok(answer.to_string())
    }

    fn patience_ms(&self) -> u64 {
        0
    }
}

impl Simulated {
    /// The way of a datagram that comes to the server's socket `to`.
    fn flow_in(&self, to: SocketAddr, from: SocketAddr) -> Result<Flow, String> {
        let socket = self.config.identity.find(Proto::Udp, to);
        let socket = socket.ok_or_else(|| format!("the server does not listen on udp:{to}"))?;
        Ok(Flow {
            proto: Proto::Udp,
            socket: socket.id,
            local: to,
            peer: from,
            connection: None,
        })
    }

    /// How long a datagram is held up besides, so that later ones overtake it: on the network, or
    /// because its worker is slower than another. One in eight is, except in a calm world.
    fn held_up_ms(&mut self) -> u64 {
        match self.rng.u64(..8) {
            0 if !self.calm => self.rng.u64(1..4),
            _ => 0,
        }
    }

    /// When something sent now arrives: up to 2 ms later, never before what took this way earlier.
    fn arrival_ms(&mut self, from: SocketAddr, to: SocketAddr) -> u64 {
        let delay = self.rng.u64(..3);
        self.queue.in_order(from, to, self.now_ms + delay)
    }
}

/// The seed of a world in which datagrams stay in order, as they nearly always do: what fails with
/// other seeds alone depends on their order.
const CALM_SEED: u64 = 1;

/// Things that may happen at one moment. More is a server that wants to be woken without end.
const STANDSTILL: u32 = 100_000;

/// 2026-11-21 07:40:34 UTC, when every world begins.
const BEGINNING_UNIX_MS: u64 = 1_795_246_834_000;

fn now(ms: u64) -> Now {
    Now {
        mono: stack::Instant::from_ms(ms),
        unix_ms: BEGINNING_UNIX_MS + ms,
    }
}

fn policy_ms(at: stack::Instant) -> u64 {
    at.as_ms()
}

/// The log, in memory.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Sink for Lines {
    fn write(&self, record: Record) {
        let Record {
            level,
            source,
            prefix,
            text,
            ..
        } = record;
        // A line with a prefix of its own (xlog `prefix`) names no source.
        let colon = if source.is_empty() { "" } else { ": " };
        let line = format!("{}: {prefix}{source}{colon}{text}", level.word());
        self.0.lock().push(line.trim_end().to_owned());
    }
}
