//! The status of a reply that passes, and bodies.

use super::TextOpsX;
use bytes::Bytes;
use policy::{Context, Declaration, Int, Level, Routes, Text};
use sip::Span;

pub(super) fn declare(d: &mut Declaration<TextOpsX>) {
    d.function(
        "change_reply_status(code, reason)",
        "Sends the reply on with another status; -1 where that would change a provisional or positive class.",
        Routes::REPLIES,
        |_: &TextOpsX, context: &mut Context, code: &Int, reason: &Text| {
            let (code, reason) = (code.get_or_0(context), reason.get(context));
            change(context, code, reason)
        },
    );
    d.function(
        "change_reply_status_code(vcode)",
        "The same, the reason phrase stays.",
        Routes::REPLIES,
        |_: &TextOpsX, context: &mut Context, code: &Int| {
            let code = code.get_or_0(context);
            let reason = context.message.slice_of(context.message.reason());
            change(context, code, reason)
        },
    );
    d.function(
        "remove_body()",
        "Takes the body out; always 1.",
        Routes::ANY,
        |_: &TextOpsX, context: &mut Context| {
            let body = Span::from(context.message.body_offset()..context.message.bytes().len());
            context.edits.remove(body);
            true
        },
    );
}

fn change(context: &mut Context, code: i64, reason: Bytes) -> bool {
    let Some(status) = context.message.status() else {
        return refuse(context, "the function was called for a non-reply message");
    };
    let Some(code) = u16::try_from(code)
        .ok()
        .filter(|code| (100..700).contains(code))
    else {
        return refuse(context, "wrong response code");
    };
    // Transactions depend on the class: RFC 3261 section 17.
    if (code < 300 || status < 300) && code / 100 != status / 100 {
        return refuse(
            context,
            "the class of provisional or positive final replies cannot be changed",
        );
    }
    context.edits.set_status(code, reason).is_ok()
}

fn refuse(context: &mut Context, why: &'static str) -> bool {
    context.log(Level::Err, "textopsx", || why.to_owned());
    false
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    #[test]
    fn a_status_changes_within_its_class() {
        for (call, status, code, line) in [
            (
                "change_reply_status(404, \"Not Found\")",
                "603 Decline",
                1,
                "SIP/2.0 404 Not Found",
            ),
            (
                "change_reply_status_code(404)",
                "603 Decline",
                1,
                "SIP/2.0 404 Decline",
            ),
            (
                "change_reply_status(404, \"x\")",
                "200 OK",
                -1,
                "SIP/2.0 200 OK",
            ),
            (
                "change_reply_status(183, \"x\")",
                "180 Ringing",
                1,
                "SIP/2.0 183 x",
            ),
            (
                "change_reply_status(99, \"x\")",
                "404 No",
                -1,
                "SIP/2.0 404 No",
            ),
            (
                "change_reply_status(500, \"a\\r\\nX: y\")",
                "404 No",
                -1,
                "SIP/2.0 404 No",
            ),
        ] {
            let ran = run(
                &format!("loadmodule \"textopsx\"\nreply_route {{ {call}; rc(); }}"),
                &format!("SIP/2.0 {status}\n\n"),
            );
            assert_eq!(
                (ran.codes, ran.sent.lines().next()),
                (vec![code], Some(line)),
                "{call} {status}"
            );
        }
    }

    #[test]
    fn a_body_goes() {
        let message = "OPTIONS sip:b@x SIP/2.0\nContent-Type: a/b\nContent-Length: 3\n\nabc";
        let ran = run(
            "loadmodule \"textopsx\"\nrequest_route { remove_body(); rc(); remove_body(); rc(); }",
            message,
        );
        assert_eq!(ran.codes, [1, 1]);
        assert_eq!(
            ran.sent,
            "OPTIONS sip:b@x SIP/2.0\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n"
        );
    }
}
