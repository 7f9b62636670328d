//! `core`: what every configuration has without a `loadmodule` line.

mod blocklist;
mod flags;
mod idle;
mod params;
mod select;
mod send;
mod switches;
#[cfg(test)]
mod tests;
mod uri;
mod variables;

use idle::Idle;
use policy::{CoreParams, Declaration, Init, Level, Logger, Module, Problem, Task};

pub(crate) const ENTRY: policy::Entry = policy::Entry::of::<Core>();

/// The event route that runs once.
const FIRST_WORKER: &str = "core:worker-one-init";

/// The module. Its parameters live on in the configuration; here is what its commands need.
pub(crate) struct Core {
    listing: blocklist::Listing,
}

/// The core parameters, and those that were given though they mean nothing here.
#[derive(Default)]
pub(crate) struct Params {
    core: CoreParams,
    idle: Vec<&'static Idle>,
}

impl Module for Core {
    const NAME: &'static str = "core";
    type Params = Params;

    fn declare(declaration: &mut Declaration<Self>) {
        declaration.doc("Parameters, functions, variables and selects that need no module.");
        params::declare(declaration);
        idle::declare(declaration);
        flags::declare(declaration);
        uri::declare(declaration);
        send::declare(declaration);
        switches::declare(declaration);
        variables::declare(declaration);
        select::declare(declaration);
        blocklist::declare(declaration);
        events(declaration);
        for sentence in [
            "exec() is not there: a routing script cannot start processes.",
            "@next_hop.src_ip, @sys and @msg.id are not there: they tell of Kamailio's processes.",
            "Of several contacts, @contact reads the first; 5.6.3 reads the last.",
            "A Via ends before the comma that separates it from the next; 5.6.3 shows the comma.",
        ] {
            declaration.deviation(sentence);
        }
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Core, Problem> {
        let listing = blocklist::Listing::new(&params, init);
        // Told at start, when the log level of the file holds.
        let logger = init.logger.clone();
        init.on_start(move |done| {
            params.idle.iter().for_each(|idle| tell(&logger, idle));
            done(Ok(()));
        });
        bound_log(init);
        let outbox = init.outbox();
        init.on_start(move |done| {
            outbox.post(Task::Event {
                name: FIRST_WORKER.to_owned(),
                prepare: Box::new(|_| {}),
            });
            done(Ok(()));
        });
        init.set_core(params.core);
        Ok(Core { listing })
    }
}

fn events(d: &mut Declaration<Core>) {
    d.event_route(FIRST_WORKER, "Once, when the server starts to serve.");
    d.event_route(
        "core:msg-received",
        "For everything that comes, before it is read, where received_route_mode is on; drop drops it.",
    );
    d.event_route(
        "core:receive-parse-error",
        "For what is no SIP message; $mb is what came, $si and $sp where from.",
    );
    d.deviation(
        "Of a source that floods while nothing comes of it one datagram in 16 is read (shed_rate).",
    );
    d.deviation("Beyond capacity new requests are refused with 503 (overload_target).");
    d.deviation("dns_srv_lb is on unless the file says no; in Kamailio 5.6.3 it is off, so that of SRV records of one priority the heaviest alone is used.");
    d.deviation("In event_route[core:msg-received] $si, $sp, $Ri, $Rp, $mb and $ml are those of what came; 5.6.3 shows those of its placeholder.");
    d.deviation("event_route[core:receive-parse-error] sees a placeholder besides $mb, $ml, $si and $sp; 5.6.3 shows what it could read.");
}

/// How often the log says what was left out, and every place in the source may write again.
const LOG_STRETCH_MS: u32 = 10_000;

fn bound_log(init: &mut Init<'_>) {
    let logger = init.logger.clone();
    init.every(LOG_STRETCH_MS, move |_| logger.tell_left_out());
    let logger = init.logger.clone();
    init.on_stop(move |done| {
        logger.tell_left_out();
        done(Ok(()));
    });
}

fn tell(logger: &Logger, idle: &Idle) {
    let Idle { name, because, .. } = idle;
    let line = || format!("{name}: accepted; means nothing here, because {because}");
    logger.log_all(Level::Notice, "core", line);
}
