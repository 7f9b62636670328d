//! Checks on the shape of requests, with the replies they earn.

mod checks;
mod credentials;

use bytes::Bytes;
use checks::{Failure, Settings};
use policy::{
    Context, Declaration, Effect, Entry, Init, Int, Level, Module, Outcome, Problem, Reply,
    ReplyHow, Routes, SanityChecks,
};
use sip::{Message, Method};
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Sanity>();

struct Sanity {
    default_checks: i64,
    uri_checks: i64,
    autodrop: bool,
    noreply: bool,
    settings: Settings,
}

struct Params {
    default_checks: i64,
    uri_checks: i64,
    proxy_require: Bytes,
    autodrop: bool,
    noreply: bool,
}

impl Default for Params {
    fn default() -> Params {
        // 1 + 2 + 4 + 32 + 64 + 128 + 256 + 512 + 2048, and Request-URI, From and To.
        Params {
            default_checks: 3047,
            uri_checks: 7,
            proxy_require: Bytes::new(),
            autodrop: true,
            noreply: false,
        }
    }
}

impl Module for Sanity {
    const NAME: &'static str = "sanity";
    type Params = Params;

    fn declare(d: &mut Declaration<Sanity>) {
        d.doc("Checks requests for what RFC 3261 asks of them and answers those that fail.");
        d.param(
            "default_checks",
            "The checks of sanity_check() without arguments, a sum, default 3047.",
            |p: &mut Params, v| {
                p.default_checks = v;
            },
        );
        d.param(
            "uri_checks",
            "What check 1024 looks at: 1 Request-URI, 2 From, 4 To, 8 Contact; a sum, default 7.",
            |p: &mut Params, v| p.uri_checks = v,
        );
        d.param(
            "proxy_require",
            "Option tags that Proxy-Require may name, separated by commas.",
            |p: &mut Params, v| {
                p.proxy_require = v;
            },
        );
        d.param(
            "autodrop",
            "Whether a failed check ends the script, default 1.",
            |p: &mut Params, v| p.autodrop = v,
        );
        d.param(
            "noreply",
            "Whether the reply is left to sanity_reply(), default 0.",
            |p: &mut Params, v| p.noreply = v,
        );
        d.function(
            "sanity_check([msg_checks], [uri_checks])",
            "1 where every check passes; else the reply is sent and the script ends, or goes on with -1 (autodrop).",
            Routes::ANY,
            Sanity::check,
        );
        d.function(
            "sanity_reply()",
            "Sends the reply that noreply kept back; -1 without one.",
            Routes::ANY,
            Sanity::reply,
        )
        .replies();
        d.deviation(
            "A CSeq number of 2^32 and more is illegal (RFC 3261 section 8.1.1.5); Kamailio 5.6.3 lets it pass.",
        );
        d.deviation("An Expires value of 2^32 and more is illegal; Kamailio 5.6.3 lets it pass.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Sanity, Problem> {
        let settings = Settings::new(&params.proxy_require);
        init.provide::<dyn SanityChecks>(Arc::new(Defaults {
            checks: params.default_checks,
            uri_checks: params.uri_checks,
            settings: settings.clone(),
        }));
        Ok(Sanity {
            default_checks: params.default_checks,
            uri_checks: params.uri_checks,
            autodrop: params.autodrop,
            noreply: params.noreply,
            settings,
        })
    }
}

/// The default checks, as other modules ask for them.
struct Defaults {
    checks: i64,
    uri_checks: i64,
    settings: Settings,
}

impl SanityChecks for Defaults {
    fn passes(&self, request: &Message) -> bool {
        let (uri, settings) = (request.request_uri(), &self.settings);
        checks::run(request, uri, settings, self.checks, self.uri_checks).is_ok()
    }
}

/// The reply that `noreply` kept back.
#[derive(Default)]
struct Kept(Option<Failure>);

impl Sanity {
    fn check(&self, context: &mut Context, checks: &Option<Int>, uris: &Option<Int>) -> Outcome {
        let checks = checks
            .as_ref()
            .map_or(self.default_checks, |checks| checks.get_or_0(context));
        let uris = uris
            .as_ref()
            .map_or(self.uri_checks, |uris| uris.get_or_0(context));
        let Err(failure) = checks::run(
            &context.message,
            &context.target.uri,
            &self.settings,
            checks,
            uris,
        ) else {
            return Outcome::TRUE;
        };
        if let Some(line) = failure.log {
            context.log(Level::Warn, "sanity", || line.to_owned());
        }
        if self.noreply {
            context.extension_mut::<Kept>().0 = Some(failure);
            return self.failed();
        }
        let is_silent = failure.reason.is_empty() || context.message.method() == Method::Ack;
        if is_silent || !context.message.is_request() {
            return self.failed();
        }
        let autodrop = self.autodrop;
        let reply = wish(context, failure);
        Outcome::ask_then(reply, move |_, _| {
            if autodrop {
                Outcome::Exit
            } else {
                Outcome::FALSE
            }
        })
    }

    fn reply(&self, context: &mut Context) -> Outcome {
        let kept = context.extension_mut::<Kept>().0.take();
        match kept.filter(|failure| !failure.reason.is_empty()) {
            Some(failure)
                if context.message.is_request() && context.message.method() != Method::Ack =>
            {
                Outcome::ask(wish(context, failure))
            }
            _ => Outcome::FALSE,
        }
    }

    fn failed(&self) -> Outcome {
        if self.autodrop {
            Outcome::Exit
        } else {
            Outcome::FALSE
        }
    }
}

fn wish(context: &mut Context, failure: Failure) -> Effect {
    if let Some(tag) = &failure.unsupported {
        let line = [b"Unsupported: ", &tag[..], b"\r\n"].concat();
        context.append_to_reply(&line);
    }
    let reason = Bytes::from_static(failure.reason.as_bytes());
    Effect::Reply(Reply {
        code: failure.code,
        reason,
        how: ReplyHow::Auto,
    })
}

#[cfg(test)]
mod tests;
