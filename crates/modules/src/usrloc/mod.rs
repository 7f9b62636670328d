//! User location: tables of who is registered where, in memory and in a database.

mod columns;
mod handle;
mod keepalive;
mod keeper;
mod load;
mod params;
mod rpc;
mod show;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timer;

use keeper::{Keeper, Tables, gauges};
use params::{DbMode, Params, Settings};
use parking_lot::RwLock;
use policy::{
    Change, ConnectionId, Declaration, Entry, Expired, Init, Location, LocationRules,
    LocationTable, Module, Problem, Ruid, Untold, problem,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::schema;

pub(crate) const ENTRY: Entry = Entry::of::<Usrloc>();

/// The table that is read at start in any case.
const USUAL: &str = "location";

/// The module.
pub(crate) struct Usrloc {
    keeper: Arc<Keeper>,
}

impl Module for Usrloc {
    const NAME: &'static str = "usrloc";
    type Params = Params;

    fn declare(d: &mut Declaration<Usrloc>) {
        d.doc("Keeps who is registered where, in memory and in a database.");
        params::declare(d);
        rpc::declare(d);
        d.table(
            "location",
            "Contacts, version 9; or whatever name save() gives.",
        );
        d.timer(
            |_| timer::TICK_MS,
            |module, now_ms| timer::tick(&module.keeper, now_ms),
        );
        d.deviation("Rows are always found by ruid; db_ops_ruid=0 is accepted and does the same.");
        d.deviation("With db_mode 3 the expiry of a row raises no event.");
        d.deviation("Attributes of xavp_contact stay in memory; table location_attrs is neither read nor written.");
        d.deviation("Where the database is away at start the server starts; until the table is read who has not registered since is neither found nor said to be unknown. Kamailio 5.6.3 does not start.");
        d.deviation("A table other than location is read at start where preload or a constant argument of a function names it; one that a variable names is not.");
        d.deviation("Keepalive requests are transactions: sent again until answered, one at a time to a contact.");
        d.deviation(
            "Keepalive requests go one slice of the table a second instead of all at once.",
        );
        d.deviation("A contact that is silent for ka_timeout goes when the timer visits it instead of ten seconds later.");
        d.deviation("KA-Roundtrip is measured in whole milliseconds.");
        d.deviation("Expired contacts go one slice of the table a second instead of all at once.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Usrloc, Problem> {
        let fixed = params.fixed();
        let tables = init.state("tables", || {
            Tables::new(fixed.clone(), &init.secret, init.surroundings())
        });
        if tables.fixed != fixed {
            let what = "db_mode, hash_size and use_domain cannot change while the server runs";
            return Err(problem(format!(
                "{what}: {:?} now, {fixed:?} wanted",
                tables.fixed
            )));
        }
        if params.rules.xavp_contact.is_some() && params.db_mode == DbMode::DatabaseOnly {
            return Err(problem(
                "xavp_contact needs contacts in memory: it cannot go with db_mode 3",
            ));
        }
        let names: Vec<String> = std::iter::once(USUAL.to_owned())
            .chain(params.preload.clone())
            .collect();
        let keeper = Arc::new(Keeper {
            tables,
            logger: init.logger.clone(),
            outbox: init.outbox(),
            expired: RwLock::default(),
            gauges: names
                .iter()
                .map(|name| (name.clone(), gauges(init, name)))
                .collect(),
            settings: settings(&params, init)?,
        });
        install(&keeper, &params, &names, init)?;
        Ok(Usrloc { keeper })
    }
}

fn settings(params: &Params, init: &mut Init<'_>) -> Result<Settings, Problem> {
    let has_database = params.db_mode.has_database();
    Ok(Settings {
        rules: params.rules.clone(),
        columns: params.columns.clone(),
        db_mode: params.db_mode,
        desc_time_order: params.desc_time_order,
        close_expired_tcp: params.close_expired_tcp,
        handle_lost_tcp: params.handle_lost_tcp,
        db_timer_clean: params.db_timer_clean,
        timer_interval_s: params.timer_interval_s,
        rm_expired_delay_s: params.rm_expired_delay_s,
        server_id: params.server_id_filter.then_some(init.core.server_id),
        keepalive: keepalive::Keepalive::new(&params.keepalive, params, init),
        store: if has_database {
            Some(init.store(&params.db_url)?)
        } else {
            None
        },
    })
}

/// Hangs start, stop, services and lost connections into the configuration.
fn install(
    keeper: &Arc<Keeper>,
    params: &Params,
    names: &[String],
    init: &mut Init<'_>,
) -> Result<(), Problem> {
    init.provide::<dyn Location>(Arc::new(Service {
        keeper: keeper.clone(),
    }));
    if params.version_table && params.db_mode.has_database() {
        let (keeper, schema) = (keeper.clone(), &schema::LOCATION);
        let names = move || {
            keeper
                .tables
                .all()
                .iter()
                .map(|it| it.sql_name.clone())
                .collect()
        };
        init.expect_tables(&params.db_url, names, schema, Untold::Refused)?;
    }
    if params.db_mode == DbMode::LoadOnly || (params.db_mode.writes() && params.db_load) {
        load_at_start(keeper, params, init);
    }
    for name in names {
        keeper.table(name.as_bytes());
    }
    let stopping = keeper.clone();
    init.on_stop(move |done| timer::flush_all(&stopping, done));
    if params.handle_lost_tcp {
        let keeper = keeper.clone();
        init.on_connection_closed(move |connection, _| lose(&keeper, connection));
    }
    Ok(())
}

/// Has the tables read, those too that functions are given. A reload finds them as they are.
fn load_at_start(keeper: &Arc<Keeper>, params: &Params, init: &mut Init<'_>) {
    if keeper.tables.loaded.swap(true, Ordering::AcqRel) {
        return;
    }
    keeper.tables.await_rows(true);
    let how = load::Loading {
        rows: params.fetch_rows,
        cleans_tcp: params.db_clean_tcp,
    };
    let keeper = keeper.clone();
    init.on_database(&params.db_url, move |done| {
        let all = keeper.tables.all();
        let tables = keeper.clone();
        let read = move |outcome: Result<(), String>| {
            tables.tables.await_rows(outcome.is_err());
            done(outcome);
        };
        load::load(keeper.clone(), how, all.into_iter(), Box::new(read));
    });
}

/// Removes the contacts of a connection that is gone.
fn lose(keeper: &Arc<Keeper>, connection: ConnectionId) {
    let lost = keeper
        .tables
        .connections
        .lock()
        .remove(&connection)
        .unwrap_or_default();
    for (name, aor) in lost {
        let table = keeper.table(&name);
        let newest_first = keeper.settings.desc_time_order;
        let changed = table.change(&aor, newest_first, |bindings| {
            let is_over =
                |binding: &&Arc<policy::Binding>| binding.connection() == Some(connection);
            bindings
                .iter()
                .filter(is_over)
                .cloned()
                .map(Change::Remove)
                .collect()
        });
        if keeper.mode().writes() {
            table.delete_later(&aor, handle::stored_removals(&changed.changes));
        }
    }
}

struct Service {
    keeper: Arc<Keeper>,
}

impl Location for Service {
    fn table(&self, name: &[u8]) -> Arc<dyn LocationTable> {
        let (table, keeper) = (self.keeper.table(name), self.keeper.clone());
        Arc::new(handle::Handle { table, keeper })
    }

    fn rules(&self) -> &LocationRules {
        &self.keeper.settings.rules
    }

    fn new_ruid(&self) -> Ruid {
        self.keeper.tables.new_ruid()
    }

    fn shared_text(&self, text: &[u8]) -> Arc<[u8]> {
        self.keeper.tables.shared_text(text)
    }

    fn on_expired(&self, hear: Expired) {
        self.keeper.expired.write().push(hear);
    }
}
