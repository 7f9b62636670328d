//! SIPp as the load.

use crate::children;
use crate::ground::{self, Ground};
use crate::measure::Outcome;
use crate::needs;
use crate::workload::Wire;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// More calls than this at once are a server that answers no more.
const MOST_CALLS: &str = "20000";
/// How long SIPp may take beyond the time that the rate asks for, in seconds.
const PATIENCE_S: u64 = 120;
/// How long SIPp takes to open its socket.
const OPENING: Duration = Duration::from_millis(500);

/// The side that answers; it ends with this value.
pub(crate) struct Answering(Child);

impl Answering {
    /// Starts it with a scenario below `sipp/`.
    ///
    /// # Errors
    /// A sentence, where SIPp is not there.
    pub(crate) fn start(ground: &Ground, scenario: &str, wire: Wire) -> Result<Answering, String> {
        let mut command = sipp(ground, scenario);
        command.args(wire_words(wire));
        command.args(["-p", &ground.callee.to_string()]);
        let child = children::spawn(&mut command)?;
        std::thread::sleep(OPENING);
        Ok(Answering(child))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        children::destroy(self.0.id());
        children::reap(&mut self.0);
    }
}

/// Makes `calls` calls, `rate` a second.
///
/// # Errors
/// A sentence, where SIPp is not there or leaves no statistics.
pub(crate) fn call(
    ground: &Ground,
    scenario: &str,
    wire: Wire,
    rate: u64,
    calls: u64,
) -> Result<Outcome, String> {
    let patience = calls / rate.max(1) + PATIENCE_S;
    let numbers = [("-r", rate), ("-m", calls), ("-timeout", patience)];
    let mut command = caller(ground, scenario);
    for (switch, number) in numbers {
        command.arg(switch).arg(number.to_string());
    }
    command.args(["-l", MOST_CALLS, "-nd", "-timeout_error"]);
    command.args(wire_words(wire));
    let users = ground.path().join(needs::USERS);
    if users.exists() {
        command.arg("-inf").arg(users);
    }
    outcome(command, ground)
}

/// A client that asks 100 times a second from ten ports and sends nothing twice, `asks` times.
///
/// # Errors
/// A sentence, where SIPp is not there or leaves no statistics.
pub(crate) fn modest(ground: &Ground, asks: u64) -> Result<Outcome, String> {
    let mut command = caller(ground, "options.xml");
    command.args(["-t", "un", "-max_socket", "10", "-r", "100", "-l", "1000"]);
    command.args(["-nd", "-nr", "-recv_timeout", "500", "-timeout", "60"]);
    command.arg("-m").arg(asks.to_string());
    outcome(command, ground)
}

fn caller(ground: &Ground, scenario: &str) -> Command {
    let mut command = sipp(ground, scenario);
    command.arg(format!("127.0.0.1:{}", ground.port));
    command.args(["-key", "callee", &ground.callee.to_string()]);
    command.args(["-s", "service", "-trace_stat", "-fd", "1", "-stf"]);
    command.arg(statistics(ground));
    command
}

fn sipp(ground: &Ground, scenario: &str) -> Command {
    let mut command = Command::new("sipp");
    command
        .arg("-sf")
        .arg(ground::path("sipp").join(scenario))
        .args(["-i", "127.0.0.1", "-nostdin"])
        .current_dir(ground.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn wire_words(wire: Wire) -> [&'static str; 2] {
    match wire {
        Wire::Udp => ["-t", "u1"],
        Wire::Tcp => ["-t", "t1"],
    }
}

fn statistics(ground: &Ground) -> std::path::PathBuf {
    ground.path().join("calls.csv")
}

fn outcome(mut command: Command, ground: &Ground) -> Result<Outcome, String> {
    children::reap(&mut children::spawn(&mut command)?);
    let text = std::fs::read_to_string(statistics(ground)).unwrap_or_default();
    parse(&text).ok_or_else(|| "sipp left no statistics".to_owned())
}

/// The last line counts.
fn parse(text: &str) -> Option<Outcome> {
    let names: Vec<&str> = text.lines().next()?.split(';').collect();
    let values: Vec<&str> = text.lines().skip(1).last()?.split(';').collect();
    let count = |name: &str| {
        let at = names.iter().position(|own| *own == name)?;
        values.get(at)?.parse().ok()
    };
    Some(Outcome {
        done: count("SuccessfulCall(C)")?,
        failed: count("FailedCall(C)")?,
        again: count("Retransmissions(C)")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let text = "T;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\n\
                    t;1;1;0;0;\nt;7;8;2;5;\n";
        let wanted = Outcome {
            done: 8,
            failed: 2,
            again: 5,
        };
        assert_eq!(parse(text), Some(wanted));
        assert_eq!(parse(""), None);
    }
}
