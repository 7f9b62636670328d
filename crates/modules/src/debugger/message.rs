//! `dbg_sip_msg()`: the message as it would leave now, and what differs.

use super::Debugger;
use super::dump::level_of;
use policy::{Context, Declaration, Level, Literal, Routes};

pub(super) fn declare(d: &mut Declaration<Debugger>) {
    d.function(
        "dbg_sip_msg([log_level], [facility])",
        "Logs the message as it would leave now, and the lines that differ from what came.",
        Routes::ANY,
        sip_msg,
    );
}

fn sip_msg(
    _: &Debugger,
    context: &mut Context,
    level: &Option<Literal>,
    facility: &Option<Literal>,
) -> bool {
    let level = level_of(level.as_ref(), Level::Err);
    if !context.config.logger.enabled_for(level, "debugger") {
        return true;
    }
    let facility = facility
        .as_ref()
        .map(|facility| String::from_utf8_lossy(&facility.0).into_owned());
    let text = shown(context);
    context.write_log(level, "debugger", text, facility);
    true
}

fn shown(context: &Context) -> String {
    let message = &context.message;
    let mut edits = context.edits.clone();
    if message.is_request() && edits.set_request_uri(context.target.uri.clone()).is_err() {
        return "the Request-URI cannot be sent".to_owned();
    }
    let mut new = Vec::new();
    edits.render(message, &mut new);
    let (old, new) = (
        String::from_utf8_lossy(message.bytes()),
        String::from_utf8_lossy(&new).into_owned(),
    );
    let (old_head, old_body) = old.split_once("\r\n\r\n").unwrap_or((&old, ""));
    let (new_head, new_body) = new.split_once("\r\n\r\n").unwrap_or((&new, ""));
    format!(
        "\n------------------------- START OF SIP message debug --------------------------\n{new}\n\
         ------------------------------ SIP header diffs -------------------------------\n{}\
         ------------------------------- SIP body diffs --------------------------------\n{}\
         -------------------------- END OF SIP message debug ---------------------------\n",
        differences(old_head, new_head),
        differences(old_body, new_body),
    )
}

/// Lines that are gone with a dash before them, then those that came.
fn differences(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let gone = old
        .iter()
        .filter(|line| !new.contains(line))
        .map(|line| format!("- {line}\n"));
    let came = new
        .iter()
        .filter(|line| !old.contains(line))
        .map(|line| format!("{line}\n"));
    gone.chain(came).collect()
}
