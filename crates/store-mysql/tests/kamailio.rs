//! Databases made by Kamailio's own scripts.

use e2e::MariaDb;
use store::DbUrl;
use store::contract::kamailio::{Server, tables_are_kamailios};
use store_remote::{Options, Zone};

struct Judge(MariaDb);

impl Server for Judge {
    fn description(&self, database: &str, table: &str) -> String {
        let columns = format!(
            "SELECT column_name, column_type, is_nullable, ifnull(column_default, '-'), extra
             FROM information_schema.columns
             WHERE table_schema = '{database}' AND table_name = '{table}' ORDER BY ordinal_position;
             SELECT index_name, non_unique, group_concat(column_name ORDER BY seq_in_index)
             FROM information_schema.statistics
             WHERE table_schema = '{database}' AND table_name = '{table}' GROUP BY 1, 2 ORDER BY 1"
        );
        let text = self.0.run("information_schema", &columns);
        // Where Kamailio's scripts are at variance with themselves.
        text.replace("tinyint(1)", "smallint(6)")
            .replace("int(11) unsigned", "int(10) unsigned")
    }

    fn run_on_theirs(&self, sql: &str) {
        self.0.run("theirs", sql);
    }
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
    let (ours, theirs) = (open("ours"), open("theirs"));
    tables_are_kamailios(&Judge(server), &ours, &theirs);
}
