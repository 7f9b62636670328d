//! Answers to OPTIONS (RFC 3261 section 11.2).

use super::SipUtils;
use bytes::Bytes;
use policy::{Context, Declaration, Effect, Level, Outcome, Reply, ReplyHow, Routes};
use sip::{Method, Uri};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "options_reply()",
        "Answers an OPTIONS to us, one without a user part, with 200 and what we accept; else -1.",
        Routes::REQUEST,
        options_reply,
    )
    .replies();
}

fn options_reply(module: &SipUtils, context: &mut Context) -> Outcome {
    if context.message.method() != Method::Options {
        return refuse(context, "called for non-OPTIONS request");
    }
    let has_user = Uri::parse(&context.target.uri)
        .is_ok_and(|uri| uri.user.is_some_and(|user| !user.is_empty()));
    if has_user {
        return refuse(context, "ruri contains username");
    }
    let params = &module.params;
    for (name, value) in [
        ("Accept", &params.options_accept),
        ("Accept-Encoding", &params.options_accept_encoding),
        ("Accept-Language", &params.options_accept_language),
        ("Supported", &params.options_support),
    ] {
        let line = [name.as_bytes(), b": ", value, b"\r\n"].concat();
        context.append_to_reply(&line);
    }
    Outcome::ask(Effect::Reply(Reply {
        code: 200,
        reason: Bytes::from_static(b"OK"),
        how: ReplyHow::Stateless,
    }))
}

fn refuse(context: &mut Context, why: &'static str) -> Outcome {
    context.log(Level::Err, "siputils", || why.to_owned());
    Outcome::FALSE
}

#[cfg(test)]
mod tests {
    use crate::testing::run;
    use policy::Effect;

    #[test]
    fn an_options_to_us_is_answered() {
        let script = "loadmodule \"siputils\"\nmodparam(\"siputils\", \"options_support\", \"100rel\")\nrequest_route { options_reply(); }";
        let ran = run(script, "OPTIONS sip:x SIP/2.0\n\n");
        assert!(
            matches!(ran.effect, Some(Effect::Reply(reply)) if reply.code == 200 && reply.reason == "OK")
        );
        let lines =
            "Accept: */*\r\nAccept-Encoding: \r\nAccept-Language: en\r\nSupported: 100rel\r\n";
        assert_eq!(ran.context.reply_lines, lines.as_bytes());
    }

    #[test]
    fn others_are_not() {
        for message in ["OPTIONS sip:bob@x SIP/2.0\n\n", "INVITE sip:x SIP/2.0\n\n"] {
            let ran = run(
                "loadmodule \"siputils\"\nrequest_route { options_reply(); rc(); }",
                message,
            );
            assert_eq!(ran.codes, [-1], "{message}");
            assert!(ran.effect.is_none());
        }
    }
}
