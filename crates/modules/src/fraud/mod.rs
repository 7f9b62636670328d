//! Toll fraud: limits on what users and trunks call, and somebody who is told.

mod book;
mod declare;
mod functions;
mod hours;
mod person;
mod prefixes;
mod profile;
mod rpc;
mod table;
mod tell;
#[cfg(test)]
mod tests;
mod watch;
mod window;

use book::{Book, Limits};
use parking_lot::RwLock;
use person::Moment;
use policy::{
    Counter, Declaration, Entry, Init, Module, Outbox, Problem, Surroundings, Untold, problem,
};
use prefixes::Prefixes;
use profile::Profile;
use std::sync::Arc;
use table::Table;

pub(crate) const ENTRY: Entry = Entry::of::<Fraud>();

struct Fraud {
    params: Params,
    book: Arc<Book>,
    prefixes: Arc<RwLock<Prefixes>>,
    table: Option<Table>,
    surroundings: Surroundings,
    outbox: Outbox,
    /// The script has `event_route[fraud:alert]`.
    is_heard: bool,
    counts: Counts,
}

struct Params {
    profiles: Vec<Profile>,
    db_url: Option<String>,
    /// What is dialled for a plus sign.
    international: Vec<String>,
    /// Seconds after which a call without a BYE counts as over.
    lifetime_s: u64,
    /// Seconds for which a limit that stays exceeded is no news.
    alert_interval_s: u64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            profiles: Vec::new(),
            db_url: None,
            international: vec!["00".to_owned()],
            lifetime_s: 14_400,
            alert_interval_s: 300,
        }
    }
}

/// The counters of group `fraud`.
struct Counts {
    alerts: Counter,
    throttled: Counter,
    blocked: Counter,
    uncounted: Counter,
}

impl Module for Fraud {
    const NAME: &'static str = "fraud";
    type Params = Params;

    fn declare(d: &mut Declaration<Fraud>) {
        d.doc("Limits what users and trunks call, and tells who exceeds it: toll fraud.");
        declare::all(d);
        d.deviation("Kamailio 5.6.3 has no such module.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Fraud, Problem> {
        check_names(&params.profiles)?;
        let hasher = init.hasher();
        let book = init.state("book", || Book::new(hasher, Limits::default()));
        let prefixes = Arc::new(RwLock::new(Prefixes::example()));
        let table = match &params.db_url {
            Some(url) => Some(table_of(url, &prefixes, init)?),
            None => None,
        };
        let surroundings = init.surroundings().clone();
        let watch = Arc::new(watch::Watch {
            book: book.clone(),
            surroundings: surroundings.clone(),
        });
        init.observe_transactions(watch.clone());
        init.observe_dialogs(watch);
        let counts = counts(&book, init);
        Ok(Fraud {
            book,
            prefixes,
            table,
            surroundings,
            outbox: init.outbox(),
            is_heard: init.has_event_route(tell::ROUTE),
            counts,
            params,
        })
    }
}

/// The table of destinations, which is read as soon as it can be.
fn table_of(
    url: &str,
    prefixes: &Arc<RwLock<Prefixes>>,
    init: &mut Init<'_>,
) -> Result<Table, Problem> {
    let schema = &store::schema::FRAUD_PREFIX;
    init.expect_table(url, &schema.name, schema, Untold::Accepted)?;
    let table = Table::new(init.store(url)?, init.logger.clone());
    let (reader, prefixes) = (table.clone(), prefixes.clone());
    init.on_database(url, move |done| {
        reader.clone().read_first(prefixes.clone(), done);
    });
    Ok(table)
}

impl Fraud {
    fn each_minute(&self, now_ms: u64) {
        let at = moment(&self.surroundings, now_ms / 1000);
        self.book.sweep(self.params.lifetime_s, at);
    }
}

/// Milliseconds between two looks at what is over.
const SWEEP_MS: u32 = 60_000;

/// A Unix second with the day that it lies in here.
fn moment(surroundings: &Surroundings, now_s: u64) -> Moment {
    Moment::new(now_s, surroundings.offset_s(now_s))
}

fn check_names(profiles: &[Profile]) -> Result<(), Problem> {
    for (place, profile) in profiles.iter().enumerate() {
        let mut before = profiles.iter().take(place);
        if before.any(|other| other.name == profile.name) {
            return Err(problem(format!(
                "profile {} is declared twice",
                profile.name
            )));
        }
    }
    Ok(())
}

fn counts(book: &Arc<Book>, init: &Init<'_>) -> Counts {
    type Read = fn(&Book) -> usize;
    let shown: [(&str, &str, Read); 2] = [
        ("calls", "Calls that ring or are up.", Book::calls),
        ("people", "Users and trunks that are counted.", Book::people),
    ];
    for (name, doc, read) in shown {
        let book = book.clone();
        let read = move || i64::try_from(read(&book)).unwrap_or(i64::MAX);
        init.counter_from("fraud", name, doc, read);
    }
    Counts {
        alerts: init.counter("alerts", "Limits of which somebody was told."),
        throttled: init.counter("throttled", "Calls that had to wait for their turn."),
        blocked: init.counter("blocked", "Calls that did not pass."),
        uncounted: init.counter("uncounted", "Calls for which there was no room."),
    }
}
