//! `xlog`: log lines of the script.

mod line;
mod params;
mod record;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use line::LevelOrText;
use params::Params;
use policy::{Context, Declaration, Init, Level, Module, Problem, Routes, Var};
use script::Value;

pub(crate) const ENTRY: policy::Entry = policy::Entry::of::<Xlog>();

/// The module: how its lines look.
pub(crate) struct Xlog {
    params: Params,
}

impl Module for Xlog {
    const NAME: &'static str = "xlog";
    type Params = Params;

    fn declare(declaration: &mut Declaration<Self>) {
        declaration.doc("Log lines of the script, with variables in them.");
        params::declare(declaration);
        declare_prefix(declaration);
        declare_functions(declaration);
        for sentence in [
            "A line is one record: line ends and control octets inside it are escaped; Kamailio writes them as they are.",
            "A line longer than buf_size is cut; Kamailio drops it.",
        ] {
            declaration.deviation(sentence);
        }
    }

    fn init(params: Params, _init: &mut Init<'_>) -> Result<Xlog, Problem> {
        Ok(Xlog { params })
    }
}

/// The prefix may have variables in it, which only exist once all modules are there.
fn declare_prefix(declaration: &mut Declaration<Xlog>) {
    declaration.variable(
        "xlog_prefix",
        "The prefix of log lines, with its variables put in.",
        false,
        |module, _, prepare| {
            let Some(params) = module.map(|xlog| &xlog.params) else {
                return Ok(Var::null());
            };
            if !params.prefix_is_format {
                return Ok(Var::constant(Value::Str(params.prefix.clone())));
            }
            let prefix = prepare.text(&Bytes::clone(&params.prefix))?;
            Ok(Var::read_only(move |context| {
                Value::Str(prefix.printed(context))
            }))
        },
    );
}

fn declare_functions(d: &mut Declaration<Xlog>) {
    let any = Routes::ANY;
    let doc = "Writes a line: xlog(text), xlog(level, text), xlog(facility, level, text). Without a level it is L_ERR.";
    d.function(
        "xlog(text_or_level_or_facility, [text_or_level], [text])",
        doc,
        any,
        Xlog::xlog,
    );
    let doc = "As xlog, with the line of the configuration in front.";
    d.function(
        "xlogl(text_or_level_or_facility, [text_or_level], [text])",
        doc,
        any,
        Xlog::xlogl,
    );
    d.function(
        "xdbgl(text)",
        "As xdbg, with the line of the configuration in front.",
        any,
        Xlog::xdbgl,
    );
    let doc = "As xlog(level, text), but not for the methods in methods_filter.";
    d.function("xlogm(level, text)", doc, any, Xlog::xlogm);
    d.function(
        "xalert(text)",
        "Writes a line at L_ALERT.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Alert, t),
    );
    d.function(
        "xbug(text)",
        "Writes a line at L_BUG.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Bug, t),
    );
    d.function(
        "xcrit(text)",
        "Writes a line at L_CRIT.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Crit, t),
    );
    d.function(
        "xerr(text)",
        "Writes a line at L_ERR.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Err, t),
    );
    d.function(
        "xwarn(text)",
        "Writes a line at L_WARN.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Warn, t),
    );
    d.function(
        "xnotice(text)",
        "Writes a line at L_NOTICE.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Notice, t),
    );
    d.function(
        "xinfo(text)",
        "Writes a line at L_INFO.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Info, t),
    );
    d.function(
        "xdbg(text)",
        "Writes a line at L_DBG.",
        any,
        |x: &Xlog, c: &mut Context, t: &LevelOrText| x.plain(c, Level::Dbg, t),
    );
}
