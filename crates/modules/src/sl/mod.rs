//! Replies without a transaction, and replies that take one where there is one.

mod counts;

use bytes::Bytes;
use counts::Counts;
use policy::{
    Context, Declaration, Effect, Entry, Init, Int, Level, Module, Outcome, Problem, Reply,
    ReplyHow, RichRedirect, Routes, Text,
};

use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Sl>();

struct Sl {
    params: Params,
    counts: Counts,
}

struct Params {
    default_code: i64,
    default_reason: Bytes,
    bind_tm: bool,
    rich_redirect: RichRedirect,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            default_code: 500,
            default_reason: Bytes::from_static(b"Internal Server Error"),
            bind_tm: true,
            rich_redirect: RichRedirect::default(),
        }
    }
}

/// Where a reply without a transaction may be sent from.
const STATELESS: Routes = Routes::REQUEST.or(Routes::BRANCH_FAILURE).or(Routes::EVENT);
/// Where a reply may be sent from that takes the transaction.
const STATEFUL: Routes = STATELESS.or(Routes::FAILURE).or(Routes::REPLIES);

impl Module for Sl {
    const NAME: &'static str = "sl";
    type Params = Params;

    fn declare(d: &mut Declaration<Sl>) {
        d.doc("Answers requests without keeping a transaction.");
        params(d);
        d.function(
            "sl_send_reply(code, reason)",
            "Replies without touching a transaction: 1 sent, -1 not.",
            STATELESS,
            Sl::send_stateless,
        )
        .alias("sl_reply")
        .replies();
        d.function(
            "send_reply(code, reason)",
            "Replies through the transaction where there is one: 1 sent, -1 not.",
            STATEFUL,
            Sl::send,
        )
        .replies();
        d.function(
            "send_reply_mode(code, reason, mode)",
            "The same; mode is a sum of 1 (no new connection for it) and 2 (close the connection after it).",
            STATEFUL,
            Sl::send_mode,
        )
        .replies();
        d.function(
            "sl_reply_error()",
            "Replies with the error of the last relaying that failed, 500 where there is none.",
            STATELESS,
            Sl::reply_error,
        )
        .replies();
        d.rpc(
            "sl.stats",
            "How many replies of each status were sent without a transaction.",
            |sl, _| Ok(sl.counts.json()),
        );
        d.event_route(
            "sl:local-response",
            "A reply was sent without a transaction; the message is that reply.",
        );
        d.event_route(
            "sl:filtered-ack",
            "The ACK of such a reply came and ends here.",
        );
        d.deviation("The ACK of a reply without a transaction is recognised by its To tag, which is a keyed hash, without a time limit; Kamailio 5.6.3 stops looking some time after the last reply.");
        d.deviation("Codes outside of 100 to 699 are refused with -1; Kamailio 5.6.3 sends them.");
        d.deviation("sl_reply_error() tells the last relaying error even where other functions were called since; Kamailio 5.6.3 has forgotten it then and sends 500.");
        d.deviation(
            "180 and its like count as 1xx_replies; Kamailio 5.6.3 counts them as xxx_replies.",
        );
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Sl, Problem> {
        let counts = Counts::new(init);
        init.observe_transactions(Arc::new(counts.clone()));
        Ok(Sl { params, counts })
    }
}

fn params(d: &mut Declaration<Sl>) {
    for name in ["event_callback_fl_ack", "event_callback_lres_sent"] {
        d.callback(name, |_, _| {});
    }
    d.param(
        "default_code",
        "Status of a reply whose code is no number; default 500.",
        |p, code| p.default_code = code,
    );
    d.param(
        "default_reason",
        "Reason phrase of a reply whose reason has no value; default Internal Server Error.",
        |p, reason| {
            p.default_reason = reason;
        },
    );
    d.param(
        "bind_tm",
        "send_reply() replies through the transaction where there is one; default yes.",
        |p, on| {
            p.bind_tm = on;
        },
    );
    d.param(
        "rich_redirect",
        "What the Contact of a 3xx says beside the URI: a sum of 1 (branch flags) and 2 (Path); default 0.",
        |p, bits| p.rich_redirect = RichRedirect::from_bits(bits),
    );
}

impl Sl {
    fn send_stateless(&self, context: &mut Context, code: &Int, reason: &Text) -> Outcome {
        let (code, reason) = self.evaluate(context, code, reason);
        self.reply(context, code, reason, ReplyHow::Stateless)
    }

    fn send(&self, context: &mut Context, code: &Int, reason: &Text) -> Outcome {
        let (code, reason) = self.evaluate(context, code, reason);
        let how = if self.params.bind_tm {
            ReplyHow::Auto
        } else {
            ReplyHow::Stateless
        };
        self.reply(context, code, reason, how)
    }

