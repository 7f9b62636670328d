//! `cargo xtask soak`: calls at full rate, and a look at the memory of the server.

mod memory;
mod running;
mod sipp;
mod udp;

use crate::shell;
use memory::Memory;
use running::Running;
use sipp::Calls;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

const SERVER: &str = "127.0.0.1:15060";
const SERVER_PORT: u16 = 15060;
const CALLER_PORT: u16 = 15080;
const CALLEE_PORT: u16 = 15070;

/// Runs calls through the server for `SECONDS` (300 unless given) at `RATE` a second (500) and fails
/// where memory grows after the first minute or a call fails.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (seconds, rate) = (number(args, 0, 300)?, number(args, 1, 500)?);
    shell::run("cargo", &["build", "--release", "-p", "ringwall"])?;
    let mut server = Running::start(
        "target/release/ringwall",
        &["-f", "tests/soak/proxy.cfg", "-DD", "-E"],
    )?;
    std::thread::sleep(Duration::from_secs(1));
    let _callee = sipp::callee(CALLEE_PORT)?;
    println!("{seconds} s of calls, {rate} a second");
    let mut caller = sipp::caller(CALLER_PORT, SERVER, rate, seconds * rate)?;
    let seen = watch(&mut server, &mut caller)?;
    verdict(&seen, &Calls::read()?, seconds * rate)
}

fn number(args: &[String], index: usize, otherwise: u64) -> Result<u64, String> {
    args.get(index).map_or(Ok(otherwise), |text| {
        text.parse()
            .map_err(|_| format!("`{text}` is no number: soak [SECONDS [RATE]]"))
    })
}

/// What was seen while calls went through.
struct Seen {
    memory: Memory,
    /// Datagrams that found a receive buffer full.
    lost: u64,
    /// How the caller ended.
    ended: ExitStatus,
}

/// Looks once a second until the caller is done.
fn watch(server: &mut Running, caller: &mut Running) -> Result<Seen, String> {
    let (start, mut memory, mut lost) = (Instant::now(), Memory::default(), 0);
    loop {
        std::thread::sleep(Duration::from_secs(1));
        memory.sample(server.id())?;
        // A socket's count goes with it.
        lost = udp::lost(&[SERVER_PORT, CALLEE_PORT, CALLER_PORT])?.max(lost);
        if let Some(ended) = caller.ended()? {
            println!("the last call ended after {:.1?}", start.elapsed());
            return Ok(Seen {
                memory,
                lost,
                ended,
            });
        }
    }
}

/// Tells what was seen, then whether that is good enough.
fn verdict(seen: &Seen, calls: &Calls, wanted: u64) -> Result<(), String> {
    let Seen {
        memory,
        lost,
        ended,
    } = seen;
    println!("{memory}\n{calls}");
    println!("datagrams lost in full receive buffers: {lost}");
    let mut wrong = Vec::new();
    wrong.extend(
        memory
            .growth_kb()
            .map(|kb| format!("memory grew by {kb} kB")),
    );
    if calls.failed > 0 {
        wrong.push(format!("{} calls failed ({})", calls.failed, sipp::ERRORS));
    }
    if calls.succeeded != wanted || !ended.success() {
        wrong.push(format!(
            "{} of {wanted} calls succeeded, sipp ended with {ended}",
            calls.succeeded
        ));
    }
    if wrong.is_empty() {
        println!("soak: pass");
        return Ok(());
    }
    println!("soak: fail");
    Err(wrong.join("; "))
}
