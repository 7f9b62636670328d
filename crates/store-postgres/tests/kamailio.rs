//! Databases made by Kamailio's own scripts.

use e2e::PostgreSql;
use store::DbUrl;
use store::contract::kamailio::{Server, tables_are_kamailios};
use store_remote::{Options, Zone};

struct Judge(PostgreSql);

impl Server for Judge {
    fn description(&self, database: &str, table: &str) -> String {
        let columns = format!(
            "SELECT column_name, data_type, character_maximum_length, is_nullable, column_default
             FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
        );
        let indexes =
            format!("SELECT indexdef FROM pg_indexes WHERE tablename = '{table}' ORDER BY 1");
        let text = self.0.run(database, &columns) + &self.0.run(database, &indexes);
        // A default that says nothing, and types of which Kamailio has two for the same.
        text.replace("NULL::character varying", "")
            .replace("double precision", "real")
    }

    fn run_on_theirs(&self, sql: &str) {
        self.0.run("theirs", sql);
    }
}

#[test]
fn our_tables_are_kamailios_and_theirs_are_used_as_they_stand() {
    let server = PostgreSql::new();
    server.create_as_kamailio("theirs");
    server.create("ours", "UTF8");
    let open = |database: &str| {
        let url = DbUrl::parse(&server.url(database)).expect("a URL");
        store_postgres::open(&url, Zone::UTC, Options::default()).expect("a database")
    };
    let (ours, theirs) = (open("ours"), open("theirs"));
    tables_are_kamailios(&Judge(server), &ours, &theirs);
}
