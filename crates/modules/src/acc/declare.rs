//! Parameters and functions of module `acc`.

use super::params::TimeMode;
use super::{Acc, cdr, clock, params};
use policy::{Declaration, Level, Routes};
use store::Name;

/// Everything a file can name.
pub(super) fn all(d: &mut Declaration<Acc>) {
    declare_events(d);
    declare_log(d);
    declare_database(d);
    declare_time(d);
    cdr::declare(d);
    declare_functions(d);
}

fn declare_events(d: &mut Declaration<Acc>) {
    d.param(
        "early_media",
        "Provisional replies with a body are accounted too. Default off.",
        |p, yes| p.early_media = yes,
    );
    d.param(
        "report_ack",
        "The ACK of an answered INVITE is accounted too. Default off.",
        |p, yes| p.report_ack = yes,
    );
    d.param(
        "report_cancels",
        "CANCEL is accounted too. Default off.",
        |p, yes| p.report_cancels = yes,
    );
    d.param("detect_direction", "Requests within a dialog from the callee are accounted with From and To exchanged; needs append_fromtag of module rr. Default off.", |p, yes| p.detect_direction = yes);
    d.param(
        "reason_from_hf",
        "The reason is that of the first Reason header, where there is one. Default off.",
        |p, yes| p.reason_from_hf = yes,
    );
    d.try_param(
        "failed_transaction_flag",
        "Requests with this flag are accounted also when they fail (300 and above). Default none.",
        |p, n| {
            p.failed_flag = params::flag(n)?;
            Ok(())
        },
    );
    d.try_param(
        "failed_filter",
        "Codes of failures that are not accounted: 404,407. Default none.",
        |p, text: String| {
            p.failed_filter = params::filter(&text)?;
            Ok(())
        },
    );
    d.param(
        "acc_prepare_flag",
        "Accepted; means nothing here because every transaction is watched.",
        |_, _: i64| {},
    );
    d.param(
        "acc_prepare_always",
        "Accepted; means nothing here because every transaction is watched.",
        |_, _: i64| {},
    );
    d.param(
        "clone_msg",
        "Accepted; means nothing here because a request belongs to one worker.",
        |_, _: i64| {},
    );
    d.try_param("multi_leg_info", "AVPs that describe the legs of a call, a set for each: name=$avp(x);name=$avp(y). Default none.", |p, text: String| { p.legs = params::legs(&text)?; Ok(()) });
}

fn declare_log(d: &mut Declaration<Acc>) {
    d.try_param(
        "log_flag",
        "Requests with this flag are logged when they are answered. Default none.",
        |p, n| {
            p.log_flag = params::flag(n)?;
            Ok(())
        },
    );
    d.try_param("log_missed_flag", "INVITEs with this flag are logged when nobody answers; the flag is taken back then. Default none.", |p, n| { p.log_missed_flag = params::flag(n)?; Ok(()) });
    d.param(
        "log_level",
        "The level of the lines, default 1 (L_NOTICE).",
        |p, n: i64| p.level = Level::from_number(i32::try_from(n).unwrap_or(1)),
    );
    d.param(
        "log_facility",
        "The syslog facility of the lines, default that of the log.",
        |p, text| p.facility = Some(text),
    );
    d.try_param(
        "log_extra",
        "Further attributes: name=$variable;name=$variable. Default none.",
        |p, text: String| {
            p.log_extra = params::definitions(&text)?;
            Ok(())
        },
    );
}

