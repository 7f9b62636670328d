//! `msg_apply_changes()`: the message as it would leave becomes the message in hand.

use super::TextOpsX;
use bytes::Bytes;
use policy::{Context, Declaration, Level, Outcome, Routes, Text};
use sip::{Edits, Limits, Message};
use std::sync::Arc;

pub(super) fn declare(d: &mut Declaration<TextOpsX>) {
    d.function(
        "msg_apply_changes()",
        "Makes the message with all changes the message in hand; -1 after record_route(), ends the script where it is no message any more.",
        Routes::ANY,
        apply,
    );
    d.function(
        "msg_set_buffer(data)",
        "Puts another message of the same kind in place of the one in hand; -1 where data is none.",
        Routes::ANY,
        set_buffer,
    );
}

fn apply(_: &TextOpsX, context: &mut Context) -> Outcome {
    if !is_possible(context) {
        return Outcome::FALSE;
    }
    if !context.record_routes.is_empty() || context.edits.has_record_route() {
        let why = "cannot apply msg changes after adding record-route header - it breaks conditional 2nd header";
        context.log(Level::Err, "textopsx", || why.to_owned());
        return Outcome::FALSE;
    }
    let mut edits = context.edits.clone();
    let uri = &context.target.uri;
    if context.message.is_request()
        && uri != context.message.request_uri()
        && edits.set_request_uri(uri.clone()).is_err()
    {
        return Outcome::FALSE;
    }
    let mut out = Vec::new();
    edits.render(&context.message, &mut out);
    match parsed(context, out.into()) {
        Some(message) => {
            take(context, message);
            Outcome::TRUE
        }
        None => Outcome::Exit,
    }
}

fn set_buffer(_: &TextOpsX, context: &mut Context, data: &Text) -> bool {
    if !is_possible(context) {
        return false;
    }
    let data = data.get(context);
    let Some(message) = parsed(context, data) else {
        return false;
    };
    let uri = message.slice_of(message.request_uri());
    take(context, message);
    if context.message.is_request() {
        context.set_uri(uri);
    }
    true
}

fn is_possible(context: &mut Context) -> bool {
    let place = context.route;
    let is_possible = [Routes::REQUEST, Routes::CORE_REPLY, Routes::EVENT]
        .into_iter()
        .any(|kind| kind.meets(place));
    if !is_possible {
        let why = "invalid usage - not in request route or core reply route";
        context.log(Level::Err, "textopsx", || why.to_owned());
    }
    is_possible
}

fn parsed(context: &mut Context, text: Bytes) -> Option<Message> {
    let is_request = context.message.is_request();
    let parsed = Message::parse(text, &Limits::default())
        .ok()
        .filter(|message| message.is_request() == is_request);
    if parsed.is_none() {
        context.log(Level::Err, "textopsx", || {
            "parsing new sip message failed".to_owned()
        });
    }
    parsed
}

/// Flags, branches, variables and destination stay; the changes are done.
fn take(context: &mut Context, message: Message) {
    context.replace_message(Arc::new(message));
    context.edits = Edits::default();
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, run};

    const MESSAGE: &str = "OPTIONS sip:b@x SIP/2.0\nUser-Agent: T\nContent-Length: 0\n\n";
    const LOAD: &str = "loadmodule \"textops\"\nloadmodule \"textopsx\"\nloadmodule \"kex\"\n";

    #[test]
    fn changes_show_after_they_are_applied() {
        let script = format!(
            "{LOAD}request_route {{ append_hf(\"P-A: 1\\r\\n\"); remove_hf(\"User-Agent\"); setsflag(3);
             is_present_hf(\"P-A\"); rc(); is_present_hf(\"User-Agent\"); rc(); msg_apply_changes(); rc();
             is_present_hf(\"P-A\"); rc(); is_present_hf(\"User-Agent\"); rc(); issflagset(3); rc(); append_hf(\"P-B: 2\\r\\n\"); }}"
        );
        let ran = run(&script, MESSAGE);
        assert_eq!(ran.codes, [-1, 1, 1, 1, -1, 1]);
        assert_eq!(
            ran.sent,
            "OPTIONS sip:b@x SIP/2.0\r\nContent-Length: 0\r\nP-A: 1\r\nP-B: 2\r\n\r\n"
        );
    }

    #[test]
    fn the_new_uri_becomes_the_received_one() {
        let script =
            format!("{LOAD}request_route {{ subst_user('/^b$/c/'); msg_apply_changes(); rc(); }}");
        let ran = run(&script, MESSAGE);
        assert_eq!(
            (ran.codes, ran.context.message.request_uri()),
            (vec![1], &b"sip:c@x"[..])
        );
    }

    #[test]
    fn a_whole_message_is_put_in_place() {
        let script = format!(
            "{LOAD}request_route {{ msg_set_buffer(\"INVITE sip:n@y SIP/2.0\\r\\nTo: <sip:t@y>\\r\\n\\r\\n\"); rc(); msg_set_buffer(\"SIP/2.0 200 OK\\r\\n\\r\\n\"); rc(); msg_set_buffer(\"foo\"); rc(); }}"
        );
        let ran = run(&script, MESSAGE);
        assert_eq!(ran.codes, [1, -1, -1]);
        assert_eq!(ran.sent, "INVITE sip:n@y SIP/2.0\r\nTo: <sip:t@y>\r\n\r\n");
    }

    #[test]
    fn a_transaction_keeps_its_message() {
        let bench = Bench::new(&format!(
            "{LOAD}request_route {{ append_hf(\"A: b\\r\\n\"); msg_apply_changes(); rc(); msg_set_buffer(\"x\"); rc(); }}"
        ));
        let mut context = bench.context(MESSAGE);
        context.route = policy::Routes::FAILURE;
        let ran = bench.run_in(context);
        assert_eq!(ran.codes, [-1, -1]);
        assert!(ran.log[0].contains("not in request route"), "{:?}", ran.log);
    }
}
