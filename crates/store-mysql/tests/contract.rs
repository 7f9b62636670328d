//! The suite of `store`, against Debian's MariaDB.

use std::sync::atomic::{AtomicU32, Ordering};

use e2e::MariaDb;
use store::{DbUrl, contract};
use store_remote::{Options, Zone};

#[test]
fn mariadb_keeps_the_contract() {
    let server = MariaDb::new();
    for character_set in ["utf8mb4", "latin1"] {
        let count = AtomicU32::new(0);
        contract::run(&|| {
            let name = format!("{character_set}_{}", count.fetch_add(1, Ordering::Relaxed));
            server.create(&name, character_set);
            let url = DbUrl::parse(&server.url(&name)).expect("a URL");
            Box::new(store_mysql::open(&url, Zone::UTC, Options::default()).expect("a database"))
        });
    }
}
