//! Limits how much passes, by pipes that scripts name.

mod database;
mod params;
mod pipes;
mod rpc;
#[cfg(test)]
mod tests;

use crate::throttle::Algorithm;
use params::Params;
use pipes::{Checked, Limits, Pipes};
use policy::{
    Context, Declaration, Effect, Entry, Globals, Init, Int, Level, Module, Outcome, Problem,
    Reply, ReplyHow, Routes, Surroundings, Text,
};
use script::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) const ENTRY: Entry = Entry::of::<Pipelimit>();

/// The module.
pub(crate) struct Pipelimit {
    pipes: Arc<Pipes>,
    timer_interval_s: u32,
    /// Whether the load of the machine is looked at.
    load_fetch: bool,
    surroundings: Surroundings,
    /// `reply_code`, `reply_reason`, `clean_unused`, which `cfg.set_now_int` may change.
    globals: Arc<Globals>,
    /// It was said in this interval that there are too many pipes.
    complained: AtomicBool,
}

impl Module for Pipelimit {
    const NAME: &'static str = "pipelimit";
    type Params = Params;

    fn declare(d: &mut Declaration<Pipelimit>) {
        d.doc("Limits how much passes, by pipes that scripts name: a trunk, a user, a method.");
        params::declare(d);
        d.function(
            "pl_check(name, [algorithm], [limit])",
            "1 where the request may pass the pipe, 2 where the pipe is NOP, -1 where its limit is reached, -2 where there is no such pipe. With algorithm and limit the pipe is made.",
            Routes::ANY,
            Pipelimit::check,
        );
        d.function(
            "pl_active(name)",
            "1 where there is such a pipe, else -1.",
            Routes::ANY,
            Pipelimit::is_active,
        );
        d.function(
            "pl_drop([min], [max])",
            "Replies 503 with Retry-After: one number as it is, or one drawn between two.",
            Routes::REQUEST.or(Routes::BRANCH).or(Routes::FAILURE),
            Pipelimit::refuse,
        )
        .replies();
        rpc::declare(d);
        d.table("pl_pipes", "Pipes with algorithm and limit.");
        d.timer(
            |module| module.timer_interval_s.saturating_mul(1000),
            |module, _| module.turn(),
        );
        d.deviation("There is no default for db_url: without it no pipe is read.");
        d.deviation("Commands refuse a missing argument or one that is no number; Kamailio 5.6.3 takes it for 0.");
        d.deviation("At most 65,536 pipes; pl_check() with a further name is -2 until idle ones have made room.");
        d.deviation("Each FEEDBACK pipe has a controller of its own, which holds its limit; in Kamailio 5.6.3 all share one, which holds a load of 0 for pipes that pl_check() made.");
        d.deviation("A NETWORK pipe lets requests pass until the first interval has ended; in Kamailio 5.6.3 pl_check() ends the script meanwhile.");
        d.deviation("NOP pipes are listed by the commands too.");
        d.deviation("pl_drop() cannot be called in onsend_route.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Pipelimit, Problem> {
        let hasher = init.hasher();
        let pipes = init.state("pipes", || Pipes::new(hasher, Limits::default()));
        params.load_at_start(&pipes, init)?;
        let globals = init.globals();
        params.declare_settings(&globals);
        Ok(Pipelimit {
            pipes,
            timer_interval_s: params.timer_interval_s,
            load_fetch: params.load_fetch,
            surroundings: init.surroundings().clone(),
            globals,
            complained: AtomicBool::new(false),
        })
    }
}

impl Pipelimit {
    fn check(
        &self,
        context: &mut Context,
        name: &Text,
        algorithm: &Option<Text>,
        limit: &Option<Int>,
    ) -> i32 {
        let name = name.get(context);
        if let (Some(algorithm), Some(limit)) = (algorithm, limit) {
            let algorithm = algorithm.get(context);
            let limit = limit
                .get(context)
                .and_then(|limit| u32::try_from(limit).ok());
            let Some(limit) = limit else {
                say(context, "invalid limit for pipe", &name);
                return REFUSED;
            };
            match Algorithm::named(&algorithm) {
                Some(known) if self.pipes.ensure(&name, known, limit) => {}
                Some(_) => self.complain(context),
                // A pipe that is there keeps its algorithm, whatever is given.
                None if self.pipes.give(&name, limit) => {}
                None => {
                    say(context, "cannot find algorithm", &algorithm);
                    return MISSING;
                }
            }
        } else if !self.pipes.has(&name) {
            say(context, "pipe not found", &name);
        }
        match self.pipes.check(&name) {
            Checked::Missing => MISSING,
            Checked::Refused => REFUSED,
            Checked::Passes => 1,
            Checked::Nop => 2,
        }
    }

    fn is_active(&self, context: &mut Context, name: &Text) -> bool {
        let name = name.get(context);
        let is_there = self.pipes.has(&name);
        if !is_there {
            say(context, "pipe does not exist", &name);
        }
        is_there
    }

    fn refuse(&self, context: &mut Context, min: &Option<Int>, max: &Option<Int>) -> Outcome {
        let number = |context: &mut Context, given: &Option<Int>| {
            let given = given.as_ref()?.get(context)?;
            Some(given.max(0))
        };
        let seconds = match (number(context, min), number(context, max)) {
            (Some(min), Some(max)) if max < min => Some(min),
            (Some(min), Some(max)) => Some(context.rng.i64(min..=max)),
            (one, other) => one.or(other),
        };
        if let Some(seconds) = seconds {
            context.append_to_reply(format!("Retry-After: {seconds}").as_bytes());
        }
        let code = self.setting("reply_code").to_int();
        Outcome::ask(Effect::Reply(Reply {
            code: u16::try_from(code).unwrap_or(503),
            reason: self.setting("reply_reason").to_text(),
            how: ReplyHow::Auto,
        }))
    }

    fn setting(&self, name: &str) -> Value {
        self.globals.value(Self::NAME, name).unwrap_or_default()
    }

    /// Says once an interval that there are too many pipes: a flood shall not fill the log too.
    fn complain(&self, context: &mut Context) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            context.log(Level::Err, "pipelimit", || {
                "no place for another pipe".to_owned()
            });
        }
    }

    fn turn(&self) {
        self.complained.store(false, Ordering::Relaxed);
        let clean = u32::try_from(self.setting("clean_unused").to_int()).unwrap_or(0);
        let read = |path: &str| match self.load_fetch {
            true => self.surroundings.file(path).ok(),
            false => None,
        };
        self.pipes.turn(clean, read);
    }
}

/// Codes of `pl_check()`.
const REFUSED: i32 = -1;
const MISSING: i32 = -2;

/// Logs what is wrong with a name of the script.
fn say(context: &mut Context, what: &str, name: &[u8]) {
    context.log(Level::Err, "pipelimit", || {
        format!("{what} [{}]", String::from_utf8_lossy(name))
    });
}
