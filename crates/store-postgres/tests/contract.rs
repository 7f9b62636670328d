//! The suite of `store`, against Debian's PostgreSQL.

use std::sync::atomic::{AtomicU32, Ordering};

use e2e::PostgreSql;
use store::{DbUrl, contract};
use store_remote::{Options, Zone};

#[test]
fn postgresql_keeps_the_contract() {
    let server = PostgreSql::new();
    for encoding in ["UTF8", "SQL_ASCII"] {
        let count = AtomicU32::new(0);
        contract::run(&|| {
            let name =
                format!("{encoding}_{}", count.fetch_add(1, Ordering::Relaxed)).to_lowercase();
            server.create(&name, encoding);
            let url = DbUrl::parse(&server.url(&name)).expect("a URL");
            Box::new(store_postgres::open(&url, Zone::UTC, Options::default()).expect("a database"))
        });
    }
}
