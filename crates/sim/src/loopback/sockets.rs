//! The sockets of the phones, each read by a thread.

use crate::{Place, Way, What};
use policy::Proto;
use stack::framing::{Event, Framer};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// All sockets of all phones.
pub(super) struct Sockets {
    places: Vec<Place>,
    datagrams: Vec<UdpSocket>,
    /// Streams by number: whose, where to, and the stream.
    streams: BTreeMap<u64, Stream>,
    reader: Reader,
    came: Receiver<Heard>,
    ended: Arc<AtomicBool>,
    /// The threads that hold sockets at the places of the phones.
    threads: Vec<JoinHandle<()>>,
}

struct Stream {
    agent: usize,
    peer: SocketAddr,
    stream: TcpStream,
}

/// Something that came.
pub(super) struct Came {
    pub(super) at: Instant,
    pub(super) agent: usize,
    pub(super) proto: Proto,
    pub(super) source: SocketAddr,
    pub(super) connection: Option<u64>,
    pub(super) what: What,
}

enum Heard {
    Came(Came),
    Accepted(u64, Stream),
}

/// What reading threads share.
#[derive(Clone)]
struct Reader {
    sender: Sender<Heard>,
    numbers: Arc<AtomicU64>,
}

impl Sockets {
    pub(super) fn open(places: &[Place]) -> Result<Sockets, String> {
        let (sender, came) = channel();
        let ended = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            sender,
            numbers: Arc::new(AtomicU64::new(1)),
        };
        let (mut datagrams, mut threads) = (Vec::new(), Vec::new());
        for (agent, place) in places.iter().enumerate() {
            let wrong = |error: std::io::Error| format!("{}: {error}", place.address);
            let socket = UdpSocket::bind(place.address).map_err(wrong)?;
            let reading = socket.try_clone().map_err(wrong)?;
            threads.push(reader.read_datagrams(agent, reading, &ended)?);
            datagrams.push(socket);
            let listener = TcpListener::bind(place.address).map_err(wrong)?;
            threads.push(reader.accept(agent, listener, &ended)?);
        }
        Ok(Sockets {
            places: places.to_vec(),
            streams: BTreeMap::new(),
            datagrams,
            reader,
            came,
            ended,
            threads,
        })
    }

    /// The next thing that comes, if it comes in time.
    pub(super) fn wait(&mut self, time: Duration) -> Option<Came> {
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.came.recv_timeout(left).ok()? {
                Heard::Came(came) => return Some(came),
                Heard::Accepted(number, stream) => {
                    self.streams.insert(number, stream);
                }
            }
        }
    }

    pub(super) fn send(&mut self, agent: usize, way: Way, octets: &[u8]) -> Result<(), String> {
        let wrong = |error: std::io::Error| format!("to {}: {error}", way.to);
        if way.proto == Proto::Udp {
            let sent = self.datagrams[agent].send_to(octets, way.to);
            return sent.map(drop).map_err(wrong);
        }
        let mut known = self.streams.iter();
        let known = known.find(|(_, stream)| stream.agent == agent && stream.peer == way.to);
        let number = match way.connection.or(known.map(|(number, _)| *number)) {
            Some(number) => number,
            None => self.connect(agent, way)?,
        };
        let stream = self.streams.get_mut(&number);
        let stream = stream.ok_or("the connection is closed")?;
        stream.stream.write_all(octets).map_err(wrong)
    }

    pub(super) fn close(&mut self, agent: usize) {
        self.streams.retain(|_, stream| {
            if stream.agent == agent {
                // It may be closed already by the other side.
                let _ = stream.stream.shutdown(Shutdown::Both);
            }
            stream.agent != agent
        });
    }

    fn connect(&mut self, agent: usize, way: Way) -> Result<u64, String> {
        let wrong = |error: std::io::Error| format!("to {}: {error}", way.to);
        let stream = TcpStream::connect(way.to).map_err(wrong)?;
        let number = self.reader.numbers.fetch_add(1, Ordering::Relaxed);
        let reading = stream.try_clone().map_err(wrong)?;
        self.reader.read_stream(agent, number, way.to, reading);
        let peer = way.to;
        self.streams.insert(
            number,
            Stream {
                agent,
                peer,
                stream,
            },
        );
        Ok(number)
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for agent in 0..self.places.len() {
            self.close(agent);
        }
        // The next play may want these places: they must be free when this one is over.
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Reader {
    fn read_datagrams(
        &self,
        agent: usize,
        socket: UdpSocket,
        ended: &Arc<AtomicBool>,
    ) -> Result<JoinHandle<()>, String> {
        let (reader, ended) = (self.clone(), ended.clone());
        let timeout = socket.set_read_timeout(Some(PAUSE));
        timeout.map_err(|error| error.to_string())?;
        Ok(std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while !ended.load(Ordering::Relaxed) {
                if let Ok((length, source)) = socket.recv_from(&mut buffer) {
                    let what = What::Octets(buffer[..length].to_vec());
                    reader.came((agent, Proto::Udp), source, None, what);
                }
            }
        }))
    }

    fn accept(
        &self,
        agent: usize,
        listener: TcpListener,
        ended: &Arc<AtomicBool>,
    ) -> Result<JoinHandle<()>, String> {
        let (reader, ended) = (self.clone(), ended.clone());
        let waiting = listener.set_nonblocking(true);
        waiting.map_err(|error| error.to_string())?;
        Ok(std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, peer)) => reader.accepted(agent, stream, peer),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(PAUSE);
                    }
                    Err(_) => return,
                }
            }
        }))
    }

    fn accepted(&self, agent: usize, stream: TcpStream, peer: SocketAddr) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        if stream.set_nonblocking(false).is_err() {
            return;
        }
        let Ok(reading) = stream.try_clone() else {
            return;
        };
        let accepted = Stream {
            agent,
            peer,
            stream,
        };
        // The receiver is gone only when the play is over.
        let _ = self.sender.send(Heard::Accepted(number, accepted));
        self.read_stream(agent, number, peer, reading);
    }

    fn read_stream(&self, agent: usize, number: u64, peer: SocketAddr, mut stream: TcpStream) {
        let reader = self.clone();
        std::thread::spawn(move || {
            let mut framer = Framer::new(&stack::Limits::default(), true);
            let mut buffer = vec![0; 65_536];
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                framer.feed(&buffer[..length]);
                while let Some(event) = framer.next_event(stack::Instant::ZERO) {
                    let what = What::Octets(octets(event));
                    reader.came((agent, Proto::Tcp), peer, Some(number), what);
                }
            }
            reader.came((agent, Proto::Tcp), peer, Some(number), What::Closed);
        });
    }

    fn came(
        &self,
        (agent, proto): (usize, Proto),
        source: SocketAddr,
        connection: Option<u64>,
        what: What,
    ) {
        let at = Instant::now();
        let came = Came {
            at,
            agent,
            proto,
            source,
            connection,
            what,
        };
        // The receiver is gone only when the play is over.
        let _ = self.sender.send(Heard::Came(came));
    }
}

fn octets(event: Event) -> Vec<u8> {
    match event {
        Event::Message(octets) => octets.to_vec(),
        Event::Ping => b"\r\n\r\n".to_vec(),
        Event::Fault(fault) => format!("not SIP: {:?}", fault.kind).into_bytes(),
    }
}

/// How often a thread looks whether the play is over.
const PAUSE: Duration = Duration::from_millis(20);