fn declare_database(d: &mut Declaration<Acc>) {
    d.param(
        "db_url",
        "The database; without one, nothing is stored. Default none.",
        |p, url| p.db_url = url,
    );
    d.try_param(
        "db_flag",
        "Requests with this flag are stored when they are answered. Default none.",
        |p, n| {
            p.db_flag = params::flag(n)?;
            Ok(())
        },
    );
    d.try_param("db_missed_flag", "INVITEs with this flag are stored when nobody answers; the flag is taken back then. Default none.", |p, n| { p.db_missed_flag = params::flag(n)?; Ok(()) });
    d.param(
        "db_table_acc",
        "The table of answered requests, may have variables. Default acc.",
        |p, text| p.table = text,
    );
    d.param(
        "db_table_missed_calls",
        "The table of missed calls, may have variables. Default missed_calls.",
        |p, text| p.table_missed = text,
    );
    d.try_param(
        "db_extra",
        "Further columns: name=$variable;name=$variable. Default none.",
        |p, text: String| {
            p.db_extra = params::definitions(&text)?;
            Ok(())
        },
    );
    d.param(
        "acc_extra_size",
        "The most attributes in log_extra or db_extra. Default 64.",
        |p, n: i64| p.most_extra = usize::try_from(n).unwrap_or(0),
    );
    d.param("acc_extra_nullable", "Further columns have no value where the variable has none, not an empty text. Default off.", |p, yes| p.extra_nullable = yes);
    d.param(
        "db_insert_mode",
        "Accepted; means nothing here because nobody waits for an insert.",
        |_, _: i64| {},
    );
    d.try_param("acc_method_column", "Default method.", |p, text: String| {
        set(&mut p.columns.method, &text)
    });
    d.try_param(
        "acc_from_tag_column",
        "Default from_tag.",
        |p, text: String| set(&mut p.columns.from_tag, &text),
    );
    d.try_param("acc_to_tag_column", "Default to_tag.", |p, text: String| {
        set(&mut p.columns.to_tag, &text)
    });
    d.try_param("acc_callid_column", "Default callid.", |p, text: String| {
        set(&mut p.columns.call_id, &text)
    });
    d.try_param(
        "acc_sip_code_column",
        "Default sip_code.",
        |p, text: String| set(&mut p.columns.code, &text),
    );
    d.try_param(
        "acc_sip_reason_column",
        "Default sip_reason.",
        |p, text: String| set(&mut p.columns.reason, &text),
    );
    d.try_param("acc_time_column", "Default time.", |p, text: String| {
        set(&mut p.columns.time, &text)
    });
}

fn declare_time(d: &mut Declaration<Acc>) {
    d.try_param("time_mode", "Further time attributes: 0 none, 1 seconds and microseconds, 2 seconds with a fraction, 3 time_format in local time, 4 in UTC. Default 0.", |p, n| { p.time_mode = TimeMode::from_number(n)?; Ok(()) });
    d.param(
        "time_attr",
        "The name of the further time attribute.",
        |p, text| p.time_attr = text,
    );
    d.param(
        "time_exten",
        "The name of the attribute with the microseconds.",
        |p, text| p.time_exten = text,
    );
    d.try_param(
        "time_format",
        "The format of time_mode 3 and 4, as strftime. Default %Y-%m-%d %H:%M:%S.",
        |p, text: String| match clock::is_format(&text) {
            true => {
                p.time_format = text;
                Ok(())
            }
            false => Err(format!("\"{text}\" is no format of strftime")),
        },
    );
}

fn declare_functions(d: &mut Declaration<Acc>) {
    d.function(
        "acc_log_request(comment)",
        "Logs the request in hand; the comment is a code and a reason, \"404 Not Found\". 1.",
        Routes::ANY,
        Acc::acc_log_request,
    );
    d.function(
        "acc_db_request(comment, table)",
        "Stores the request in hand in a table: 1, -1 where that failed.",
        Routes::ANY,
        Acc::acc_db_request,
    )
    .waits();
    d.function(
        "acc_request(comment, table)",
        "Logs the request, and stores it where there is a database: 1, -1 where that failed.",
        Routes::ANY,
        Acc::acc_request,
    )
    .waits();
}

fn set(column: &mut Name, text: &str) -> Result<(), String> {
    *column = Name::parse(text).map_err(|error| error.to_string())?;
    Ok(())
}
