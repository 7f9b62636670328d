//! UDP over loopback.
#![allow(
    clippy::disallowed_methods,
    reason = "real sockets, clocks and files are tested"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender as Tell, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use net::udp::{Datagram, Handler, Options, SendFailure, Sender, Socket, Sockets, Workers};

const DEADLINE: Duration = Duration::from_secs(10);

type Script = Box<dyn FnMut(Datagram, &mut Sender) + Send>;

/// Does with each datagram what the test says, and tells of idle ticks and failures.
struct Scripted {
    script: Script,
    idle: Tell<()>,
    failures: Tell<SendFailure>,
}

impl Handler for Scripted {
    fn datagrams(&mut self, batch: &mut Vec<Datagram>, _: Instant, out: &mut Sender) {
        batch
            .drain(..)
            .for_each(|datagram| (self.script)(datagram, out));
    }

    fn idle(&mut self, _: &mut Sender) {
        let _ = self.idle.send(());
    }

    fn failed(&mut self, failure: SendFailure, _: &mut Sender) {
        let _ = self.failures.send(failure);
    }
}

struct World {
    address: SocketAddr,
    workers: Workers,
    idle: Receiver<()>,
    failures: Receiver<SendFailure>,
}

fn world(address: &str, per_socket: usize, mut script: impl FnMut(usize) -> Script) -> World {
    let socket = Socket::bind(address.parse().unwrap(), &Options::default()).unwrap();
    let address = socket.local();
    let (idle_tell, idle) = channel();
    let (failure_tell, failures) = channel();
    let workers = Workers::start(&Sockets::new(vec![socket]), per_socket, |number| Scripted {
        script: script(number),
        idle: idle_tell.clone(),
        failures: failure_tell.clone(),
    })
    .unwrap();
    World {
        address,
        workers,
        idle,
        failures,
    }
}

fn client(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn echo(_: usize) -> Script {
    Box::new(|datagram, out| out.send(datagram.local, datagram.peer, datagram.bytes))
}

#[test]
fn one_sender_keeps_two_workers_busy() {
    let (tell, told) = channel();
    let world = world("127.0.0.1:0", 2, |number| {
        let tell = tell.clone();
        Box::new(move |_, _| {
            let since = Instant::now();
            while since.elapsed() < Duration::from_micros(200) {
                std::hint::spin_loop();
            }
            let _ = tell.send(number);
        })
    });
    // Datagrams pile up behind a worker that is slower than their sender, which wakes the other one.
    let client = client("127.0.0.1:0");
    let mut busy = [false; 2];
    while busy != [true; 2] {
        (0..50).for_each(|_| drop(client.send_to(b"work", world.address)));
        let number = told.recv_timeout(DEADLINE).unwrap();
        busy[number] = true;
        told.try_iter().for_each(|number| busy[number] = true);
    }
}

#[test]
fn bytes_and_flow_arrive_and_answers_keep_their_order() {
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let world = world(host, 1, echo);
        let client = client(host);
        for round in 0..100_usize {
            let sent: Vec<Vec<u8>> = (0..3).map(|n| vec![n; 1 + 7 * round]).collect();
            for datagram in &sent {
                client.send_to(datagram, world.address).unwrap();
            }
            let mut got = [0; 2048];
            for datagram in &sent {
                let (length, from) = client.recv_from(&mut got).unwrap();
                assert_eq!((from, &got[..length]), (world.address, &datagram[..]));
            }
        }
    }
}

/// Reads what it sent, as its client, when told that it has left; then sends more.
struct Reader {
    client: UdpSocket,
    echoed: Option<Datagram>,
}

impl Handler for Reader {
    fn datagrams(&mut self, batch: &mut Vec<Datagram>, _: Instant, out: &mut Sender) {
        for datagram in batch.drain(..) {
            out.send(datagram.local, datagram.peer, datagram.bytes.clone());
            self.echoed = Some(datagram);
        }
    }

    fn idle(&mut self, _: &mut Sender) {}

    fn failed(&mut self, failure: SendFailure, _: &mut Sender) {
        panic!("{failure:?}");
    }

