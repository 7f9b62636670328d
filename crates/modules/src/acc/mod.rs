//! Accounting of transactions: log lines and database rows.

mod cdr;
mod clock;
mod database;
mod declare;
mod events;
mod facts;
mod functions;
mod line;
mod params;
#[cfg(test)]
mod tests;

use params::{Definition, Params};
use policy::{Declaration, Entry, Init, LateText, Module, Problem, Surroundings, Untold, problem};
use std::sync::Arc;
use store::{Name, Store, schema};

pub(crate) const ENTRY: Entry = Entry::of::<Acc>();

/// Module `acc`.
struct Acc {
    logic: Arc<Logic>,
}

/// What the module watches transactions with.
struct Logic {
    params: Params,
    log_extra: Vec<(String, LateText)>,
    db_extra: Vec<(Name, LateText)>,
    leg_columns: Vec<Name>,
    table: LateText,
    table_missed: LateText,
    store: Option<Arc<dyn Store>>,
    surroundings: Surroundings,
}

impl Module for Acc {
    const NAME: &'static str = "acc";
    type Params = Params;

    fn declare(d: &mut Declaration<Acc>) {
        d.doc(
            "Accounts transactions: a log line or a database row when they are answered or missed.",
        );
        declare::all(d);
        d.table("acc", "Answered transactions.");
        d.table("acc_cdrs", "Call data records, where cdrs_table names it.");
        d.table("missed_calls", "Calls nobody answered.");
        d.deviation("A comment without a code has code 0, as the README says; Kamailio 5.6.3 repeats the last code it was given.");
        d.deviation("acc_request() stores its row in the named table; Kamailio 5.6.3 takes the text of its log line for the name.");
        d.deviation("The reason of a reply of ours is the one that was sent; Kamailio 5.6.3 logs the standard phrase of the code.");
        d.deviation("The call data record of a call that nobody took is made from the INVITE; Kamailio 5.6.3 reads the reply.");
        d.deviation("A BYE that goes on without a transaction has its call data record too, from variables of the dialog alone; in Kamailio 5.6.3 it has none.");
        d.deviation("Control characters in a log line are written as ?.");
        d.deviation(
            "A table whose row in table version names another version stops the start; Kamailio 5.6.3 does not look.",
        );
    }

    fn init(mut params: Params, init: &mut Init<'_>) -> Result<Acc, Problem> {
        let store = match params.db_url.is_empty() {
            true => None,
            false => Some(init.store(&params.db_url)?),
        };
        if store.is_some() {
            expect_tables(&params, init)?;
        }
        let cdr = std::mem::take(&mut params.cdr);
        let log_extra = late(init, "log_extra", &params.log_extra, params.most_extra)?;
        let db_extra = late(init, "db_extra", &params.db_extra, params.most_extra)?;
        let db_extra = match &store {
            Some(_) => db_extra
                .into_iter()
                .map(|(name, text)| Ok((column(&name)?, text)))
                .collect::<Result<_, Problem>>()?,
            None => Vec::new(),
        };
        let leg_columns = match &store {
            Some(_) => params
                .legs
                .iter()
                .map(|(name, _)| column(name))
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let logic = Arc::new(Logic {
            table: init.late_text("db_table_acc", params.table.clone()),
            table_missed: init.late_text("db_table_missed_calls", params.table_missed.clone()),
            surroundings: init.surroundings().clone(),
            params,
            log_extra,
            db_extra,
            leg_columns,
            store,
        });
        if logic.params.detect_direction {
            init.on_own_route(events::note_direction);
        }
        init.observe_transactions(logic.clone());
        cdr::CallRecords::install(cdr, logic.clone(), init)?;
        Ok(Acc { logic })
    }
}

fn late(
    init: &mut Init<'_>,
    name: &str,
    extra: &[Definition],
    most: usize,
) -> Result<Vec<(String, LateText)>, Problem> {
    if extra.len() > most {
        return Err(problem(format!("acc.{name}: more than {most} attributes")));
    }
    let text = |definition: &Definition| {
        let text = init.late_text(name, definition.text.clone());
        (definition.name.clone(), text)
    };
    Ok(extra.iter().map(text).collect())
}

/// Kamailio looks at no version here: a table under any name is taken, unless it says that it is another.
/// Names with variables are known only when a row is written.
fn expect_tables(params: &Params, init: &mut Init<'_>) -> Result<(), Problem> {
    let fixed = |name: &str| Name::parse(name).ok();
    let tables = [
        (fixed(&params.table), &schema::ACC),
        (fixed(&params.table_missed), &schema::MISSED_CALLS),
        (params.cdr.table.clone(), &schema::ACC_CDRS),
    ];
    for (name, schema) in tables {
        if let Some(name) = name {
            init.expect_table(&params.db_url, &name, schema, Untold::Accepted)?;
        }
    }
    Ok(())
}

fn column(name: &str) -> Result<Name, Problem> {
    Name::parse(name).map_err(|error| problem(format!("acc: {error}")))
}
