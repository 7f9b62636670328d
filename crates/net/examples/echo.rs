//! What a datagram costs in this crate: answers SIP requests by their own headers behind a status
//! line, like `limit.c` of the benchmarks does with bare sockets.
//!
//! `echo ADDRESS:PORT [WORKERS [BATCH]]`; then drive it with any SIP load generator and compare the
//! process's CPU time per answer. At its end (a line or the end of standard input) it prints both.

use std::error::Error;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use net::udp::{Datagram, Handler, Options, SendFailure, Sender, Socket, Sockets, Workers};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:5060".to_owned())
        .parse()?;
    let workers = arguments.next().map_or(Ok(2), |n| n.parse())?;
    let batch = arguments.next().map_or(Ok(32), |n| n.parse())?;
    let socket = Socket::bind(
        address,
        &Options {
            batch,
            ..Options::default()
        },
    )?;
    let answers: Vec<Arc<AtomicU64>> = (0..workers).map(|_| Arc::default()).collect();
    let threads = Workers::start(&Sockets::new(vec![socket]), workers, |number| {
        Echo(answers[number].clone())
    })?;
    std::io::stdin().read_exact(&mut [0]).ok();
    threads.join();
    let counts: Vec<u64> = answers
        .iter()
        .map(|count| count.load(Ordering::Relaxed))
        .collect();
    let total: u64 = counts.iter().sum();
    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu_us = cpu.tv_sec as f64 * 1e6 + cpu.tv_nsec as f64 / 1e3;
    println!(
        "{total} answers by worker {counts:?}, {:.2} us each",
        cpu_us / total.max(1) as f64
    );
    Ok(())
}

struct Echo(Arc<AtomicU64>);

impl Handler for Echo {
    fn datagrams(&mut self, batch: &mut Vec<Datagram>, _: Instant, out: &mut Sender) {
        for datagram in batch.drain(..) {
            if let Some(answer) = answer(&datagram.bytes) {
                self.0.fetch_add(1, Ordering::Relaxed);
                out.send(datagram.local, datagram.peer, answer);
            }
        }
    }

    fn idle(&mut self, _: &mut Sender) {}

    fn failed(&mut self, _: SendFailure, _: &mut Sender) {}
}

fn answer(request: &[u8]) -> Option<Bytes> {
    let line = request.iter().position(|byte| *byte == b'\n')?;
    let mut answer = BytesMut::with_capacity(request.len() + 16);
    answer.extend_from_slice(b"SIP/2.0 200 OK\r\n");
    answer.extend_from_slice(request.get(line + 1..)?);
    Some(answer.freeze())
}
