//! What went before, for failures.

use crate::{Arrival, Heard, What};
use std::fmt;
use std::fmt::Write as _;

/// A line for each message, in order.
#[derive(Default)]
pub(super) struct Journal(String);

impl Journal {
    pub(super) fn said(&mut self, at_ms: u64, agent: &str, octets: &[u8]) {
        self.note(at_ms, agent, "->", &Heard::new(octets));
    }

    pub(super) fn heard(&mut self, arrival: &Arrival, agent: &str, heard: &Heard) {
        match arrival.what {
            What::Octets(_) => self.note(arrival.at_ms, agent, "<-", heard),
            What::Closed => {
                let _ = writeln!(
                    self.0,
                    "  {:>9} {agent:<8} <- closed",
                    seconds(arrival.at_ms)
                );
            }
        }
    }

    fn note(&mut self, at_ms: u64, agent: &str, arrow: &str, heard: &Heard) {
        let cseq = heard.value("CSeq").unwrap_or_default();
        let line = heard.line.trim_end_matches(" SIP/2.0");
        let line = line.trim_start_matches("SIP/2.0 ");
        let _ = writeln!(
            self.0,
            "  {:>9} {agent:<8} {arrow} {line}  ({cseq})",
            seconds(at_ms)
        );
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// A message, set off from the sentences around it.
pub(super) fn quoted(message: &str) -> String {
    message
        .lines()
        .fold(String::new(), |text, line| text + "    " + line + "\n")
}
