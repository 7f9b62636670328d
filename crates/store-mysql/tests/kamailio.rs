//! Databases made by Kamailio's own scripts.

use e2e::MariaDb;
use store::schema::STANDARD;
use store::{Cell, DbUrl, Filter, Operation, Outcome, Select, Write, name, wait};
use store_remote::{Options, Zone};

/// Tables that Kamailio does not have.
const OURS: [&str; 3] = ["subscriber_sha256", "ban", "fraud_prefix"];

/// What a table is, as text: its columns and indexes.
fn description(server: &MariaDb, database: &str, table: &str) -> String {
    let columns = format!(
        "SELECT column_name, column_type, is_nullable, ifnull(column_default, '-'), extra
         FROM information_schema.columns
         WHERE table_schema = '{database}' AND table_name = '{table}' ORDER BY ordinal_position;
         SELECT index_name, non_unique, group_concat(column_name ORDER BY seq_in_index)
         FROM information_schema.statistics
         WHERE table_schema = '{database}' AND table_name = '{table}' GROUP BY 1, 2 ORDER BY 1"
    );
    let text = server.run("information_schema", &columns);
    // Where Kamailio's scripts are at variance with themselves.
    text.replace("tinyint(1)", "smallint(6)")
        .replace("int(11) unsigned", "int(10) unsigned")
}

#[test]
fn our_tables_are_kamailios_and_theirs_are_used_as_they_stand() {
    let server = MariaDb::new();
    server.create_as_kamailio("theirs");
    server.create("ours", "latin1");
    let open = |database: &str| {
        let url = DbUrl::parse(&server.url(database)).expect("a URL");
        store_mysql::open(&url, Zone::UTC, Options::default()).expect("a database")
    };
    let ours = open("ours");
    wait(&ours, Operation::CreateTables(STANDARD.to_vec())).expect("tables");
    let theirs = open("theirs");
    for table in STANDARD.iter().map(|table| &table.name) {
        let description = |database| description(&server, database, table.as_str());
        if OURS.contains(&table.as_str()) {
            continue;
        }
        assert_eq!(description("ours"), description("theirs"), "{table}");
        let version = || Operation::TableVersion {
            table: table.clone(),
        };
        assert_eq!(wait(&ours, version()), wait(&theirs, version()), "{table}");
    }
    // All but our own tables are there already.
    let made = wait(&theirs, Operation::CreateTables(STANDARD.to_vec()));
    let affected = OURS.len() as u64;
    assert_eq!(made, Ok(Outcome::Done { affected }));
    // A row as Kamailio 5.6.3 writes it in db_mode 1: times on its clock, here universal.
    server.run(
        "theirs",
        "INSERT INTO location (ruid, username, contact, expires, q, cseq, user_agent)
         VALUES ('r1', 'al', 'sip:al@127.0.0.1', '2026-11-21 07:18:33', 0.9, 7, 'a')",
    );
    let columns = [name!("expires"), name!("q"), name!("cseq"), name!("path")];
    let at_its_second = Filter::all().eq(name!("expires"), Cell::Time(1_795_245_513));
    let select = Select::from(name!("location"))
        .columns(columns)
        .filter(at_its_second);
    let rows = wait(&theirs, select.into()).expect("rows").into_rows();
    let expected = [
        Cell::Time(1_795_245_513),
        Cell::Real(0.9),
        Cell::Int(7),
        Cell::Null,
    ];
    assert_eq!(rows.rows, [expected]);
    numbers_without_a_sign_are_kept(&theirs);
}

fn numbers_without_a_sign_are_kept(store: &dyn store::Store) {
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
