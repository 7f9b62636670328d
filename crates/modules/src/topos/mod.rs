//! Topology hiding with state: what routing headers say of the other side is kept, and stands in no message that leaves.

mod arrivals;
mod branches;
mod call_ids;
mod contact;
mod database;
mod departures;
mod hook;
mod hop;
mod incoming;
mod keeper;
mod limits;
mod memory;
mod outgoing;
mod params;
mod record;

use arrivals::Arrivals;
use branches::Branches;
use bytes::Bytes;
use call_ids::CallIds;
use contact::Names;
use database::Database;
use departures::Departures;
use hook::Hider;
use keeper::{Keeper, Terms};
use limits::Limits;
use memory::Memory;
use params::Params;
use policy::{
    Context, Declaration, Entry, HookRoutes, Init, Level, Module, Problem, Routes, SanityChecks,
    Text, TopologyStorages, Untold, problem,
};
use std::sync::Arc;
use store::schema;

pub(crate) const ENTRY: Entry = Entry::of::<Topos>();

/// The event routes, with their bits in `event_mode`.
const OUTGOING: (&str, i64) = ("topos:msg-outgoing", 1);
const SENDING: (&str, i64) = ("topos:msg-sending", 2);
const INCOMING: (&str, i64) = ("topos:msg-incoming", 4);
const RECEIVING: (&str, i64) = ("topos:msg-receiving", 8);

/// Nearly everything it does it does as a message hook.
struct Topos;

/// What `tps_set_context()` has set for the request in hand.
#[derive(Default)]
struct InstanceName(Bytes);

impl Module for Topos {
    const NAME: &'static str = "topos";
    type Params = Params;

