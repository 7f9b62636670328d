//! Flags of the script and of branches, the destination URI, printing into variables.

mod flags;
mod stats;

use policy::{
    Context, Counters, Declaration, Entry, Init, Int, Module, Problem, Proto, Routes, Text, Var,
};
use script::{AssignOp, Value};
use sip::Uri;

pub(crate) const ENTRY: Entry = Entry::of::<Kex>();

struct Kex {
    counters: Counters,
}

impl Module for Kex {
    const NAME: &'static str = "kex";
    type Params = ();

    fn declare(d: &mut Declaration<Kex>) {
        d.doc("Script and branch flags, the destination URI, printing into variables.");
        flags::declare(d);
        stats::declare(d);
        d.function(
            "setdsturi(uri)",
            "Sets the destination URI ($du).",
            Routes::ANY,
            set_dst_uri,
        );
        d.function(
            "resetdsturi()",
            "Takes the destination URI away.",
            Routes::ANY,
            |_: &Kex, context: &mut Context| {
                context.target.dst_uri = None;
                true
            },
        );
        d.function(
            "isdsturiset()",
            "1 where a destination URI is set.",
            Routes::ANY,
            |_: &Kex, context: &mut Context| context.target.dst_uri.is_some(),
        );
        d.function(
            "pv_printf(var, str)",
            "Puts a text with variables into a variable.",
            Routes::ANY,
            print,
        )
        .alias("avp_printf");
        d.function(
            "is_myself(uri)",
            "1 where a SIP URI, or a host name without a port, means this server.",
            Routes::ANY,
            is_myself,
        );
        d.function(
            "setdebug(level)",
            "Sets the log level.",
            Routes::ANY,
            set_debug,
        );
        d.function(
            "resetdebug()",
            "Sets the log level back to `debug`.",
            Routes::ANY,
            |_: &Kex, context: &mut Context| {
                context
                    .config
                    .logger
                    .set_level(clamped(context.core().debug));
                true
            },
        );
        d.deviation("stats commands find a counter by group:name everywhere; in Kamailio only stats.fetch and stats.fetchn do.");
        d.deviation("setdebug() and resetdebug() change the level of the whole server; in Kamailio, of one process.");
    }

    fn init(_: (), init: &mut Init<'_>) -> Result<Kex, Problem> {
        Ok(Kex {
            counters: init.counters(),
        })
    }
}

fn set_dst_uri(_: &Kex, context: &mut Context, uri: &Text) -> bool {
    context.target.dst_uri = Some(uri.get(context));
    true
}

fn print(_: &Kex, context: &mut Context, var: &Var, text: &Text) -> bool {
    let text = text.get(context);
    var.write(context, AssignOp::Set, Value::Str(text))
}

fn is_myself(_: &Kex, context: &mut Context, uri: &Text) -> bool {
    let text = uri.get(context);
    let identity = &context.config.identity;
    if !text.contains(&b':') || text.starts_with(b"[") {
        return !text.is_empty() && identity.is_myself(&text, 0, None);
    }
    let Ok(uri) = Uri::parse(&text) else {
        return false;
    };
    let proto = uri
        .param(b"transport")
        .and_then(|param| param.value)
        .and_then(Proto::parse);
    uri.is_sip() && identity.is_myself(uri.host, uri.port.unwrap_or(0), proto)
}

fn set_debug(_: &Kex, context: &mut Context, level: &Int) -> bool {
    let level = level.get_or_0(context);
    context.config.logger.set_level(clamped(level));
    true
}

fn clamped(level: i64) -> i32 {
    i32::try_from(level).unwrap_or(if level < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const MESSAGE: &str = "OPTIONS sip:bob@ex.a SIP/2.0\n\n";

    #[test]
    fn the_destination_uri_comes_and_goes() {
        let script = "loadmodule \"kex\"\nrequest_route { isdsturiset(); rc(); setdsturi(\"sip:1.2.3.4\"); rc(); isdsturiset(); rc(); resetdsturi(); rc(); isdsturiset(); rc(); }";
        assert_eq!(run(script, MESSAGE).codes, [-1, 1, 1, 1, -1]);
    }

    #[test]
    fn texts_are_printed_into_variables() {
        let script = "loadmodule \"kex\"\nrequest_route { $out(b) = \"bob\"; pv_printf(\"$out(a)\", \"x $out(b)\"); rc(); avp_printf(\"$out(c)\", \"$out(a)!\"); note(\"$out(c)\"); }";
        let ran = run(script, MESSAGE);
        assert_eq!((ran.codes, ran.notes), (vec![1], vec!["x bob!".to_owned()]));
    }

    /// As Kamailio 5.6.3 answers on 127.0.0.1:5060 over UDP.
    #[test]
    fn we_are_known_by_uri_and_by_host() {
        for (uri, code) in [
            ("sip:x@127.0.0.1:5060", 1),
            ("sip:x@127.0.0.1", 1),
            ("127.0.0.1", 1),
            ("127.0.0.1:5060", -1),
            ("udp:127.0.0.1:5060", -1),
            ("foo@127.0.0.1:5060", -1),
            ("sip:bob@ex.a", -1),
            ("tel:123", -1),
            ("", -1),
            ("sip:x@127.0.0.1:5060;transport=tcp", -1),
            ("sip:x@127.0.0.1:5061", -1),
        ] {
            let script =
                format!("loadmodule \"kex\"\nrequest_route {{ is_myself(\"{uri}\"); rc(); }}");
            assert_eq!(run(&script, MESSAGE).codes, [code], "{uri}");
        }
    }

    #[test]
    fn the_log_level_is_set_and_set_back() {
        let ran = run(
            "loadmodule \"kex\"\nrequest_route { setdebug(2); rc(); }",
            MESSAGE,
        );
        assert_eq!((ran.codes, ran.context.config.logger.level()), (vec![1], 2));
        let ran = run(
            "loadmodule \"kex\"\nrequest_route { setdebug(2); resetdebug(); rc(); }",
            MESSAGE,
        );
        assert_eq!(
            (ran.codes, i64::from(ran.context.config.logger.level())),
            (vec![1], ran.context.core().debug)
        );
    }
}
