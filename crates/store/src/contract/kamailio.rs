//! Databases that Kamailio's own scripts made.

use crate::schema::STANDARD;
use crate::{Cell, Filter, Operation, Outcome, Select, Store, Write, name, wait};

/// Tables that Kamailio does not have.
const OURS: [&str; 3] = ["subscriber_sha256", "ban", "fraud_prefix"];

/// What a server has, for what the contract cannot ask.
pub trait Server {
    /// A table of a database as text: its columns and indexes.
    fn description(&self, database: &str, table: &str) -> String;

    /// Runs SQL on the database of Kamailio's scripts.
    fn run_on_theirs(&self, sql: &str);
}

/// Our tables, made in the empty database `ours`, are Kamailio's, and those of its scripts, in the database
/// `theirs`, are used as they stand.
pub fn tables_are_kamailios(server: &dyn Server, ours: &dyn Store, theirs: &dyn Store) {
    wait(ours, Operation::CreateTables(STANDARD.to_vec())).expect("tables");
    for table in STANDARD.iter().map(|table| &table.name) {
        let description = |database| server.description(database, table.as_str());
        if OURS.contains(&table.as_str()) {
            continue;
        }
        assert_eq!(description("ours"), description("theirs"), "{table}");
        let version = || Operation::TableVersion {
            table: table.clone(),
        };
        assert_eq!(wait(ours, version()), wait(theirs, version()), "{table}");
    }
    // All but our own tables are there already.
    let made = wait(theirs, Operation::CreateTables(STANDARD.to_vec()));
    let affected = OURS.len() as u64;
    assert_eq!(made, Ok(Outcome::Done { affected }));
    a_row_of_kamailios_is_read(server, theirs);
    numbers_without_a_sign_are_kept(theirs);
}

/// A row as Kamailio 5.6.3 writes it in db_mode 1: times on its clock, here universal.
fn a_row_of_kamailios_is_read(server: &dyn Server, theirs: &dyn Store) {
    server.run_on_theirs(
        "INSERT INTO location (ruid, username, contact, expires, q, cseq, user_agent)
         VALUES ('r1', 'al', 'sip:al@127.0.0.1', '2026-11-21 07:18:33', 0.9, 7, 'a')",
    );
    let columns = [name!("expires"), name!("q"), name!("cseq"), name!("path")];
    let at_its_second = Filter::all().eq(name!("expires"), Cell::Time(1_795_245_513));
    let select = Select::from(name!("location"))
        .columns(columns)
        .filter(at_its_second);
    let rows = wait(theirs, select.into()).expect("rows").into_rows();
    let expected = [
        Cell::Time(1_795_245_513),
        Cell::Real(0.9),
        Cell::Int(7),
        Cell::Null,
    ];
    assert_eq!(rows.rows, [expected]);
}

fn numbers_without_a_sign_are_kept(store: &dyn Store) {
    let hash = Cell::Int(u32::MAX.into());
    let text = |column| (column, Cell::text("x"));
    let mut row = vec![(name!("hash_entry"), 1.into()), (name!("hash_id"), hash)];
    row.extend([name!("callid"), name!("from_uri"), name!("from_tag")].map(text));
    row.extend([name!("to_uri"), name!("to_tag"), name!("caller_cseq")].map(text));
    row.extend([name!("callee_cseq"), name!("caller_contact")].map(text));
    row.extend([name!("callee_contact"), name!("caller_sock")].map(text));
    row.extend([name!("callee_sock"), name!("req_uri")].map(text));
    row.extend([(name!("state"), 4.into()), (name!("start_time"), 1.into())]);
    let table = name!("dialog");
    wait(store, Write::Insert { table, row }.into()).expect("a row");
    let select = Select::from(name!("dialog")).columns([name!("hash_id")]);
    let rows = wait(store, select.into()).expect("rows").into_rows().rows;
    assert_eq!(rows, [[Cell::Int(u32::MAX.into())]]);
}