    fn sent(&mut self, out: &mut Sender) -> bool {
        let Some(datagram) = self.echoed.take() else {
            return false;
        };
        let mut got = [0; 16];
        let length = self.client.recv(&mut got).unwrap();
        assert_eq!(&got[..length], &datagram.bytes[..]);
        out.send(datagram.local, datagram.peer, Bytes::from_static(b"more"));
        true
    }
}

#[test]
fn a_handler_is_told_when_its_datagrams_have_left() {
    let socket = Socket::bind("127.0.0.1:0".parse().unwrap(), &Options::default()).unwrap();
    let (address, client) = (socket.local(), client("127.0.0.1:0"));
    let reader = |_| Reader {
        client: client.try_clone().unwrap(),
        echoed: None,
    };
    let workers = Workers::start(&Sockets::new(vec![socket]), 1, reader).unwrap();
    client.send_to(b"first", address).unwrap();
    let mut got = [0; 16];
    while got[..4] != *b"more" {
        assert!(!workers.any_finished());
        thread::yield_now();
        client.peek(&mut got).unwrap();
    }
}

#[test]
fn a_burst_is_received_and_answered_in_batches() {
    let gate = Arc::new(Barrier::new(2));
    let first = gate.clone();
    let mut waited = false;
    let mut script = Some(Box::new(move |datagram: Datagram, out: &mut Sender| {
        if !std::mem::replace(&mut waited, true) {
            first.wait();
        }
        out.send(datagram.local, datagram.peer, datagram.bytes);
    }) as Script);
    let world = world("127.0.0.1:0", 1, |_| script.take().unwrap());
    let client = client("127.0.0.1:0");
    for number in 0..120_u8 {
        client.send_to(&[number], world.address).unwrap();
    }
    gate.wait();
    let mut got = [0; 16];
    for number in 0..120_u8 {
        assert_eq!((client.recv(&mut got).unwrap(), got[0]), (1, number));
    }
}

/// Tells how long each datagram had waited, and of losses; the first one keeps it until it may go on.
struct Slow {
    go_on: Receiver<()>,
    waits: Tell<Duration>,
    losses: Tell<u32>,
}

impl Handler for Slow {
    fn datagrams(&mut self, batch: &mut Vec<Datagram>, _: Instant, _: &mut Sender) {
        let _ = self.go_on.recv_timeout(DEADLINE);
        for datagram in batch.drain(..) {
            let _ = self.waits.send(datagram.waited);
        }
    }

    fn overflowed(&mut self, lost: u32) {
        let _ = self.losses.send(lost);
    }

    fn idle(&mut self, _: &mut Sender) {}

    fn failed(&mut self, _: SendFailure, _: &mut Sender) {}
}

#[test]
fn what_piles_up_says_how_long_it_has_waited_and_what_was_lost() {
    const SENT: u32 = 1000;
    let options = Options {
        receive_buffer: 64 << 10,
        ..Options::default()
    };
    let socket = Socket::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap();
    let address = socket.local();
    let ((may, go_on), (waits, waited), (losses, lost)) = (channel(), channel(), channel());
    let mut slow = Some(Slow {
        go_on,
        waits,
        losses,
    });
    let sockets = Sockets::new(vec![socket]);
    let workers = Workers::start(&sockets, 1, |_| slow.take().unwrap()).unwrap();
    let client = client("127.0.0.1:0");
    let pause = Duration::from_millis(50);
    // The system begins to note arrivals a moment after it was asked to.
    thread::sleep(pause);
    for _ in 0..SENT {
        client.send_to(&[0; 500], address).unwrap();
    }
    thread::sleep(pause);
    drop(may);
    let mut all: Vec<Duration> = Vec::new();
    while let Ok(wait) = waited.recv_timeout(Duration::from_millis(200)) {
        all.push(wait);
    }
    assert!(all.iter().any(|wait| *wait >= pause && *wait < DEADLINE));
    // Losses are told by the datagrams behind them, where several are received at once.
    let told = (0..10_000).find_map(|_| {
        client.send_to(&[0; 500], address).unwrap();
        lost.recv_timeout(Duration::from_millis(1)).ok()
    });
    let told = told.unwrap();
    assert_eq!(told + all.len() as u32, SENT);
    workers.join();
}

