//! SIPp's own scenarios, and what it says of its calls.

use super::Running;
use crate::shell;
use std::fmt;

/// Where SIPp writes what went wrong with a call.
pub(super) const ERRORS: &str = "target/soak/errors.log";
const STATISTICS: &str = "target/soak/calls.csv";
/// What SIPp asks for as socket buffers. Its own 64 kB hold few datagrams while it does not run.
const BUFFER: &str = "2000000";
/// How long a call lasts, so that ACK and BYE are not under way at the same time.
const CALL_MS: &str = "100";
/// More calls than this at once are a server that answers no more.
const MOST_CALLS: &str = "10000";

/// What became of the calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    retransmissions: u64,
    /// SIPp's counters of failures that are not zero.
    why: Vec<(String, u64)>,
}

/// Starts the side that answers.
pub(super) fn callee(port: u16) -> Result<Running, String> {
    let port = port.to_string();
    let args = ["-sn", "uas", "-i", "127.0.0.1", "-p", &port, "-nostdin"];
    Running::start("sipp", &[&args[..], &["-buff_size", BUFFER]].concat())
}

/// Starts the side that calls: `calls` calls, `rate` a second.
pub(super) fn caller(port: u16, server: &str, rate: u64, calls: u64) -> Result<Running, String> {
    let folder = shell::root().join("target/soak");
    let made = std::fs::create_dir_all(&folder);
    made.map_err(|error| format!("{}: {error}", folder.display()))?;
    let (port, rate, calls) = (port.to_string(), rate.to_string(), calls.to_string());
    let who = ["-sn", "uac", "-i", "127.0.0.1", "-p", &port, "-nostdin"];
    let what = ["-d", CALL_MS, "-r", &rate, "-m", &calls, "-l", MOST_CALLS];
    let files = [
        "-trace_err",
        "-error_file",
        ERRORS,
        "-trace_stat",
        "-stf",
        STATISTICS,
    ];
    let rest = ["-fd", "1", "-buff_size", BUFFER, "-rsa", server, server];
    Running::start("sipp", &[&who[..], &what, &files, &rest].concat())
}

impl Calls {
    /// The last line of SIPp's statistics.
    pub(super) fn read() -> Result<Calls, String> {
        Calls::parse(&shell::read(STATISTICS)?)
            .ok_or_else(|| format!("{STATISTICS}: no statistics"))
    }

    fn parse(text: &str) -> Option<Calls> {
        let (names, values) = (text.lines().next()?, text.lines().skip(1).last()?);
        let mut calls = Calls::default();
        for (name, value) in names.split(';').zip(values.split(';')) {
            let Some(name) = name.strip_suffix("(C)") else {
                continue;
            };
            let value = value.parse().unwrap_or(0);
            match name {
                "SuccessfulCall" => calls.succeeded = value,
                "FailedCall" => calls.failed = value,
                "Retransmissions" => calls.retransmissions = value,
                _ if name.starts_with("Failed") && value > 0 => {
                    calls.why.push((name.to_owned(), value));
                }
                _ => {}
            }
        }
        Some(calls)
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "calls: {} succeeded, {} failed, {} retransmissions by the caller",
            self.succeeded, self.failed, self.retransmissions
        )?;
        for (why, count) in &self.why {
            write!(f, "; {why} {count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let text = "StartTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);\
                    FailedMaxUDPRetrans(C);FailedCallRejected(C);Retransmissions(C);\n\
                    t;1;1;0;0;0;0;\nt;7;8;2;2;0;5;\n";
        let calls = Calls::parse(text).unwrap_or_default();
        let why = vec![("FailedMaxUDPRetrans".to_owned(), 2)];
        assert_eq!((calls.succeeded, calls.failed), (8, 2));
        assert_eq!((calls.retransmissions, calls.why), (5, why));
        assert_eq!(Calls::parse(""), None);
    }
}
