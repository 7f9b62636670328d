//! The parameters of call data records.

use super::super::Acc;
use super::super::params::{self, Definition};
use policy::Declaration;
use store::Name;

/// What `modparam("acc", "cdr_…", …)` says, with Kamailio's defaults.
pub(in super::super) struct CdrParams {
    pub(super) is_enabled: bool,
    pub(super) is_logged: bool,
    pub(super) on_failed: bool,
    pub(super) on_expired: bool,
    pub(super) start_on_confirmed: bool,
    pub(super) nullable: bool,
    pub(super) skip: String,
    pub(super) facility: Option<String>,
    pub(crate) table: Option<Name>,
    pub(super) start: String,
    pub(super) end: String,
    pub(super) duration: String,
    pub(super) extra: Vec<Definition>,
    /// The most attributes in `extra`.
    pub(super) most_extra: usize,
}

impl Default for CdrParams {
    fn default() -> CdrParams {
        CdrParams {
            is_enabled: false,
            is_logged: true,
            on_failed: true,
            on_expired: false,
            start_on_confirmed: false,
            nullable: false,
            skip: String::new(),
            facility: None,
            table: None,
            start: "start_time".to_owned(),
            end: "end_time".to_owned(),
            duration: "duration".to_owned(),
            extra: Vec::new(),
            most_extra: params::MOST_EXTRA,
        }
    }
}

/// Declares them.
pub(in super::super) fn declare(d: &mut Declaration<Acc>) {
    d.param(
        "cdr_enable",
        "Each dialog gets a call data record at its end; needs module dialog. Default off.",
        |p, yes| p.cdr.is_enabled = yes,
    );
    d.param(
        "cdr_log_enable",
        "The record is a log line. Default on.",
        |p, yes| p.cdr.is_logged = yes,
    );
    d.param(
        "cdr_on_failed",
        "Calls that nobody took have a record too. Default on.",
        |p, yes| p.cdr.on_failed = yes,
    );
    d.param("cdr_expired_dlg_enable", "Calls that this server ended (timeout, command) have a record too, with variables of the dialog alone. Default off.", |p, yes| p.cdr.on_expired = yes);
    d.param(
        "cdr_start_on_confirmed",
        "The start is the 2xx, not the INVITE. Default off.",
        |p, yes| p.cdr.start_on_confirmed = yes,
    );
    d.param(
        "cdr_skip",
        "Dialogs that have this $dlg_var() get no record. Default none.",
        |p, name| p.cdr.skip = name,
    );
    d.param(
        "cdr_facility",
        "The syslog facility of the lines, default that of the log.",
        |p, text| p.cdr.facility = Some(text),
    );
    declare_fields(d);
}

fn declare_fields(d: &mut Declaration<Acc>) {
    d.try_param(
        "cdrs_table",
        "The table of the records in db_url. Default none: they are not stored.",
        |p, text: String| {
            p.cdr.table = table(&text)?;
            Ok(())
        },
    );
    d.try_param(
        "cdr_extra",
        "Further attributes and columns: name=$dlg_var(x);name=$variable. Default none.",
        |p, text: String| {
            p.cdr.extra = params::definitions(&text)?;
            Ok(())
        },
    );
    d.param("cdr_extra_nullable", "Further columns have no value where the variable has none, not an empty text. Default off.", |p, yes| p.cdr.nullable = yes);
    d.param(
        "cdr_extra_size",
        "The most attributes in cdr_extra. Default 64.",
        |p, n: i64| p.cdr.most_extra = usize::try_from(n).unwrap_or(0),
    );
    d.param(
        "cdr_start_id",
        "Attribute, column and $dlg_var() of the start. Default start_time.",
        |p, text| p.cdr.start = text,
    );
    d.param(
        "cdr_end_id",
        "Attribute, column and $dlg_var() of the end. Default end_time.",
        |p, text| p.cdr.end = text,
    );
    d.param(
        "cdr_duration_id",
        "Attribute, column and $dlg_var() of the duration. Default duration.",
        |p, text| p.cdr.duration = text,
    );
}

fn table(text: &str) -> Result<Option<Name>, String> {
    match text {
        "" => Ok(None),
        text => Name::parse(text)
            .map(Some)
            .map_err(|error| error.to_string()),
    }
}
