//! Call data records: one for each dialog of module `dialog`, when it is over.
//!
//! What a record tells is kept in variables of the dialog, so that it outlives a restart with it.

mod output;
mod params;

use super::Logic;
use bytes::Bytes;
use output::Extra;
pub(super) use params::{CdrParams, declare};
use policy::{Context, DialogHook, EndedBy, FollowedDialog, Init, Logger, Problem, problem};
use std::sync::Arc;

/// Watches dialogs and writes their records.
pub(super) struct CallRecords {
    params: CdrParams,
    extra: Vec<Extra>,
    logic: Arc<Logic>,
    logger: Logger,
}

impl CallRecords {
    /// Watches from now on, where `cdr_enable` says so.
    ///
    /// # Errors
    /// Where attributes are too many, or would be no columns.
    pub(super) fn install(
        params: CdrParams,
        logic: Arc<Logic>,
        init: &mut Init<'_>,
    ) -> Result<(), Problem> {
        if !params.is_enabled {
            return Ok(());
        }
        if !init.has_module("dialog") {
            return Err(problem("cdr_enable needs module dialog".to_owned()));
        }
        let extra = output::extra(&params, init)?;
        let logger = init.logger.clone();
        init.observe_dialogs(Arc::new(CallRecords {
            params,
            extra,
            logic,
            logger,
        }));
        Ok(())
    }

    fn set(&self, dialog: &dyn FollowedDialog, name: &str, value: String) {
        if !dialog.set_var(name.as_bytes(), Bytes::from(value)) {
            self.logger.log(policy::Level::Err, "acc", || {
                format!("the dialog takes no more variables: {name} is not kept")
            });
        }
    }

    fn begin(&self, dialog: &dyn FollowedDialog, now_ms: u64) {
        self.set(dialog, &self.params.start, moment(now_ms));
        self.set(dialog, &self.params.end, moment(now_ms));
        self.set(dialog, &self.params.duration, "0".to_owned());
    }

    fn finish(&self, dialog: &dyn FollowedDialog, now_ms: u64) {
        let start = dialog.var(self.params.start.as_bytes());
        let start_ms = start.and_then(|text| milliseconds(&text)).unwrap_or(now_ms);
        let lasted_ms = now_ms.saturating_sub(start_ms);
        self.set(dialog, &self.params.end, moment(now_ms.max(start_ms)));
        self.set(dialog, &self.params.duration, moment(lasted_ms));
    }

    fn write(&self, context: Option<&mut Context>, dialog: &dyn FollowedDialog) {
        let skip = self.params.skip.as_bytes();
        if skip.is_empty() || dialog.var(skip).is_none() {
            self.put(context, dialog);
        }
    }
}

impl DialogHook for CallRecords {
    fn begun(&self, dialog: &dyn FollowedDialog, now_ms: u64) {
        self.begin(dialog, now_ms);
    }

    fn answered(&self, dialog: &dyn FollowedDialog, now_ms: u64) {
        if self.params.start_on_confirmed {
            self.begin(dialog, now_ms);
        }
    }

    fn failed(&self, context: &mut Context, dialog: &dyn FollowedDialog) {
        if self.params.on_failed {
            self.write(Some(context), dialog);
        }
    }

    fn ended(&self, dialog: &dyn FollowedDialog, by: EndedBy, now_ms: u64) {
        self.finish(dialog, now_ms);
        if by == EndedBy::Server && self.params.on_expired {
            self.write(None, dialog);
        }
    }

    fn closed(&self, context: Option<&mut Context>, dialog: &dyn FollowedDialog) {
        self.write(context, dialog);
    }
}

/// Seconds with a fraction of three digits.
fn moment(unix_ms: u64) -> String {
    format!("{}.{:03}", unix_ms / 1000, unix_ms % 1000)
}

/// Reads what [`moment`] writes; a script may have written something else.
fn milliseconds(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let (seconds, rest) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = format!("{rest:0<3}");
    let thousandths: u64 = fraction.get(..3)?.parse().ok()?;
    let seconds: u64 = seconds.parse().ok()?;
    seconds.checked_mul(1000)?.checked_add(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_written() {
        assert_eq!(moment(1_795_267_471_068), "1795267471.068");
        for (text, ms) in [
            ("1795267471.068", Some(1_795_267_471_068)),
            ("12", Some(12_000)),
            ("12.5", Some(12_500)),
            ("12.99999", Some(12_999)),
            ("99999999999999999999", None),
            ("18446744073709551", Some(18_446_744_073_709_551_000)),
            ("18446744073709552", None),
            ("-1", None),
            ("1.\u{e9}\u{e9}", None),
            ("", None),
        ] {
            assert_eq!(milliseconds(text.as_bytes()), ms, "{text}");
        }
    }
}