    fn declare(d: &mut Declaration<Topos>) {
        d.doc("Hides topology: what routing headers say of the other side is kept here, and comes back with the answers.");
        params::declare(d);
        d.function(
            "tps_set_context(ctx)",
            "Names the instance that the dialog in hand belongs to; an empty name means that of the parameter context again. -1 where it is no name.",
            Routes::ANY,
            Topos::set_context,
        );
        d.prompt_event_route(
            OUTGOING.0,
            "Before a message is stripped, without it: $sndto(ip), $sndto(port) and $sndto(proto) are where it goes. `drop` and it leaves as it is.",
        );
        d.prompt_event_route(
            SENDING.0,
            "The same with the message as it would leave, whole.",
        );
        d.prompt_event_route(
            INCOMING.0,
            "Before a message that came is restored, without it: $si, $sp and $proto are where it came from. `drop` and it stays as it came.",
        );
        d.prompt_event_route(RECEIVING.0, "The same with the message as it came.");
        deviations(d);
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Topos, Problem> {
        check_key(&params, init)?;
        let (keeper, branches) = (keeper(&params, init)?, branches(init));
        init.provide::<dyn TopologyStorages>(keeper.clone());
        check_storage(&keeper, init);
        let interval_ms = params.clean_interval_s.saturating_mul(1000);
        let (kept, table) = (keeper.clone(), branches.clone());
        init.every(interval_ms, move |unix_ms| {
            table.clean(unix_ms / 1000);
            kept.clean(unix_ms / 1000);
        });
        let hider = hider(params, init, keeper, branches)?;
        init.hook_messages(Arc::new(hider));
        Ok(Topos)
    }
}

impl Topos {
    fn set_context(&self, context: &mut Context, name: &Text) -> bool {
        let name = params::instance(name.get(context));
        let is_name = name.is_ok();
        if let Ok(name) = name {
            context.extension_mut::<InstanceName>().0 = name;
        }
        is_name
    }
}

/// # Errors
/// The key of Call-IDs is one that everybody knows.
fn check_key(params: &Params, init: &Init<'_>) -> Result<(), Problem> {
    if !params.mask_callid {
        return Ok(());
    }
    let (is_given, is_in_database) = (!params.mask_key.is_empty(), params.storage == "db");
    if is_given && security::is_printed_mask_key(&params.mask_key) {
        return Err(problem(
            "topos.mask_key is printed in manuals; it must be a secret",
        ));
    }
    if !is_given && params.storage == "redis" {
        init.logger.log(Level::Warn, "topos", || {
            "without mask_key other servers mask Call-IDs otherwise, and so does this one when it starts again".to_owned()
        });
    }
    if !is_given && is_in_database && security::is_known_database_url(&params.db_url) {
        init.logger.log(Level::Warn, "topos", || {
            "without mask_key Call-IDs are masked with a key made of db_url, which has no secret in it".to_owned()
        });
    }
    Ok(())
}

/// The keeper with the storage of the parameters; one that another module offers comes later.
fn keeper(params: &Params, init: &mut Init<'_>) -> Result<Arc<Keeper>, Problem> {
    let name = String::from_utf8_lossy(&params.storage).into_owned();
    let terms = Terms {
        failure: params.failure,
        retry_after_s: params.retry_after_s,
        branch_s: params.branch_expire_s.into(),
        dialog_s: params.dialog_expire_s.into(),
    };
    let failed = init.counter(
        "storage_failures",
        "Messages whose state could not be written or read.",
    );
    let keeper = Arc::new(Keeper::new(name, terms, init.logger.clone(), failed));
    match params.storage.as_ref() {
        b"memory" => {
            let hasher = init.hasher();
            let memory = init.state("dialogs", || Memory::new(hasher, &Limits::default()));
            keeper.offer("memory", memory);
        }
        b"db" => {
            let store = init.store(&params.db_url)?;
            let database = Arc::new(Database::new(store, init.logger.clone()));
            keeper.offer("db", database);
            for table in [&schema::TOPOS_D, &schema::TOPOS_T] {
                init.expect_table(&params.db_url, &table.name, table, Untold::Accepted)?;
            }
        }
        b"redis" => {}
        _ => return Err(problem("topos.storage is db, redis or memory")),
    }
    Ok(keeper)
}

fn branches(init: &Init<'_>) -> Arc<Branches> {
    let hasher = init.hasher();
    let branches = init.state("branches", || Branches::new(hasher, &Limits::default()));
    let table = branches.clone();
    init.counter_from(
        "topos",
        "branches",
        "Branches whose replies are expected.",
        move || i64::try_from(table.len()).unwrap_or(i64::MAX),
    );
    branches
}

/// Stops the start where nobody has offered the storage that is named.
fn check_storage(keeper: &Arc<Keeper>, init: &mut Init<'_>) {
    let keeper = keeper.clone();
    init.on_start(move |done| {
        let name = keeper.name();
        done(match keeper.has_storage() {
            true => Ok(()),
            false => Err(format!(
                "topos.storage is \"{name}\", and no module offers it: load topos_{name} behind topos"
            )),
        });
    });
}

fn hider(
    params: Params,
    init: &Init<'_>,
    keeper: Arc<Keeper>,
    branches: Arc<Branches>,
) -> Result<Hider, Problem> {
    let sanity = match params.sanity_checks {
        true => Some(init.service::<dyn SanityChecks>("sanity")?),
        false => None,
    };
    let route = |(name, bit): (&'static str, i64)| {
        (params.event_mode & bit != 0 && init.has_event_route(name)).then_some(name)
    };
    let call_ids = Arc::new(CallIds::new(params.call_id_key(&init.secret)));
    let arrivals = Arrivals {
        style: params.style()?,
        names: Names::new(init.secret),
        call_ids: call_ids.clone(),
        branches: branches.clone(),
        keeper: keeper.clone(),
        sanity,
        rr_update: params.rr_update,
        logger: init.logger.clone(),
        unknown: init.counter("unknown", "Requests that name a dialog which is not kept."),
        forged: init.counter(
            "forged",
            "Requests that name a Call-ID with a mask that is none of ours.",
        ),
    };
    let departures = Departures {
        style: params.style()?,
        branches,
        keeper,
        call_ids,
        rr_update: params.rr_update,
        instance: params.context.clone(),
    };
    Ok(Hider {
        arrivals: Arc::new(arrivals),
        departures: Arc::new(departures),
        routes: HookRoutes {
            outgoing: route(OUTGOING),
            sending: route(SENDING),
            incoming: route(INCOMING),
            receiving: route(RECEIVING),
        },
    })
}

fn deviations(d: &mut Declaration<Topos>) {
    for sentence in [
        "mask_callid masks, with AES-SIV, and translates the headers that name other dialogs; 5.6.3 accepts the parameter and does nothing.",
        "A Contact stands only where the message had one; 5.6.3 adds one to ACK, MESSAGE and others.",
        "Headers change where they stand; 5.6.3 moves Via, Contact and Record-Route to the end.",
        "Contacts name dialogs by 128 random bits; 5.6.3 by the time, the process and a count, which a stranger can guess.",
        "A request within a dialog must have its tags and its Call-ID, or it is not restored.",
        "Every callee that answers a forked request has a row of his own, found by his tag; in 5.6.3 the last one to answer takes the row.",
        "What early answers say is written at once, so that PRACK and UPDATE find their way on every server.",
        "The Contact of a 3xx is stripped too, and who calls it is led to the target; 5.6.3 lets it pass.",
        "Only our own Record-Routes are taken for ours; 5.6.3 takes the first one of a request that the script does not record-route.",
        "dialog_expire counts from the last target refresh, not from the first request.",
        "With rr_update a target refresh without Record-Routes leaves the route as it was, and one of the caller changes his own; 5.6.3 empties it, and takes his for the callee's.",
        "UPDATE is a target refresh; 5.6.3 keeps the Contacts as they were.",
        "A request whose state cannot be written or read is refused with 503 and Retry-After, or passes unhidden (storage_failure).",
        "A table whose row in table version names another version stops the start; 5.6.3 does not look.",
        "In topos:msg-incoming $si, $sp and $proto are where the message came from; in 5.6.3 they are those of a message of its own.",
        "tps_set_context() holds for the request in hand; in 5.6.3 for all that the process serves after it.",
    ] {
        d.deviation(sentence);
    }
}

#[cfg(test)]
mod tests;
