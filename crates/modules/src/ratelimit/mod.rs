//! Limits how many requests pass, by method.

mod pipes;
mod rpc;
#[cfg(test)]
mod tests;

use pipes::{Declared, Pipes, Queue};
use policy::{
    Context, Declaration, Entry, Init, Int, Level, Logger, Module, Problem, Routes, Surroundings,
    problem,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) const ENTRY: Entry = Entry::of::<Ratelimit>();

struct Ratelimit {
    pipes: Arc<Pipes>,
    timer_interval_s: u32,
    surroundings: Surroundings,
    logger: Logger,
    /// `rl.set_dbg`: the counters are logged at each interval.
    shows_counters: AtomicBool,
}

struct Params {
    timer_interval: i64,
    queues: Vec<Queue>,
    pipes: Vec<Declared>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            timer_interval: 10,
            queues: Vec::new(),
            pipes: Vec::new(),
        }
    }
}

impl Module for Ratelimit {
    const NAME: &'static str = "ratelimit";
    type Params = Params;

    fn declare(d: &mut Declaration<Ratelimit>) {
        d.doc("Limits how many requests pass, by method, with pipes and queues.");
        declare_params(d);
        d.function(
            "rl_check([pipe])",
            "1 where the request may pass its pipe, -1 where not; without a number the pipe is that of its method.",
            Routes::ANY,
            Ratelimit::check,
        );
        d.function(
            "rl_check_pipe(pipe)",
            "The same for the pipe of this number.",
            Routes::ANY,
            Ratelimit::check_pipe,
        );
        d.function(
            "rl_retry_after(min, max)",
            "Adds Retry-After to the reply to come, with seconds drawn between the two; not in Kamailio.",
            Routes::ANY,
            Ratelimit::retry_after,
        );
        rpc::declare(d);
        d.timer(
            |module| module.timer_interval_s.saturating_mul(1000),
            |module, _| module.turn(),
        );
        d.deviation("Each FEEDBACK pipe has a limit and a controller of its own; in Kamailio all share one.");
        d.deviation("A NETWORK pipe lets requests pass until the first interval has ended; in Kamailio 5.6.3 rl_check() ends the script meanwhile.");
        d.deviation("rl.get_pipes, rl.get_queues and rl.stats answer all lines; over JSON-RPC Kamailio 5.6.3 answers the last one.");
        d.deviation("A NOP pipe that is named by its number lets requests pass, and is listed; in Kamailio 5.6.3 it is as none.");
        d.deviation("Commands refuse a missing argument, one that is no number, and negative limits; Kamailio 5.6.3 takes them.");
        d.deviation("rl_retry_after() is ours.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Ratelimit, Problem> {
        if params.queues.len() > pipes::MOST {
            return Err(problem(format!("more than {} queues", pipes::MOST)));
        }
        let interval = u32::try_from(params.timer_interval).ok();
        let interval = interval.filter(|seconds| *seconds > 0);
        Ok(Ratelimit {
            pipes: Arc::new(Pipes::new(&params.pipes, &params.queues)),
            timer_interval_s: interval
                .ok_or_else(|| problem("timer_interval must be greater than 0"))?,
            surroundings: init.surroundings().clone(),
            logger: init.logger.clone(),
            shows_counters: AtomicBool::new(false),
        })
    }
}

fn declare_params(d: &mut Declaration<Ratelimit>) {
    d.param(
        "timer_interval",
        "The length of an interval in seconds, default 10.",
        |p, seconds| p.timer_interval = seconds,
    );
    d.try_param(
        "queue",
        "PIPE:METHOD, or PIPE:* for every other method; up to 32, the first that fits counts.",
        |p, text: String| {
            p.queues.push(Queue::parse(&text)?);
            Ok(())
        },
    );
    d.try_param(
        "pipe",
        "PIPE:ALGORITHM:LIMIT with TAILDROP, RED, FEEDBACK, NETWORK or NOP; numbers are 0 to 31.",
        |p, text: String| {
            p.pipes.push(Declared::parse(&text)?);
            Ok(())
        },
    );
}

impl Ratelimit {
    fn check(&self, context: &mut Context, pipe: &Option<Int>) -> i32 {
        if let Some(pipe) = pipe {
            return self.check_pipe(context, pipe);
        }
        let Some(request) = context.request().cloned() else {
            return -1;
        };
        match self.pipes.pipe_of(request.method_bytes()) {
            // A queue may lead to a pipe that is not there: Kamailio lets everything pass.
            Some(pipe) => code(
                self.pipes
                    .check(pipe, self.timer_interval_s)
                    .unwrap_or(true),
            ),
            None => {
                context.log(Level::Dbg, "ratelimit", || {
                    let method = String::from_utf8_lossy(request.method_bytes()).into_owned();
                    format!("no queue matches method {method}")
                });
                -1
            }
        }
    }

    fn check_pipe(&self, context: &mut Context, pipe: &Int) -> i32 {
        let number = pipe.get(context).unwrap_or(-1);
        let index = usize::try_from(number).ok();
        let passes = index.and_then(|pipe| self.pipes.check(pipe, self.timer_interval_s));
        match passes {
            Some(passes) => code(passes),
            None => {
                context.log(Level::Err, "ratelimit", || {
                    format!("forced pipe {number} out of range or not defined")
                });
                -1
            }
        }
    }

    fn retry_after(&self, context: &mut Context, min: &Int, max: &Int) -> i32 {
        let (min, max) = (min.get_or_0(context).max(0), max.get_or_0(context).max(0));
        let seconds = context.rng.i64(min.min(max)..=min.max(max));
        context.append_to_reply(format!("Retry-After: {seconds}").as_bytes());
        1
    }

    fn turn(&self) {
        if self.shows_counters.load(Ordering::Relaxed) {
            let pipes = self.pipes.each();
            self.logger.log(Level::Warn, "ratelimit", || {
                let counts = pipes
                    .iter()
                    .map(|(number, pipe)| format!(" {number}:{}", pipe.counter));
                format!("counters{}", counts.collect::<String>())
            });
        }
        let read = |path: &str| self.surroundings.file(path).ok();
        self.pipes.turn(self.timer_interval_s, read);
    }
}

fn code(passes: bool) -> i32 {
    if passes { 1 } else { -1 }
}
