//! SQL in scripts: queries, their results, and texts quoted as values.

mod connection;
mod query;
mod result;
#[cfg(test)]
mod tests;
mod transform;
mod variables;

use policy::{Declaration, Entry, Init, Level, Module, ParamValue, Problem, Routes, problem};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Operation, Store, StoreError};

pub(crate) const ENTRY: Entry = Entry::of::<SqlOps>();

/// Module `sqlops`.
struct SqlOps {
    connections: BTreeMap<String, Arc<dyn Store>>,
    goes_on: bool,
    /// The one by whose rules texts are quoted.
    first: Option<Arc<dyn Store>>,
}

/// `modparam("sqlops", …)`, with Kamailio's defaults.
#[derive(Default)]
struct Params {
    /// Name and URL, in the order of the script.
    connections: Vec<(String, String)>,
    goes_on: bool,
}

impl Module for SqlOps {
    const NAME: &'static str = "sqlops";
    type Params = Params;

    fn declare(d: &mut Declaration<SqlOps>) {
        d.doc("Runs SQL from the script.");
        declare_params(d);
        declare_functions(d);
        variables::declare(d);
        transform::declare(d);
        d.deviation("Texts are quoted by the rules of the first connection's database, by {sql.val}, {sql.val.str} and {s.escape.common} too; Kamailio 5.6.3 writes a backslash before a quote, which SQLite does not honour.");
        d.deviation("sql_query_async() works with every database, and $sqlrows() tells the rows that SQLite changed.");
        d.deviation("A result belongs to the request, not to a process.");
        d.deviation("Numbers with a fraction are texts; in Kamailio 5.6.3 they are $null.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<SqlOps, Problem> {
        let mut connections = BTreeMap::new();
        let mut first: Option<Arc<dyn Store>> = None;
        for (name, url) in params.connections {
            let store = match init.store(&url) {
                Ok(store) => store,
                Err(problem) if params.goes_on => {
                    init.logger
                        .log(Level::Err, "sqlops", || problem.message.clone());
                    continue;
                }
                Err(problem) => return Err(problem),
            };
            let rules = first.get_or_insert_with(|| store.clone());
            if rules.kind() != store.kind() {
                let (ours, other) = (rules.kind(), store.kind());
                init.logger.log(Level::Warn, "sqlops", || {
                    format!("texts are quoted by the rules of {ours}; connection {name} is {other}")
                });
            }
            check_at_start(init, &url, store.clone(), name.clone(), params.goes_on);
            connections.insert(name, store);
        }
        if let Some(store) = &first {
            init.set_sql_rules(store.clone());
        }
        Ok(SqlOps {
            connections,
            goes_on: params.goes_on,
            first,
        })
    }
}

/// Asks the database for a sign of life; without one the server does not start, or only says so.
fn check_at_start(
    init: &mut Init<'_>,
    url: &str,
    store: Arc<dyn Store>,
    name: String,
    goes_on: bool,
) {
    let logger = init.logger.clone();
    init.on_database(url, move |done| {
        let (name, logger) = (name.clone(), logger.clone());
        let answer = move |result: Result<store::Outcome, StoreError>| match result {
            Ok(_) | Err(StoreError::Unsupported { .. }) => done(Ok(())),
            Err(error) if goes_on => {
                logger.log(Level::Err, "sqlops", || {
                    format!("connection {name}: {error}")
                });
                done(Ok(()));
            }
            Err(error) => done(Err(format!("sqlops: connection {name}: {error}"))),
        };
        store.submit(Operation::raw("select 1"), Box::new(answer));
    });
}

fn declare_params(d: &mut Declaration<SqlOps>) {
    d.try_param(
        "sqlcon",
        "A connection, name=>url; may be given several times.",
        |p, text: String| {
            let (name, url) = text.split_once("=>").ok_or("expected name=>url")?;
            let name = name.trim().to_owned();
            if p.connections.iter().any(|(other, _)| *other == name) {
                return Err(format!("there are two connections named {name}"));
            }
            p.connections.push((name, url.trim().to_owned()));
            Ok(())
        },
    );
    d.param(
        "connect_mode",
        "1: the server starts where a database answers and runs no statement; it does in any case where nobody answers. Default 0.",
        |p, yes| p.goes_on = yes,
    );
    d.param(
        "sqlres",
        "Accepted; means nothing here because results need not be declared.",
        |_, _: String| {},
    );
    for name in ["tr_buf_size", "results_maxsize"] {
        d.param(
            name,
            "Accepted; means nothing here because there is no buffer of a fixed size.",
            |_, _: ParamValue| {},
        );
    }
}

fn declare_functions(d: &mut Declaration<SqlOps>) {
    let any = Routes::ANY;
    d.function("sql_query(connection, query, [result])", "1 rows for $dbr(result=>…), 2 no row, 3 rows without a result to keep them in, -1 the database failed.", any, SqlOps::query).waits();
    d.function(
        "sql_xquery(connection, query, result)",
        "The same; each row becomes an $xavp(result=>column), the first row the newest.",
        any,
        SqlOps::xquery,
    )
    .waits();
    d.function("sql_pvquery(connection, query, variables)", "The same; the columns go into the variables, a list with commas or semicolons, last row first.", any, SqlOps::pvquery).waits();
    d.function(
        "sql_query_async(connection, query)",
        "Runs a statement without waiting for it; 1, or -1 where the connection is not there.",
        any,
        SqlOps::query_async,
    );
    d.function(
        "sql_result_free(result)",
        "Forgets a result.",
        any,
        SqlOps::free,
    );
}

fn unknown_connection(name: &str) -> Problem {
    problem(format!(
        "there is no connection \"{name}\": add modparam(\"sqlops\", \"sqlcon\", \"{name}=>…\")"
    ))
}
