//! A line as the syslog socket takes it (RFC 3164), with the local time that syslog daemons expect.

use crate::clock::unix_ms;
use policy::LocalOffset;
use std::io::Write;
use syslog::{Facility, LogFormat, Severity};
use time::OffsetDateTime;
use time::macros::format_description;

/// The form of the lines of this process.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) facility: Facility,
    /// The name of the process, as `log_name` wants it.
    pub(super) process: String,
    pub(super) local: LocalOffset,
}

impl LogFormat<String> for Line {
    fn format<W: Write>(
        &self,
        out: &mut W,
        severity: Severity,
        message: String,
    ) -> syslog::Result<()> {
        let priority = self.facility as u8 | severity as u8;
        let (when, pid) = (moment(unix_ms() / 1000, &self.local), std::process::id());
        let written = write!(out, "<{priority}>{when} {}[{pid}]: {message}", self.process);
        written.map_err(syslog::Error::Write)
    }
}

/// `Nov  1 08:01:08`, in local time.
fn moment(unix_s: u64, local: &LocalOffset) -> String {
    let format =
        format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second]");
    let utc_s = i64::try_from(unix_s).unwrap_or(i64::MAX);
    let local_s = utc_s.saturating_add(local(unix_s).into());
    let moment = OffsetDateTime::from_unix_timestamp(local_s).ok();
    moment
        .and_then(|moment| moment.format(&format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn lines_carry_priority_local_time_and_process() {
        let line = Line {
            facility: Facility::LOG_LOCAL0,
            process: "ringwall".to_owned(),
            local: Arc::new(|_| 3600),
        };
        let mut out = Vec::new();
        let text = "NOTICE: core: x".to_owned();
        line.format(&mut out, Severity::LOG_NOTICE, text)
            .expect("a line");
        let out = String::from_utf8(out).expect("text");
        assert!(out.starts_with("<133>"), "{out}");
        assert!(out.ends_with(&format!(
            "ringwall[{}]: NOTICE: core: x",
            std::process::id()
        )));
        assert_eq!(moment(1_793_520_000, &line.local), "Nov  1 09:00:00");
    }
}
