//! Encrypted connections, to Debian's PostgreSQL.

use e2e::PostgreSql;
use e2e::encrypted::only_the_right_server_is_spoken_to;
use std::path::Path;
use store::{DbUrl, Operation, Outcome, StoreError, wait};
use store_remote::{Options, Zone};

fn serve(certificate: Option<&Path>) -> PostgreSql {
    let server = certificate.map_or_else(PostgreSql::new, PostgreSql::with_certificate);
    server.create("calls", "UTF8");
    server
}

fn open(
    server: &PostgreSql,
    authorities: &Path,
) -> Result<store_postgres::PostgresStore, StoreError> {
    let options = Options {
        authorities: Some(authorities.to_owned()),
        ..Options::default()
    };
    let url = DbUrl::parse(&server.url("calls")).expect("a URL");
    store_postgres::open(&url, Zone::UTC, options)
}

fn is_secret(store: store_postgres::PostgresStore) {
    let asked = Operation::raw("SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    let Ok(Outcome::Rows(found)) = wait(&store, asked) else {
        panic!("no rows");
    };
    let cipher = format!("{:?}", found.rows);
    assert!(cipher.contains("TLS_AES"), "{cipher}");
}

#[test]
fn only_the_right_server_is_spoken_to_and_in_secret() {
    only_the_right_server_is_spoken_to(serve, open, is_secret, "TLS");
}
