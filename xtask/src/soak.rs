//! `cargo xtask soak`: calls at full rate, and a look at the memory of the server.

use crate::shell;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds of calls before the memory counts: tables and allocator have their size by then.
const WARM_UP_S: u64 = 60;
/// How much the resident memory may grow after the warm-up, in kB.
const GROWTH_KB: u64 = 8 * 1024;

/// Runs calls through the server for `SECONDS` (300 unless given) at `RATE` a second (1500) and fails
/// where memory grows after the first minute or a call fails.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let number = |index: usize, other: u64| {
        args.get(index)
            .and_then(|text| text.parse().ok())
            .unwrap_or(other)
    };
    let (seconds, rate) = (number(0, 300), number(1, 1500));
    shell::run("cargo", &["build", "--release", "-p", "ringwall"])?;
    let mut server = Running::start(
        "target/release/ringwall",
        &["-f", "tests/soak/proxy.cfg", "-DD", "-E"],
    )?;
    std::thread::sleep(Duration::from_secs(1));
    let _callee = Running::start(
        "sipp",
        &["-sn", "uas", "-i", "127.0.0.1", "-p", "5070", "-nostdin"],
    )?;
    let calls = (seconds * rate).to_string();
    let rate = rate.to_string();
    let caller_args = [
        "-sn",
        "uac",
        "-i",
        "127.0.0.1",
        "-p",
        "5080",
        "-nostdin",
        "-d",
        "100",
        "-r",
        &rate,
        "-m",
        &calls,
        "-l",
        "20000",
        "-rsa",
        "127.0.0.1:5060",
        "127.0.0.1:5060",
    ];
    let mut caller = Running::start("sipp", &caller_args)?;
    let (samples, calls_went_well) = watch(&mut server, &mut caller)?;
    report(&samples)?;
    if calls_went_well {
        Ok(())
    } else {
        Err("calls failed".to_owned())
    }
}

/// Resident kilobytes, one sample a second, until the caller is done.
fn watch(server: &mut Running, caller: &mut Running) -> Result<(Vec<u64>, bool), String> {
    let (start, mut samples) = (Instant::now(), Vec::new());
    loop {
        std::thread::sleep(Duration::from_secs(1));
        samples.push(resident_kb(server.child.id())?);
        if let Some(status) = caller.child.try_wait().map_err(|error| error.to_string())? {
            println!("{:?} of calls, sipp ended with {status}", start.elapsed());
            return Ok((samples, status.success()));
        }
    }
}

fn report(samples: &[u64]) -> Result<(), String> {
    let warm = samples
        .get(usize::try_from(WARM_UP_S).unwrap_or(0))
        .or(samples.last())
        .copied()
        .unwrap_or(0);
    let most = samples
        .iter()
        .skip(usize::try_from(WARM_UP_S).unwrap_or(0))
        .copied()
        .max()
        .unwrap_or(warm);
    println!("resident: {warm} kB after the first minute, at most {most} kB later");
    if most > warm + GROWTH_KB {
        Err(format!("memory grew by {} kB", most - warm))
    } else {
        Ok(())
    }
}

fn resident_kb(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/status");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("the server is gone: {error}"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or_default();
    Ok(line
        .trim()
        .trim_end_matches(" kB")
        .trim()
        .parse()
        .unwrap_or(0))
}

/// A program that ends with this value.
struct Running {
    child: Child,
}

impl Running {
    fn start(program: &str, args: &[&str]) -> Result<Running, String> {
        let child = Command::new(program)
            .args(args)
            .current_dir(shell::root())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        Ok(Running { child })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
