//! Black and white lists: User-Agents, countries, domains, addresses, users, destinations; and
//! text that looks like SQL.

mod checks;
mod counts;
mod injection;
mod lists;
mod rpc;
#[cfg(test)]
mod tests;

use counts::Counts;
use lists::{Columns, Lists};
use parking_lot::RwLock;
use policy::{Declaration, Entry, Init, Level, Logger, Module, Problem, Routes, Untold};
use std::sync::Arc;
use store::{Select, Store, StoreError, name, schema};

pub(crate) const ENTRY: Entry = Entry::of::<SecFilter>();

/// Module `secfilter`.
struct SecFilter {
    lists: Arc<RwLock<Arc<Lists>>>,
    source: Option<Source>,
    dst_exact: bool,
    counts: Arc<Counts>,
}

/// Where the lists are read from.
#[derive(Clone)]
struct Source {
    store: Arc<dyn Store>,
    columns: Columns,
    logger: Logger,
}

/// `modparam("secfilter", …)`, with Kamailio's defaults.
struct Params {
    db_url: Option<String>,
    columns: Columns,
    dst_exact: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: None,
            columns: Columns {
                table: name!("secfilter"),
                action: name!("action"),
                kind: name!("type"),
                data: name!("data"),
            },
            dst_exact: true,
        }
    }
}

impl Module for SecFilter {
    const NAME: &'static str = "secfilter";
    type Params = Params;

    fn declare(d: &mut Declaration<SecFilter>) {
        d.doc("Knows User-Agents, countries, domains, addresses, users and destinations that are blocked or allowed, and text that looks like SQL.");
        declare_params(d);
        declare_functions(d);
        declare_commands(d);
        d.table(
            "secfilter",
            "What is blocked (action 0), allowed (1), and blocked destinations (2), by type.",
        );
        d.deviation("secf_check_country(), secf_check_dst() and secf_check_sqli_hdr() take a variable in quotes by its value; Kamailio 5.6.3 takes its name for the text.");
        d.deviation("secfilter.print answers lists; Kamailio 5.6.3 prints text, which gives nothing over JSON-RPC.");
        d.deviation("secfilter.add_dst takes a text as well as a number.");
        d.deviation("A row of an unknown action or type is left out and named in the log; Kamailio 5.6.3 does not start.");
        d.deviation(
            "A From or To without a user is compared by its domain; Kamailio 5.6.3 lets it pass.",
        );
        d.deviation("Where the database is away at start everything is blocked until the lists are read; Kamailio 5.6.3 does not start.");
        d.deviation("A row without data is left out and named in the log; in Kamailio it matches everything.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<SecFilter, Problem> {
        let lists = Arc::new(RwLock::new(Arc::new(Lists::default())));
        let source = match params.db_url.filter(|url| !url.is_empty()) {
            None => None,
            Some(url) => {
                let table = &params.columns.table;
                init.expect_table(&url, table, &schema::SECFILTER, Untold::Refused)?;
                let source = Source {
                    store: init.store(&url)?,
                    columns: params.columns,
                    logger: init.logger.clone(),
                };
                source.read_at_start(&url, &lists, init);
                Some(source)
            }
        };
        Ok(SecFilter {
            lists,
            source,
            dst_exact: params.dst_exact,
            counts: init.state("counts", Counts::default),
        })
    }
}

impl SecFilter {
    fn lists(&self) -> Arc<Lists> {
        self.lists.read().clone()
    }
}

impl Source {
    /// Nobody passes before the lists are read: whom they keep out nobody knows.
    fn read_at_start(&self, url: &str, lists: &Arc<RwLock<Arc<Lists>>>, init: &mut Init<'_>) {
        *lists.write() = Arc::new(Lists::unread());
        let (source, lists) = (self.clone(), lists.clone());
        init.on_database(url, move |done| {
            let (store, select) = (source.store.clone(), source.select());
            let (source, lists) = (source.clone(), lists.clone());
            let take = move |read| done(source.keep(&lists, read));
            store.submit(select.into(), Box::new(take));
        });
    }

    fn select(&self) -> Select {
        let columns = self.columns.clone();
        Select::from(columns.table).columns([columns.action, columns.kind, columns.data])
    }

