//! The suite that every engine passes: one function for each promise, each on a database of its own.
//!
//! A test of an engine is one line: `contract::run(&|| Box::new(engine))`. A broken promise panics.

pub mod kamailio;
pub mod keys;
mod reading;
mod statements;
mod writing;

use crate::schema::Table;
use crate::{
    Cell, Direction, Filter, Name, Operation, Outcome, Row, Rows, Select, Store, Write, name, wait,
};

/// Runs the whole suite; `fresh` makes an empty database each time it is called.
pub fn run(fresh: &dyn Fn() -> Box<dyn Store>) {
    type Promise = fn(&dyn Store);
    let promises: &[Promise] = &[
        statements::tables_are_made_once,
        reading::defaults_fill_a_row,
        reading::values_come_back_as_they_were,
        reading::values_are_never_statements,
        reading::conditions_select,
        reading::times_compare_by_the_second,
        reading::rows_are_sorted_and_counted,
        reading::a_table_is_read_in_pages,
        writing::unique_keys_are_kept,
        writing::columns_that_need_a_value_get_one,
        writing::replace_takes_the_place_of_rivals,
        writing::insert_or_update_knows_its_key,
        writing::updates_and_deletes_count,
        writing::an_update_is_all_or_nothing,
        writing::a_batch_is_all_or_nothing,
        statements::mistakes_are_named,
        statements::raw_statements_run_or_are_unsupported,
    ];
    for promise in promises {
        promise(&*fresh());
    }
}

fn make(store: &dyn Store, tables: &[&'static Table]) {
    wait(store, Operation::CreateTables(tables.to_vec())).expect("tables are made");
}

/// Makes a change that must touch exactly one row.
fn write(store: &dyn Store, write: Write) {
    assert_eq!(
        wait(store, write.clone().into()),
        Ok(Outcome::Done { affected: 1 }),
        "{write:?}"
    );
}

fn insert(table: Name, row: Row) -> Write {
    Write::Insert { table, row }
}

fn user(username: &str, domain: &str) -> Write {
    insert(name!("subscriber"), user_row(username, domain, "secret"))
}

fn user_row(username: &str, domain: &str, password: &str) -> Row {
    vec![
        (name!("username"), username.into()),
        (name!("domain"), domain.into()),
        (name!("password"), password.into()),
    ]
}

fn select(store: &dyn Store, select: Select) -> Rows {
    wait(store, select.into()).expect("a query").into_rows()
}

fn select_rows(store: &dyn Store, query: Select) -> Vec<Vec<Cell>> {
    select(store, query).rows
}

fn names(store: &dyn Store, filter: Filter) -> Vec<String> {
    texts(
        store,
        Select::from(name!("subscriber"))
            .columns([name!("username")])
            .filter(filter),
    )
}

fn passwords(store: &dyn Store) -> Vec<String> {
    let columns = [name!("password"), name!("domain")];
    texts(
        store,
        Select::from(name!("subscriber"))
            .columns(columns)
            .order_by(name!("domain"), Direction::Ascending),
    )
}

/// The names registered, joined.
fn registered(store: &dyn Store, filter: Filter) -> String {
    let names = Select::from(name!("location"))
        .columns([name!("username")])
        .filter(filter);
    texts(
        store,
        names.order_by(name!("username"), Direction::Ascending),
    )
    .concat()
}

fn texts(store: &dyn Store, query: Select) -> Vec<String> {
    let text = |row: &Vec<Cell>| {
        row.iter()
            .filter_map(Cell::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    };
    select_rows(store, query).iter().map(text).collect()
}
