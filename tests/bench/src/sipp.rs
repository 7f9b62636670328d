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

/// How long a caller of [`offer`] waits for an answer before it gives up, in milliseconds.
pub(crate) const PATIENCE_MS: u64 = 4000;

/// What a server made of the calls that it was offered, a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Served {
    /// Calls that began.
    pub(crate) offered: f64,
    /// Calls that were set up and released in time.
    pub(crate) served: f64,
    /// Calls that were answered with 503.
    pub(crate) refused: f64,
    /// Messages that SIPp had to send again.
    pub(crate) again: f64,
    /// Milliseconds from the INVITE to its 200, in the mean.
    pub(crate) setup_ms: f64,
}

/// Offers `rate` calls a second for so long, whatever becomes of them; the first quarter of the time is not counted.
///
/// # Errors
/// A sentence, where SIPp is not there or leaves no statistics.
pub(crate) fn offer(
    ground: &Ground,
    scenario: &str,
    wire: Wire,
    rate: u64,
    seconds: u64,
) -> Result<Served, String> {
    let numbers = [
        ("-r", rate),
        ("-m", rate * seconds),
        ("-recv_timeout", PATIENCE_MS),
        ("-timeout", seconds + PATIENCE_S),
    ];
    let mut command = caller(ground, scenario);
    for (switch, number) in numbers {
        command.arg(switch).arg(number.to_string());
    }
    command.args(["-l", "100000", "-nd"]);
    command.args(wire_words(wire));
    let text = statistics_of(command, ground)?;
    served(&text, seconds as f64).ok_or_else(|| "sipp left no statistics".to_owned())
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

fn outcome(command: Command, ground: &Ground) -> Result<Outcome, String> {
    let text = statistics_of(command, ground)?;
    parse(&text).ok_or_else(|| "sipp left no statistics".to_owned())
}

fn statistics_of(mut command: Command, ground: &Ground) -> Result<String, String> {
    children::reap(&mut children::spawn(&mut command)?);
    Ok(std::fs::read_to_string(statistics(ground)).unwrap_or_default())
}

/// The last line counts. Calls that were refused are none that succeeded.
fn parse(text: &str) -> Option<Outcome> {
    let table = Table::of(text)?;
    let row = text.lines().skip(1).last()?;
    let count = |name: &str| table.value(row, name)?.parse().ok();
    let refused: u64 = count(REFUSED).unwrap_or(0);
    let succeeded: u64 = count("SuccessfulCall(C)")?;
    let failed: u64 = count("FailedCall(C)")?;
    Some(Outcome {
        done: succeeded.saturating_sub(refused),
        failed: failed + refused,
        again: count("Retransmissions(C)")?,
    })
}

/// What came of the last three quarters of the time in which calls were offered.
fn served(text: &str, seconds: f64) -> Option<Served> {
    let table = Table::of(text)?;
    let rows = || text.lines().skip(1);
    let time = |row: &str| {
        table
            .value(row, "CurrentTime")?
            .rsplit('\t')
            .next()?
            .parse::<f64>()
            .ok()
    };
    let start = table.value(rows().next()?, "StartTime")?;
    let start: f64 = start.rsplit('\t').next()?.parse().ok()?;
    let until = |most: f64| {
        rows()
            .filter(move |row| time(row).is_some_and(|at| at - start <= most))
            .last()
    };
    let (first, last) = (until(seconds / 4.0)?, until(seconds)?);
    let span = time(last)? - time(first)?;
    let count = |row: &str, name: &str| table.value(row, name)?.parse::<f64>().ok();
    let more = |name: &str| Some((count(last, name)? - count(first, name)?) / span);
    let refused = more(REFUSED).unwrap_or(0.0);
    Some(Served {
        offered: more("TotalCallCreated")?,
        served: more("SuccessfulCall(C)")? - refused,
        refused,
        again: more("Retransmissions(C)")?,
        setup_ms: table
            .value(last, "ResponseTime1(C)")
            .and_then(milliseconds)?,
    })
}

/// The counter of calls that were answered with 503, in `caller.xml`.
const REFUSED: &str = "GenericCounter1(C)";

/// `00:00:01:221000` is 1221 ms.
fn milliseconds(text: &str) -> Option<f64> {
    let mut parts = text.split(':').map(|part| part.parse::<f64>().ok());
    let mut part = || parts.next().flatten();
    let (hours, minutes, seconds, us) = (part()?, part()?, part()?, part()?);
    Some(((hours * 60.0 + minutes) * 60.0 + seconds) * 1e3 + us / 1e3)
}

/// The columns of SIPp's statistics.
struct Table<'a>(Vec<&'a str>);

impl<'a> Table<'a> {
    fn of(text: &'a str) -> Option<Table<'a>> {
        Some(Table(text.lines().next()?.split(';').collect()))
    }

    fn value<'r>(&self, row: &'r str, name: &str) -> Option<&'r str> {
        let at = self.0.iter().position(|own| *own == name)?;
        row.split(';').nth(at)
    }
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
        let text =
            "SuccessfulCall(C);FailedCall(C);Retransmissions(C);GenericCounter1(C);\n9;2;0;4;\n";
        let outcome = parse(text).unwrap();
        assert_eq!((outcome.done, outcome.failed), (5, 6));
    }

    #[test]
    fn the_first_quarter_and_what_comes_late_do_not_count() {
        let mut text =
            "StartTime;CurrentTime;TotalCallCreated;SuccessfulCall(C);Retransmissions(C);\
                        ResponseTime1(C);GenericCounter1(C);\n"
                .to_owned();
        for second in 0..=12 {
            let (calls, good) = (second.min(8) * 10, second * 6);
            text += &format!(
                "d\tt\t100.0;d\tt\t{}.0;{calls};{good};{second};00:00:01:221000;{};\n",
                100 + second,
                second * 2
            );
        }
        let wanted = Served {
            offered: 10.0,
            served: 4.0,
            refused: 2.0,
            again: 1.0,
            setup_ms: 1221.0,
        };
        assert_eq!(served(&text, 8.0), Some(wanted));
    }
}
