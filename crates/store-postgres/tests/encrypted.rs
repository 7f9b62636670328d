//! Encrypted connections, to Debian's PostgreSQL.

use e2e::{Authority, PostgreSql, Scratch};
use std::path::Path;
use store::{DbUrl, Operation, Outcome, StoreError, wait};
use store_remote::{Options, Zone};

fn open(url: &str, authorities: &Path) -> Result<store_postgres::PostgresStore, StoreError> {
    let options = Options {
        authorities: Some(authorities.to_owned()),
        ..Options::default()
    };
    store_postgres::open(&DbUrl::parse(url).expect("a URL"), Zone::UTC, options)
}

fn refusal(url: &str, authorities: &Path) -> String {
    match open(url, authorities) {
        Ok(_) => panic!("connected"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn a_server_with_a_right_certificate_is_spoken_to_in_secret() {
    let scratch = Scratch::new();
    let (ours, other) = (
        Authority::create(&scratch, "ours"),
        Authority::create(&scratch, "other"),
    );
    let server = PostgreSql::with_certificate(&ours.issue("127.0.0.1", |_| {}));
    server.create("calls", "UTF8");
    let url = server.url("calls");
    let store = open(&url, ours.path()).expect("a database");
    let asked = Operation::raw("SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    let Ok(Outcome::Rows(found)) = wait(&store, asked) else {
        panic!("no rows");
    };
    let cipher = format!("{:?}", found.rows);
    assert!(cipher.contains("TLS_AES"), "{cipher}");
    let why = refusal(&url, other.path());
    assert!(why.contains("UnknownIssuer"), "{why}");
    let nowhere = refusal(&url, &scratch.join("none.pem"));
    assert!(nowhere.contains("No such file"), "{nowhere}");
}

#[test]
fn a_certificate_for_another_name_is_not_right() {
    let scratch = Scratch::new();
    let ours = Authority::create(&scratch, "ours");
    let server = PostgreSql::with_certificate(&ours.issue("elsewhere.test", |_| {}));
    server.create("calls", "UTF8");
    let why = refusal(&server.url("calls"), ours.path());
    assert!(why.contains("not valid for name"), "{why}");
}

#[test]
fn a_server_without_a_certificate_is_not_spoken_to() {
    let scratch = Scratch::new();
    let ours = Authority::create(&scratch, "ours");
    let server = PostgreSql::new();
    server.create("calls", "UTF8");
    let why = refusal(&server.url("calls"), ours.path());
    assert!(why.contains("TLS"), "{why}");
}
