//! Tables of keys and values that scripts share: counters, bans, caches.

mod add;
mod database;
mod declare;
mod definition;
mod functions;
mod held;
mod items;
mod iterate;
mod limits;
mod lock;
mod matching;
mod params;
mod rpc;
mod sharing;
#[cfg(test)]
mod sharing_tests;
mod table;
#[cfg(test)]
mod tests;
mod variables;

use database::Source;
use items::Items;
use limits::Limits;
use params::Params;
use policy::{
    Declaration, Entry, Init, Module, Outbox, Problem, Surroundings, Task, Untold, problem,
};
use script::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Name, schema};
use table::Table;

pub(crate) const ENTRY: Entry = Entry::of::<Htable>();

/// The module.
pub(crate) struct Htable {
    tables: Tables,
    source: Option<Source>,
    outbox: Outbox,
    surroundings: Surroundings,
    timer_interval_s: u32,
}

/// What `$shtrecord()` shows; empty texts in every other route.
#[derive(Clone)]
struct Record {
    key: Value,
    value: Value,
}

impl Default for Record {
    fn default() -> Record {
        Record {
            key: Value::text(""),
            value: Value::text(""),
        }
    }
}

/// The tables, in the order in which they are declared.
#[derive(Default)]
struct Tables {
    all: Vec<Arc<Table>>,
    by_name: BTreeMap<Vec<u8>, usize>,
}

/// A table, and whether its rows have been read.
type Load = (Arc<Table>, Arc<AtomicBool>);

/// The event route that runs once at start.
const MOD_INIT: &str = "htable:mod-init";

impl Module for Htable {
    const NAME: &'static str = "htable";
    type Params = Params;