#[test]
fn the_largest_datagram_is_whole() {
    let world = world("127.0.0.1:0", 1, echo);
    let client = client("127.0.0.1:0");
    let sent: Vec<u8> = (0..65_507_u32).map(|n| (n % 251) as u8).collect();
    client.send_to(&sent, world.address).unwrap();
    let mut got = vec![0; 70_000];
    let length = client.recv(&mut got).unwrap();
    assert!(got[..length] == sent[..]);
}

#[test]
fn an_address_is_bound_once() {
    let first = Socket::bind("127.0.0.1:0".parse().unwrap(), &Options::default()).unwrap();
    let error = Socket::bind(first.local(), &Options::default()).unwrap_err();
    assert!(error.is_in_use());
    assert_eq!(
        error.to_string(),
        format!("udp:{}: address in use", first.local())
    );
}

#[test]
fn wildcards_and_foreign_addresses_are_refused() {
    for (address, says) in [
        (
            "0.0.0.0:0",
            "udp:0.0.0.0:0: name each address instead of the wildcard",
        ),
        (
            "[::]:0",
            "udp:[::]:0: name each address instead of the wildcard",
        ),
        (
            "192.0.2.1:0",
            "udp:192.0.2.1:0: no interface of this host has this address",
        ),
    ] {
        let error = Socket::bind(address.parse().unwrap(), &Options::default()).unwrap_err();
        assert_eq!(error.to_string(), says);
    }
}

#[test]
fn what_cannot_be_sent_is_reported_and_the_rest_leaves() {
    let world = world("127.0.0.1:0", 1, |_| {
        Box::new(|datagram, out| {
            out.send(datagram.local, datagram.peer, Bytes::from_static(b"before"));
            out.send(datagram.local, datagram.peer, Bytes::from(vec![0; 65_600]));
            out.send(datagram.local, datagram.peer, Bytes::from_static(b"after"));
            out.send(datagram.peer, datagram.peer, Bytes::from_static(b"lost"));
        })
    });
    let client = client("127.0.0.1:0");
    client.send_to(b"go", world.address).unwrap();
    let mut got = [0; 64];
    for expected in ["before", "after"] {
        let length = client.recv(&mut got).unwrap();
        assert_eq!(&got[..length], expected.as_bytes());
    }
    let mut failures = [
        world.failures.recv_timeout(DEADLINE).unwrap(),
        world.failures.recv_timeout(DEADLINE).unwrap(),
    ];
    failures.sort_by_key(|failure| failure.bytes.len());
    let [lost, large] = failures;
    assert_eq!(
        (lost.error.kind(), lost.local),
        (io::ErrorKind::NotFound, client.local_addr().unwrap())
    );
    assert_eq!((large.bytes.len(), large.local), (65_600, world.address));
}

#[test]
fn any_thread_sends_by_any_socket() {
    let sockets: Vec<Socket> = (0..2)
        .map(|_| Socket::bind("127.0.0.1:0".parse().unwrap(), &Options::default()).unwrap())
        .collect();
    let local = sockets[1].local();
    let sockets = Sockets::new(sockets);
    let client = client("127.0.0.1:0");
    let peer = client.local_addr().unwrap();
    sockets
        .send(local, peer, &Bytes::from_static(b"hello"))
        .unwrap();
    let mut got = [0; 16];
    assert_eq!(client.recv_from(&mut got).unwrap(), (5, local));
    let error = sockets
        .send(peer, peer, &Bytes::from_static(b"hello"))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn idle_workers_tick_and_stop() {
    let world = world("127.0.0.1:0", 2, echo);
    for _ in 0..4 {
        world.idle.recv_timeout(DEADLINE).unwrap();
    }
    assert!(!world.workers.any_finished());
    let (tell, told) = channel();
    let workers = world.workers;
    thread::spawn(move || {
        workers.join();
        tell.send(()).unwrap();
    });
    told.recv_timeout(DEADLINE).unwrap();
    Socket::bind(world.address, &Options::default()).unwrap();
}
