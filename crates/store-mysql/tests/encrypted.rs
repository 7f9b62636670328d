//! Encrypted connections, to Debian's MariaDB.

use e2e::MariaDb;
use e2e::encrypted::only_the_right_server_is_spoken_to;
use std::path::Path;
use store::{DbUrl, Operation, Outcome, StoreError, wait};
use store_remote::{Options, Zone};

fn serve(certificate: Option<&Path>) -> MariaDb {
    let server = certificate.map_or_else(MariaDb::new, MariaDb::with_certificate);
    server.create("calls", "utf8mb4");
    server
}

fn open(server: &MariaDb, authorities: &Path) -> Result<store_mysql::MysqlStore, StoreError> {
    let options = Options {
        authorities: Some(authorities.to_owned()),
        ..Options::default()
    };
    let url = DbUrl::parse(&server.url("calls")).expect("a URL");
    store_mysql::open(&url, Zone::UTC, options)
}

fn is_secret(store: store_mysql::MysqlStore) {
    let asked = Operation::raw("SHOW STATUS LIKE 'Ssl_cipher'");
    let Ok(Outcome::Rows(found)) = wait(&store, asked) else {
        panic!("no rows");
    };
    let cipher = format!("{:?}", found.rows);
    assert!(cipher.contains("TLS_AES"), "{cipher}");
}

#[test]
fn only_the_right_server_is_spoken_to_and_in_secret() {
    only_the_right_server_is_spoken_to(serve, open, is_secret, "SSL");
}
