//! Thousands of INVITEs a second from one address, and a good client beside.

use crate::ground::Ground;
use crate::measure::Outcome;
use crate::sipp;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Where the flood comes from.
const SOURCE: Ipv4Addr = Ipv4Addr::new(127, 9, 9, 9);
/// Datagrams in one system call.
const BATCH: u64 = 32;
/// How long the sender sleeps where it is ahead.
const NAP: Duration = Duration::from_micros(200);
/// How far the flood is ahead of the good client.
const HEAD_START: Duration = Duration::from_millis(500);
/// What the server has in its receive buffer is worked off in this time.
const REST: Duration = Duration::from_millis(500);
/// Operations of the good client.
const ASKS: u64 = 500;

/// Offers `packets` at `rate` a second. What failed is the good client's.
///
/// # Errors
/// A sentence, where the flood cannot be sent or SIPp is not there.
pub(crate) fn run(ground: &Ground, rate: u64, packets: u64) -> Result<Outcome, String> {
    let port = ground.port;
    let flood = std::thread::spawn(move || offer(port, rate, packets));
    std::thread::sleep(HEAD_START);
    let good = sipp::modest(ground, ASKS)?;
    let offered = flood.join().map_err(|_| "the flood ended early")?;
    let offered = offered.map_err(|error| format!("the flood: {error}"))?;
    std::thread::sleep(REST);
    Ok(Outcome {
        done: offered,
        ..good
    })
}

fn offer(port: u16, rate: u64, packets: u64) -> std::io::Result<u64> {
    let socket = UdpSocket::bind((SOURCE, 0))?;
    let target = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH as usize, None);
    let (start, mut sent) = (Instant::now(), 0);
    while sent < packets {
        let count = BATCH.min(packets - sent);
        let texts: Vec<String> = (sent..sent + count).map(invite).collect();
        let slices: Vec<_> = texts
            .iter()
            .map(|one| [IoSlice::new(one.as_bytes())])
            .collect();
        let none: [ControlMessage<'_>; 0] = [];
        let results = sendmmsg(
            socket.as_raw_fd(),
            &mut headers,
            &slices,
            vec![Some(target); slices.len()],
            none,
            MsgFlags::empty(),
        )?;
        sent += results.count() as u64;
        while start.elapsed().as_secs_f64() * (rate as f64) < sent as f64 {
            std::thread::sleep(NAP);
        }
    }
    Ok(sent)
}

fn invite(number: u64) -> String {
    format!(
        "INVITE sip:9{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {SOURCE}:5099;branch=z9hG4bKf{number}\r\n\
         From: <sip:flood@{SOURCE}>;tag=f{number}\r\nTo: <sip:9{number}@127.0.0.1>\r\nCall-ID: flood{number}@x\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:flood@{SOURCE}:5099>\r\nMax-Forwards: 70\r\nUser-Agent: flooder\r\n\
         Content-Length: 0\r\n\r\n"
    )
}
