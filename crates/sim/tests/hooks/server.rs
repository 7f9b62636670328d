//! One worker of the edge without a world around it: datagrams in, datagrams out.

use bytes::Bytes;
use edge::{Edge, Input, Keys, Limits, Output, Transmit, Worker};
use policy::{
    Addresses, Answer, Counters, Effect, Entry, Extra, Flow, Loader, Logger, Now, Proto, SocketId,
    States, Stores, World,
};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// One worker.
pub(crate) struct Server {
    worker: Worker,
    now_ms: u64,
    sent: Vec<Transmit>,
}

impl Server {
    /// A server with this script, these modules more, and these databases.
    pub(crate) fn start(script: &'static str, more: &[Entry], stores: &dyn Stores) -> Server {
        let parsed = script::parse(&OneFile(script), "main.cfg", &script::Options::default());
        let (counters, states) = (Counters::default(), States::default());
        let world = World {
            counters: &counters,
            states: &states,
            stores,
        };
        let entries: Vec<Entry> = modules::ALL
            .iter()
            .copied()
            .chain(more.iter().copied())
            .collect();
        let loader = Loader {
            entries: &entries,
            world,
            logger: Logger::silent(),
            secret: [7; 32],
            addresses: &NoNames,
            extra: Extra::default(),
        };
        let ready = loader.load(&parsed);
        let config = ready
            .unwrap_or_else(|found| panic!("{}", script::render(&found, &parsed.sources, false)))
            .config;
        let keys = Keys {
            hashing: [1; 8],
            tags: [2; 4],
            branches: [[3; 16]; 3],
            first_label: 1,
        };
        let edge = Edge::new(Arc::new(config), Limits::default(), keys, &world);
        let now = Now {
            mono: stack::Instant::from_ms(0),
            unix_ms: 1000,
        };
        Server {
            worker: Worker::new(Arc::new(edge), now, 1),
            now_ms: 0,
            sent: Vec::new(),
        }
    }

    /// A datagram came.
    pub(crate) fn hear(&mut self, text: &str) {
        self.hear_late(text, 0);
    }

    /// A datagram came that had waited.
    pub(crate) fn hear_late(&mut self, text: &str, waited_ms: u32) {
        let peer = SocketAddr::from((
            [127, 0, 0, 1],
            if text.starts_with("SIP") { 5072 } else { 5071 },
        ));
        let flow = Flow {
            proto: Proto::Udp,
            socket: SocketId(0),
            local: SocketAddr::from(([127, 0, 0, 1], 5060)),
            peer,
            connection: None,
        };
        self.input(Input::Datagram {
            flow,
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            waited_ms,
        });
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.now_ms += 10;
            self.input(Input::Tick);
        }
    }

    fn input(&mut self, input: Input) {
        let now = Now {
            mono: stack::Instant::from_ms(self.now_ms),
            unix_ms: 1000,
        };
        self.worker.handle_input(now, input);
        loop {
            while let Some(output) = self.worker.poll_output() {
                match output {
                    Output::Transmit(transmit) => self.sent.push(transmit),
                    Output::Ask {
                        ticket,
                        effect: Effect::Store { store, operation },
                    } => {
                        let answer = Answer::Store(store::wait(&*store, *operation));
                        self.worker
                            .handle_input(now, Input::Answer { ticket, answer });
                    }
                    _ => {}
                }
            }
            if !self.worker.release() {
                return;
            }
        }
    }

    /// What left since it was asked last.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        let text = |transmit: Transmit| String::from_utf8_lossy(&transmit.bytes).into_owned();
        self.sent.drain(..).map(text).collect()
    }
}

/// An answer to a request with what a callee copies of it.
pub(crate) fn reply(request: &str, status: &str) -> String {
    let kept = |line: &&str| {
        ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"]
            .iter()
            .any(|name| line.starts_with(name))
    };
    let lines: String = request
        .lines()
        .filter(kept)
        .map(|line| format!("{line}\r\n"))
        .collect();
    format!(
        "SIP/2.0 {status}\r\n{lines}To: <sip:bob@example.test>;tag=b\r\nContent-Length: 0\r\n\r\n"
    )
}

struct OneFile(&'static str);

impl script::Files for OneFile {
    fn open(&self, _: Option<&str>, path: &str) -> Result<script::Opened, script::FileError> {
        Ok(script::Opened {
            path: path.to_owned(),
            text: self.0.as_bytes().to_vec(),
        })
    }
}

/// No database anywhere.
pub(crate) struct NoStores;

impl Stores for NoStores {
    fn open(&self, url: &str) -> Result<Arc<dyn store::Store>, String> {
        Err(format!("no database at {url}"))
    }
}

struct NoNames;

impl Addresses for NoNames {
    fn of_name(&self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }

    fn all(&self) -> Vec<IpAddr> {
        vec![IpAddr::from([127, 0, 0, 1])]
    }

    fn host_names(&self) -> Vec<String> {
        Vec::new()
    }
}