    /// Puts what was read in the place of the former lists; where reading failed they stay.
    fn keep(
        &self,
        into: &RwLock<Arc<Lists>>,
        read: Result<store::Outcome, StoreError>,
    ) -> Result<(), String> {
        let rows = read.map_err(|error| format!("secfilter: {error}"))?;
        let (lists, wrong) = lists::lists(&rows.into_rows(), &self.columns);
        for why in wrong {
            self.logger.log(Level::Err, "secfilter", || {
                format!("{}, {why}", self.columns.table)
            });
        }
        *into.write() = Arc::new(lists);
        Ok(())
    }
}

fn declare_params(d: &mut Declaration<SecFilter>) {
    d.param(
        "db_url",
        "The database; without it the lists begin empty.",
        |p, url| p.db_url = Some(url),
    );
    d.param("table_name", "The table, default secfilter.", |p, name| {
        p.columns.table = name
    });
    d.param(
        "action_col",
        "Its column of actions, default action.",
        |p, name| p.columns.action = name,
    );
    d.param(
        "type_col",
        "Its column of types, default type.",
        |p, name| p.columns.kind = name,
    );
    d.param(
        "data_col",
        "Its column of values, default data.",
        |p, name| p.columns.data = name,
    );
    d.param(
        "dst_exact_match",
        "1, the default: a destination is the whole number; 0: its beginning.",
        |p, yes| p.dst_exact = yes,
    );
}

fn declare_functions(d: &mut Declaration<SecFilter>) {
    let any = Routes::ANY;
    d.function(
        "secf_check_ip()",
        "The source address: 2 allowed, -2 blocked, 1 neither. Values are prefixes of the text.",
        any,
        SecFilter::check_ip,
    );
    d.function(
        "secf_check_ua()",
        "The User-Agent: 2 allowed, -2 blocked, 1 neither or none.",
        any,
        SecFilter::check_ua,
    );
    d.function(
        "secf_check_country(country)",
        "A country code: 2 allowed, -2 blocked, 1 neither.",
        any,
        SecFilter::check_country,
    );
    declare_headers(d, any);
}

fn declare_headers(d: &mut Declaration<SecFilter>, any: Routes) {
    d.function("secf_check_from_hdr()", "From: 4, 3, 2 where its name, domain, user is allowed, the negative where it is blocked, 1 neither, -1 unreadable.", any, SecFilter::check_from);
    d.function(
        "secf_check_to_hdr()",
        "The same for To.",
        any,
        SecFilter::check_to,
    );
    d.function(
        "secf_check_contact_hdr()",
        "The same for domain and user of each Contact; one that is blocked decides.",
        any,
        SecFilter::check_contact,
    );
    d.function(
        "secf_check_dst(number)",
        "-2 where the number is a blocked destination, else 1.",
        any,
        SecFilter::check_dst,
    );
    d.function(
        "secf_check_sqli_hdr(text)",
        "-1 where the text looks like SQL (quotes, --, %24, %27, %60), else 1.",
        any,
        SecFilter::check_sqli,
    );
    d.function(
        "secf_check_sqli_all()",
        "Ends the script where User-Agent, From, To or a Contact looks like SQL, else 1.",
        any,
        SecFilter::check_sqli_all,
    );
}

fn declare_commands(d: &mut Declaration<SecFilter>) {
    d.waiting_rpc(
        "secfilter.reload",
        "Reads the table again.",
        SecFilter::reload,
    );
    d.rpc(
        "secfilter.print [type]",
        "The lists, or those of a type: ua country domain ip user dst.",
        SecFilter::print,
    );
    d.rpc(
        "secfilter.stats",
        "How often what was found.",
        SecFilter::stats,
    );
    d.rpc(
        "secfilter.stats_reset",
        "Counts from 0 again.",
        SecFilter::stats_reset,
    );
    d.rpc(
        "secfilter.add_dst number",
        "Blocks a destination until the next reload.",
        SecFilter::add_dst,
    );
    d.rpc(
        "secfilter.add_bl type value",
        "Blocks a value until the next reload.",
        SecFilter::add_bl,
    );
    d.rpc(
        "secfilter.add_wl type value",
        "Allows a value until the next reload.",
        SecFilter::add_wl,
    );
}
