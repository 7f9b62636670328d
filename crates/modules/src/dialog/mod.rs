//! Dialogs: calls from their INVITE to their BYE, with limits, timeouts and requests of our own.

mod begin;
mod bridge;
mod call;
mod columns;
mod counts;
mod cseq;
mod current;
mod database;
mod early;
mod events;
mod follow;
mod functions;
mod hooks;
#[cfg(test)]
mod late_tests;
mod load;
mod logic;
mod names;
mod params;
mod profile;
mod profiles;
mod request;
mod rpc;
mod sharing;
#[cfg(test)]
mod sharing_tests;
mod show;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod texts;
mod timer;
mod vars;
mod watch;
mod way;

use columns::Column;
use counts::Counts;
use events::Happened;
use logic::{Logic, Shared};
use names::Numbers;
use params::{DbMode, Params};
use policy::{Declaration, Entry, Init, Module, Problem, Untold, problem};
use profile::Profile;
use std::sync::Arc;
use store::{Store, schema};

pub(crate) const ENTRY: Entry = Entry::of::<DialogModule>();

/// Module `dialog`.
pub(crate) struct DialogModule {
    logic: Arc<Logic>,
}

impl Module for DialogModule {
    const NAME: &'static str = "dialog";
    type Params = Params;

    fn declare(d: &mut Declaration<DialogModule>) {
        d.doc("Follows calls from their INVITE to their BYE: limits, timeouts, keep-alive, variables, events.");
        params::declare(d);
        functions::declare(d);
        profiles::declare(d);
        vars::declare(d);
        way::declare(d);
        rpc::declare(d);
        for what in Happened::ALL {
            d.event_route(
                what.route(),
                match what {
                    Happened::Start => "A 2xx to the INVITE passed; the message is that reply.",
                    Happened::End => "The BYE passed, which is the message, or the time was over.",
                    Happened::Failed => "Nobody took the call; the message is the reply.",
                },
            );
        }
        d.table("dialog", "Dialogs that are up, version 7.");
        d.table("dialog_vars", "Their variables, version 1.");
        d.timer(
            |_| timer::TICK_MS,
            |module, now_ms| timer::tick(&module.logic, now_ms / 1000),
        );
        deviations(d);
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<DialogModule, Problem> {
        let shared = shared(&params, init)?;
        let profiles = profiles_of(&params, &shared, init)?;
        let store = match params.db_mode {
            DbMode::None => None,
            _ => Some(opened(&params, init)?),
        };
        let timeout_avp = params.timeout_avp.clone();
        let logic = Arc::new(Logic {
            shared,
            profiles,
            counters: Counts::new(&params, init),
            logger: init.logger.clone(),
            outbox: init.outbox(),
            hooks: init.dialog_hooks(),
            sockets: init.own_sockets(),
            store,
            timeout_avp: timeout_avp.map(|text| init.late_text("timeout_avp", text)),
            heard: Happened::ALL
                .map(|what| !params.silences_events && init.has_event_route(what.route())),
            params,
        });
        install(&logic, init);
        sharing::share(&logic, init)?;
        Ok(DialogModule { logic })
    }
}

fn deviations(d: &mut Declaration<DialogModule>) {
    d.deviation("An INVITE that is answered without a transaction, or whose script ends without relaying it, frees its dialog and its places in profiles at once; Kamailio 5.6.3 keeps them for early_timeout.");
    d.deviation("Event routes run right after the message that caused them, on their own: they do not share its AVPs and cannot change it.");
    d.deviation("A dialog stays 5 seconds after its end (end_timeout where that is less), whatever its transactions do.");
    d.deviation("Timeouts are exact to the second; Kamailio 5.6.3 looks for old early dialogs every 90 seconds.");
    d.deviation("$dlg_ctx(dir) is 1 for requests of the caller and 2 for those of the callee; Kamailio 5.6.3 says 0.");
    d.deviation("Without a callee dlg.briefing says nothing for T; Kamailio 5.6.3 prints the caller's tag there in any case.");
    d.deviation("dlg_refer() refers the side it names; Kamailio 5.6.3 refers the other one. Addresses in Refer-To and Referred-By stand in angle brackets.");
    d.deviation("$dlg_ctx(timeout) sets the lifetime whenever it is assigned; Kamailio 5.6.3 takes timeout_bye and timeout_route before dlg_manage() only, and the timeout never.");
    d.deviation("Rows stay until their calls end; with db_mode 3 Kamailio 5.6.3 empties the tables when it has read them.");
    d.deviation("With track_cseq_updates any change of the number of an INVITE counts, and RAck and our own requests go with it; Kamailio 5.6.3 looks at uac_auth() alone.");
    d.deviation("max_dialogs bounds the table; Kamailio 5.6.3 fills its shared memory.");
}

/// What outlives this configuration, made the first time.
fn shared(params: &Params, init: &Init<'_>) -> Result<Arc<Shared>, Problem> {
    let start = match params.h_id_start {
        -1 => init.core.server_id,
        start => start,
    };
    let numbers = Numbers {
        start: u32::try_from(start).unwrap_or(0),
        step: params.h_id_step,
    };
    let fixed = (params.hash_size, numbers);
    let shared = init.state("dialogs", || Shared::new(fixed, init.hasher()));
    match shared.fixed == fixed {
        true => Ok(shared),
        false => Err(problem(
            "hash_size, h_id_start and h_id_step cannot change while the server runs",
        )),
    }
}

/// The database, whose tables are to be of our time.
fn opened(params: &Params, init: &mut Init<'_>) -> Result<Arc<dyn Store>, Problem> {
    let tables = [
        (Column::Table, &schema::DIALOG),
        (Column::VarsTable, &schema::DIALOG_VARS),
    ];
    for (column, schema) in tables {
        let name = params.columns.name(column);
        init.expect_table(&params.db_url, &name, schema, Untold::Refused)?;
    }
    init.store(&params.db_url)
}

/// The profiles that the parameters name; those of the configuration before keep their members.
fn profiles_of(
    params: &Params,
    shared: &Shared,
    init: &Init<'_>,
) -> Result<Vec<Arc<Profile>>, Problem> {
    let with_value = params.profiles_with_value.iter().map(|name| (name, true));
    let without = params.profiles_no_value.iter().map(|name| (name, false));
    let mut known = shared.profiles.lock();
    let mut named: Vec<Arc<Profile>> = Vec::new();
    for (name, has_value) in with_value.chain(without) {
        let profile = known
            .entry(name.clone())
            .or_insert_with(|| Arc::new(Profile::new(name, has_value, init.hasher())));
        if profile.has_value != has_value {
            return Err(problem(format!(
                "profile {name} is named with and without value"
            )));
        }
        if !named.iter().any(|other| Arc::ptr_eq(other, profile)) {
            named.push(profile.clone());
        }
    }
    Ok(named)
}

/// Hangs the module into messages, start and stop.
fn install(logic: &Arc<Logic>, init: &mut Init<'_>) {
    init.observe_transactions(Arc::new(watch::Watch(logic.clone())));
    let following = logic.clone();
    if logic.params.track_cseq_updates {
        init.hook_messages(Arc::new(cseq::Numbering));
    }
    init.on_own_route(move |context, params| follow::on_own_route(&following, context, params));
    if logic.store.is_some() {
        let (starting, stopping) = (logic.clone(), logic.clone());
        let url = logic.params.db_url.clone();
        init.on_database(&url, move |done| load::load(&starting, done));
        init.on_stop(move |done| stopping.write_all(done));
    }
}
