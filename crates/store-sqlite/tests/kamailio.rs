//! Files made by Kamailio's own scripts, and rows as Kamailio writes them.
#![allow(clippy::disallowed_methods, reason = "Kamailio's scripts are files")]

use std::path::Path;

use rusqlite::Connection;
use store::schema::{self, STANDARD};
use store::{Cell, Filter, Op, Operation, Outcome, Select, Write, name, wait};
use store_sqlite::{Options, SqliteStore};

const SCRIPTS: &str = "/usr/share/kamailio/db_sqlite";

/// A file made by all of Kamailio's scripts; `None`, said aloud, where they are not installed.
fn kamailios_file(path: &Path) -> Option<Connection> {
    let Ok(scripts) = std::fs::read_dir(SCRIPTS) else {
        eprintln!("SKIPPED: {SCRIPTS} is missing; install Debian's kamailio-sqlite-modules");
        return None;
    };
    let connection = Connection::open(path).expect("a file");
    let mut scripts: Vec<_> = scripts
        .map(|entry| entry.expect("a script").path())
        .collect();
    // All others write to the table that the standard script makes.
    scripts.sort_by_key(|path| !path.ends_with("standard-create.sql"));
    for script in scripts {
        let sql = std::fs::read_to_string(&script).expect("a script");
        connection
            .execute_batch(&sql)
            .unwrap_or_else(|error| panic!("{script:?}: {error}"));
    }
    Some(connection)
}

/// What a table is, as text: its columns and indexes, as SQLite sees them.
fn description(connection: &Connection, table: &str) -> Vec<String> {
    let sql = "SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || ifnull(dflt_value, 'NULL') || ' ' || pk
               FROM pragma_table_info(?1)
               UNION ALL
               SELECT CASE WHEN l.origin = 'c' THEN l.name ELSE '' END || ' ' || l.\"unique\" || ' ' ||
                      (SELECT group_concat(name) FROM pragma_index_info(l.name))
               FROM (SELECT * FROM pragma_index_list(?1) ORDER BY name) AS l";
    let mut statement = connection.prepare(sql).expect("a query");
    let lines = statement
        .query_map([table], |row| row.get(0))
        .expect("rows");
    lines.map(|line| line.expect("a line")).collect()
}

/// Tables that Kamailio does not have.
const OURS: [&str; 3] = ["subscriber_sha256", "ban", "fraud_prefix"];

#[test]
fn our_tables_are_kamailios() {
    let directory = tempfile::tempdir().expect("a directory");
    let Some(kamailios) = kamailios_file(&directory.path().join("theirs.db")) else {
        return;
    };
    let ours = directory.path().join("ours.db");
    let store = SqliteStore::open(&ours, Options::default()).expect("a database");
    wait(&store, Operation::CreateTables(STANDARD.to_vec())).expect("tables");
    let ours = Connection::open(ours).expect("a file");
    let version = |connection: &Connection, table: &str| -> i64 {
        let sql = "SELECT table_version FROM version WHERE table_name = ?1";
        connection
            .query_row(sql, [table], |row| row.get(0))
            .expect("a version")
    };
    for table in STANDARD.iter().map(|table| table.name.as_str()) {
        assert!(description(&ours, table).len() > 1, "{table}");
        if OURS.contains(&table) {
            continue;
        }
        assert_eq!(
            description(&ours, table),
            description(&kamailios, table),
            "{table}"
        );
        assert_eq!(version(&ours, table), version(&kamailios, table), "{table}");
    }
}

#[test]
fn kamailios_file_is_used_as_it_stands() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("kamailio.db");
    let Some(kamailios) = kamailios_file(&path) else {
        return;
    };
    let store = SqliteStore::open(&path, Options::default()).expect("a database");
    // All but our own tables are there already.
    let made = wait(&store, Operation::CreateTables(STANDARD.to_vec()));
    let affected = OURS.len() as u64;
    assert_eq!(made, Ok(Outcome::Done { affected }));
    // The row that Kamailio 5.6.3 wrote for a registration in db_mode 1 at 1795244913.
    kamailios
        .execute_batch(
            "INSERT INTO location (ruid, username, contact, expires, q, callid, cseq, last_modified, user_agent,
                                   socket, instance, connection_id)
             VALUES ('uloc-6b014371-41a0-1', 'al', 'sip:al@127.0.0.1:25734', 2461365.804542824, 0.5, 'c1al', 7,
                     2461365.79759838, CAST(x'636166E92773' AS TEXT), 'udp:127.0.0.1:25733', '<urn:x>', -1)",
        )
        .expect("a row");
    let columns = [
        name!("expires"),
        name!("last_modified"),
        name!("q"),
        name!("cseq"),
        name!("user_agent"),
        name!("path"),
    ];
    let at_its_second = Filter::all().eq(name!("expires"), Cell::Time(1_795_245_513));
    let rows = wait(
        &store,
        Select::from(name!("location"))
            .columns(columns)
            .filter(at_its_second)
            .into(),
    );
    let expected = [
        Cell::Time(1_795_245_513),
        Cell::Time(1_795_244_913),
        Cell::Real(0.5),
        Cell::Int(7),
        Cell::text(b"caf\xe9's"),
        Cell::Null,
    ];
    assert_eq!(rows.expect("rows").into_rows().rows, [expected]);
    let expired = Filter::all().and(name!("expires"), Op::Lt, Cell::Time(1_795_245_513));
    assert_eq!(
        wait(
            &store,
            Write::Delete {
                table: name!("location"),
                filter: expired
            }
            .into()
        )
        .map(|done| done.affected()),
        Ok(0)
    );
}

#[test]
fn our_rows_have_the_types_of_kamailios() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ours.db");
    let store = SqliteStore::open(&path, Options::default()).expect("a database");
    wait(&store, Operation::CreateTables(vec![&schema::LOCATION])).expect("tables");
    let row = vec![
        (name!("contact"), Cell::text(b"caf\xe9's")),
        (name!("expires"), Cell::Time(1_795_245_513)),
        (name!("q"), Cell::Real(-1.0)),
        (name!("cseq"), Cell::Int(7)),
        (name!("path"), Cell::Null),
    ];
    wait(
        &store,
        Write::Insert {
            table: name!("location"),
            row,
        }
        .into(),
    )
    .expect("a row");
    let seen: String = Connection::open(path)
        .and_then(|connection| {
            let sql = "SELECT typeof(contact) || hex(contact) || ' ' || typeof(expires) || ' ' || datetime(expires) || ' '
                       || typeof(q) || ' ' || typeof(cseq) || ' ' || typeof(path) FROM location";
            connection.query_row(sql, [], |row| row.get(0))
        })
        .expect("the row");
    assert_eq!(
        seen,
        "text636166E92773 real 2026-11-21 07:18:33 real integer null"
    );
}
