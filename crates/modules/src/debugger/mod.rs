//! Watching the script: traces, dumps, log levels of single modules.

mod dump;
mod message;
mod rpc;
mod trace;

use policy::{Context, Declaration, Entry, Init, Int, Level, Logger, Module, Problem, Routes};
use std::sync::Arc;
use trace::Trace;

pub(crate) const ENTRY: Entry = Entry::of::<Debugger>();

struct Debugger {
    trace: Arc<Trace>,
    logger: Logger,
}

struct Params {
    cfgtrace: bool,
    log_level: i64,
    log_level_name: String,
    log_prefix: String,
    mod_level_mode: bool,
    mod_levels: Vec<(String, i32)>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            cfgtrace: false,
            log_level: -1,
            log_level_name: "exec".to_owned(),
            log_prefix: "*** cfgtrace:".to_owned(),
            mod_level_mode: false,
            mod_levels: Vec::new(),
        }
    }
}

impl Module for Debugger {
    const NAME: &'static str = "debugger";
    type Params = Params;

    fn declare(d: &mut Declaration<Debugger>) {
        d.doc("Watching the script: traces, dumps, log levels of single modules.");
        declare_params(d);
        dump::declare(d);
        message::declare(d);
        d.function(
            "dbg_breakpoint(mode)",
            "Always 1; accepted, means nothing here because no worker ever waits for a person.",
            Routes::ANY,
            |_: &Debugger, _: &mut Context, _: &Int| true,
        );
        rpc::declare(d);
        d.deviation(
            "A trace line names route, file and line, not the number and name of the action.",
        );
        d.deviation("A trace line begins with log_level_name behind the word of its level, not in place of it.");
        d.deviation("There are no breakpoints: no worker ever waits for a person.");
        d.deviation("dbg_pv_dump() shows AVPs and XAVPs (mask 2 and 8); script variables have no names at run time.");
        d.deviation("dbg_sip_msg() shows lines that differ; Kamailio shows its list of changes.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Debugger, Problem> {
        if params.mod_level_mode {
            for (module, level) in &params.mod_levels {
                init.logger.set_module_level(module, *level);
            }
        }
        let level = Level::from_number(i32::try_from(params.log_level).unwrap_or(-1));
        let trace = Arc::new(Trace::new(
            params.cfgtrace,
            level,
            params.log_level_name,
            params.log_prefix,
        ));
        init.set_tracer(trace.clone());
        Ok(Debugger {
            trace,
            logger: init.logger.clone(),
        })
    }
}

fn declare_params(d: &mut Declaration<Debugger>) {
    d.param(
        "cfgtrace",
        "Whether each statement is logged, default 0.",
        |p: &mut Params, v| p.cfgtrace = v,
    );
    d.param(
        "log_level",
        "The level of trace lines, default -1.",
        |p: &mut Params, v| p.log_level = v,
    );
    d.param(
        "log_level_name",
        "The word trace lines begin with, default `exec`.",
        |p: &mut Params, v| {
            p.log_level_name = v;
        },
    );
    d.param(
        "log_prefix",
        "What follows it, default `*** cfgtrace:`.",
        |p: &mut Params, v| p.log_prefix = v,
    );
    d.param(
        "mod_level_mode",
        "Whether mod_level counts, default 0.",
        |p: &mut Params, v| p.mod_level_mode = v,
    );
    d.try_param(
        "mod_level",
        "The log level of a module, `module=level`; may be given many times.",
        |p: &mut Params, text: String| {
            let (module, level) = text.split_once('=').ok_or("expected module=level")?;
            let level = level.trim().parse().map_err(|_| "expected module=level")?;
            p.mod_levels.push((module.trim().to_owned(), level));
            Ok(())
        },
    );
    for name in ["mod_hash_size", "step_usleep", "step_loops"] {
        d.param(
            name,
            "Accepted; means nothing here because there is no such table and there are no breakpoints.",
            |_: &mut Params, _: i64| {},
        );
    }
    for name in ["breakpoint", "cfgpkgcheck", "reset_msgid"] {
        d.try_param(
            name,
            "Only 0, its default: there are no breakpoints, no private memory and no message counter.",
            |_: &mut Params, on: bool| {
                if on {
                    Err("only 0 is possible here".to_owned())
                } else {
                    Ok(())
                }
            },
        );
    }
}

#[cfg(test)]
mod tests;