    fn declare(d: &mut Declaration<Htable>) {
        d.doc("Tables of keys and values that scripts share: counters, bans, caches.");
        params::declare(d);
        variables::declare(d);
        declare::functions(d);
        declare::iterators(d);
        rpc::declare(d);
        d.event_route(MOD_INIT, "Runs once, before the first message.");
        d.event_route(
            "htable:expired:NAME",
            "Runs for each item of the table NAME that has expired; $shtrecord() has it.",
        );
        d.table("htable", "Keys and values; or whatever dbtable names.");
        d.timer(
            |module| module.timer_interval_s.saturating_mul(1000),
            |module, now_ms| module.sweep(now_ms / 1000),
        );
        d.deviation("A table has a largest size, maxbytes: what does not fit is not kept, with a line in the log once a minute.");
        d.deviation(
            "sht_setxi() returns 1; in Kamailio 5.6.3 it returns 0, which ends the script.",
        );
        d.deviation("sht_lock() keeps out other scripts that lock the same key, not plain assignments; it ends with the message at the latest.");
        d.deviation("Iterators hold no lock: tables may be changed while they are walked.");
        d.deviation(
            "A table that $sht() names must be declared, else the configuration does not load.",
        );
        d.deviation("The attributes dbaccess and colnull of a table are not in Kamailio 5.6.3.");
        d.deviation("Tables are shared through Redis (parameter redis), not by module dmq: enable_dmq=1 and dmq_init_sync=1 are refused.");
        d.deviation("Items read at start get their time with the first timer_interval.");
        d.deviation(
            "A table whose row in table version names another version stops the start; Kamailio 5.6.3 does not look.",
        );
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Htable, Problem> {
        let mut tables = tables(&params, init)?;
        sharing::share(&params, &mut tables, init)?;
        let source = source(&params, init)?;
        if let Some(source) = &source {
            expect_tables(&params, &tables, init)?;
            let url = params.db_url.as_deref().unwrap_or_default();
            load_and_save(source, &tables, url, init);
        }
        let outbox = init.outbox();
        let ran = init.state("mod-init", || AtomicBool::new(false));
        if !params.silences_events && init.has_event_route(MOD_INIT) {
            let outbox = outbox.clone();
            init.on_start(move |done| {
                // A reload runs it no second time.
                if !ran.swap(true, Ordering::AcqRel) {
                    outbox.post(Task::Event {
                        name: MOD_INIT.to_owned(),
                        prepare: Box::new(|_| {}),
                    });
                }
                done(Ok(()));
            });
        }
        Ok(Htable {
            tables,
            source,
            outbox,
            surroundings: init.surroundings().clone(),
            timer_interval_s: params.timer_interval_s,
        })
    }
}

fn tables(params: &Params, init: &Init<'_>) -> Result<Tables, Problem> {
    let mut tables = Tables::default();
    for definition in &params.definitions {
        let slots = definition.slots();
        // Another size is another table: items do not move.
        let name = format!("{}/{slots}", definition.name);
        let items = init.state(&name, || Items::new(slots, init.hasher()));
        let event = format!("htable:expired:{}", definition.name);
        let is_heard = !params.silences_events && init.has_event_route(&event);
        let event = is_heard.then_some(event);
        let table = Table::new(definition.clone(), items, init.logger.clone(), event);
        let index = tables.all.len();
        let name = definition.name.as_bytes().to_vec();
        if tables.by_name.insert(name, index).is_some() {
            let name = &definition.name;
            return Err(problem(format!("table {name} is declared twice")));
        }
        tables.all.push(Arc::new(table));
    }
    Ok(tables)
}

fn source(params: &Params, init: &Init<'_>) -> Result<Option<Source>, Problem> {
    let Some(url) = params.db_url.as_ref().filter(|url| !url.is_empty()) else {
        return Ok(None);
    };
    Ok(Some(Source {
        store: init.store(url)?,
        columns: params.columns()?,
        size_suffix: params.array_size_suffix.clone(),
        db_expires: params.db_expires,
    }))
}

/// Kamailio looks at no version here: any table is taken, also a standard one of another module, unless it
/// says that it is a table of items in another version.
fn expect_tables(params: &Params, tables: &Tables, init: &mut Init<'_>) -> Result<(), Problem> {
    let url = params.db_url.as_deref().unwrap_or_default();
    let names = tables.all.iter().map(|table| &table.definition.dbtable);
    let is_anothers =
        |name: &Name| *name != schema::HTABLE.name && schema::find(name.as_str()).is_some();
    for name in names.flatten().filter(|name| !is_anothers(name)) {
        init.expect_table(url, name, &schema::HTABLE, Untold::Accepted)?;
    }
    Ok(())
}

/// Reads tables at start and writes those with `dbmode` at the end.
fn load_and_save(source: &Source, tables: &Tables, url: &str, init: &mut Init<'_>) {
    let loads = |table: &Arc<Table>| {
        let name = format!("{} loaded", table.definition.name);
        (table.clone(), init.state(&name, AtomicBool::default))
    };
    let loads: Vec<Load> = tables.all.iter().map(loads).collect();
    let kept = loads.iter().filter(|(table, _)| table.definition.dbmode);
    let (kept, saving): (Vec<Load>, _) = (kept.cloned().collect(), source.clone());
    let loading = source.clone();
    init.on_database(url, move |done| {
        // A reload finds the items as they are.
        let fresh = loads
            .iter()
            .filter(|(_, loaded)| !loaded.load(Ordering::Acquire));
        let fresh: Vec<Load> = fresh.cloned().collect();
        loading.clone().load_each(fresh.into_iter(), done);
    });
    init.on_stop(move |done| {
        // Rows that were never read are worth more than a table without them.
        let whole = kept
            .iter()
            .filter(|(_, loaded)| loaded.load(Ordering::Acquire));
        // Nobody knows the time here; what is over is not read when the server starts again.
        let operations = whole.filter_map(|(table, _)| saving.writes(table, 0));
        let operations: Vec<_> = operations.flatten().collect();
        saving.store_each(operations.into_iter(), done);
    });
}

impl Htable {
    /// Forgets what has expired, and lets the script know where it wants to.
    fn sweep(&self, now_s: u64) {
        for table in self.tables.all.iter().filter(|table| table.expires()) {
            let fresh_s = table.definition.autoexpire_s;
            table.items.sweep(now_s, fresh_s, |item| {
                let Some(name) = table.expired_event.clone() else {
                    return;
                };
                let record = Record {
                    key: Value::Str(item.key),
                    value: item.value.value(),
                };
                self.outbox.post(Task::Event {
                    name,
                    prepare: Box::new(move |context| *context.extension_mut() = record),
                });
            });
        }
    }
}

impl Tables {
    fn by_name(&self, name: &[u8]) -> Option<&Arc<Table>> {
        self.all.get(*self.by_name.get(name)?)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|table| table.definition.name.as_str())
    }

    /// The tables as Kamailio lists them: the last one first.
    fn each(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.all.iter().rev()
    }
}
