//! The log lines of module `ban`, which others read: `contrib/fail2ban` goes by them, so their form stays.

use policy::{Level, Listed, Logger, Proof};
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lines about guesses and bans at most in a second: a flood fills no disk. What is left out is counted.
const MOST_IN_A_SECOND: u64 = 20;

/// Writes lines.
pub(super) struct Journal {
    logger: Logger,
    /// The Unix second of the last line, and in the low bits how many there were in it.
    budget: AtomicU64,
    left_out: AtomicU64,
}

/// Low bits of the budget.
const COUNT_BITS: u32 = 16;

impl Journal {
    pub(super) fn new(logger: Logger) -> Journal {
        Journal {
            logger,
            budget: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// A wrong password from a proved source. Where others at this source proved themselves the line
    /// is another one: whoever bans addresses by it would ban them too.
    pub(super) fn failed_login(
        &self,
        from: IpAddr,
        user: &[u8],
        others_are_known: bool,
        now_s: u64,
    ) {
        let place = match others_are_known {
            true => "shared source ",
            false => "",
        };
        self.write(now_s, || {
            format!("failed login from {place}{from}: user {}", quoted(user))
        });
    }

    /// A ban that was made or prolonged.
    pub(super) fn banned(&self, from: IpAddr, made: &Listed, now_ms: u64) {
        let seconds = made.ban.until_ms.saturating_sub(now_ms) / 1000;
        let reason = quoted(made.ban.reason.as_bytes());
        self.write(now_ms / 1000, || match (made.port, made.ban.proof) {
            (Some(port), _) => format!("banned port {port} of {from} for {seconds} s: {reason}"),
            (None, Proof::Unvalidated) => {
                format!("banned unproved {from} for {seconds} s: {reason}")
            }
            (None, _) => format!("banned {from} for {seconds} s: {reason}"),
        });
    }

    /// Tells how many lines there was no room for.
    pub(super) fn tell_left_out(&self) {
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            self.logger.log(Level::Warn, "ban", || {
                format!("{left_out} more lines in the last second")
            });
        }
    }

    fn write(&self, now_s: u64, line: impl FnOnce() -> String) {
        let mask = (1_u64 << COUNT_BITS) - 1;
        let spend = |budget: u64| match budget >> COUNT_BITS == now_s {
            true if budget & mask >= MOST_IN_A_SECOND => None,
            true => Some(budget + 1),
            false => Some(now_s << COUNT_BITS | 1),
        };
        let spent = self
            .budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend);
        match spent {
            Ok(_) => self.logger.log_all(Level::Warn, "ban", line),
            Err(_) => drop(self.left_out.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

/// A peer's octets in quotes, in one line and without a quote or a control character in them; at most
/// 128 octets.
pub(super) fn quoted(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in text.iter().take(128) {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => out.push(char::from(*byte)),
            // Writing into a text cannot fail.
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_quotes_ends_them_or_the_line() {
        for (text, expected) in [
            ("alice", r#""alice""#),
            ("a\"b\\", r#""a\"b\\""#),
            (
                "a\r\nb\0\x1b\x7f\u{e9}",
                r#""a\x0d\x0ab\x00\x1b\x7f\xc3\xa9""#,
            ),
            ("", r#""""#),
        ] {
            assert_eq!(quoted(text.as_bytes()), expected);
        }
        assert_eq!(quoted(&[b'a'; 1000]).len(), 130);
    }
}