    fn send_mode(&self, context: &mut Context, code: &Int, reason: &Text, mode: &Int) -> Outcome {
        let mode = mode.get_or_0(context);
        context.switches.reply_no_connect |= mode & 1 != 0;
        context.switches.reply_close |= mode & 2 != 0;
        self.send(context, code, reason)
    }

    fn reply_error(&self, context: &mut Context) -> Outcome {
        let (code, text) = context.error.unwrap_or((500, NO_ERROR));
        context.log(Level::Err, "sl", || {
            format!("stateless error reply used: {text}")
        });
        let reason = Bytes::from_static(text.as_bytes());
        self.counts.error();
        self.reply(context, code.into(), reason, ReplyHow::Stateless)
    }

    fn evaluate(&self, context: &mut Context, code: &Int, reason: &Text) -> (i64, Bytes) {
        let reason = match reason.value(context) {
            script::Value::Null => self.params.default_reason.clone(),
            text => text.to_text(),
        };
        (
            code.get(context).unwrap_or(self.params.default_code),
            reason,
        )
    }

    fn reply(&self, context: &mut Context, code: i64, reason: Bytes, how: ReplyHow) -> Outcome {
        let Some(code) = u16::try_from(code)
            .ok()
            .filter(|code| (100..700).contains(code))
        else {
            context.log(Level::Err, "sl", || format!("invalid code {code}"));
            return Outcome::FALSE;
        };
        let before = context.reply_lines.len();
        if (300..400).contains(&code) {
            let contact = policy::redirect_contact(context, self.params.rich_redirect);
            context.reply_lines.extend_from_slice(&contact);
        }
        Outcome::ask_then(
            Effect::Reply(Reply { code, reason, how }),
            move |context, answer| {
                // The Contact belongs to this reply alone.
                context.reply_lines.truncate(before);
                Outcome::Code(answer.code())
            },
        )
    }
}

/// What is told where nothing has failed.
const NO_ERROR: &str = "I'm terribly sorry, server error occurred (1/SL)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    const REQUEST: &str = "OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n\
                           To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

    fn wish(call: &str) -> (Option<Reply>, Context) {
        let ran = run(
            &format!("loadmodule \"sl\"\nrequest_route {{ {call}; }}"),
            REQUEST,
        );
        match ran.effect {
            Some(Effect::Reply(reply)) => (Some(reply), ran.context),
            _ => (None, ran.context),
        }
    }

    /// Call, and the reply it asks for.
    const CASES: [(&str, u16, &str, ReplyHow); 6] = [
        (
            "sl_send_reply(\"404\", \"Not found\")",
            404,
            "Not found",
            ReplyHow::Stateless,
        ),
        ("sl_reply(200, \"OK\")", 200, "OK", ReplyHow::Stateless),
        ("sl_send_reply(\"200\", \"\")", 200, "", ReplyHow::Stateless),
        (
            "send_reply(\"603\", \"Decline\")",
            603,
            "Decline",
            ReplyHow::Auto,
        ),
        (
            "sl_send_reply(\"$out(x)\", \"no code\")",
            500,
            "no code",
            ReplyHow::Stateless,
        ),
        ("sl_reply_error()", 500, NO_ERROR, ReplyHow::Stateless),
    ];

    #[test]
    fn functions_ask_for_replies() {
        for (call, code, reason, how) in CASES {
            let reply = wish(call)
                .0
                .unwrap_or_else(|| panic!("{call} asks for no reply"));
            assert_eq!(
                (reply.code, reply.reason.as_ref(), reply.how),
                (code, reason.as_bytes(), how),
                "{call}"
            );
        }
    }

    #[test]
    fn impossible_codes_are_refused() {
        for call in ["sl_send_reply(\"99\", \"x\")", "send_reply(\"700\", \"x\")"] {
            assert!(wish(call).0.is_none(), "{call}");
        }
    }

    #[test]
    fn a_mode_closes_or_forbids_the_connection() {
        let (_, context) = wish("send_reply_mode(\"404\", \"x\", \"3\")");
        assert!(context.switches.reply_no_connect && context.switches.reply_close);
    }

    #[test]
    fn without_tm_every_reply_is_stateless() {
        let script = "loadmodule \"sl\"\nmodparam(\"sl\", \"bind_tm\", 0)\nrequest_route { send_reply(\"404\", \"x\"); }";
        let Some(Effect::Reply(reply)) = run(script, REQUEST).effect else {
            panic!("no reply")
        };
        assert_eq!(reply.how, ReplyHow::Stateless);
    }
}
