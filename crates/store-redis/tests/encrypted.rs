//! Encrypted connections, to Debian's Redis.

use e2e::{Authority, Redis, Scratch};
use std::path::Path;
use store::keys::{KeyPlace, KeyServer, Said, wait, words};
use store_redis::RedisStore;

fn server(port: u16, authorities: &Path) -> KeyServer {
    KeyServer {
        place: KeyPlace::Tcp("127.0.0.1".to_owned(), port),
        database: 0,
        user: None,
        password: None,
        connect_ms: 1000,
        deadline_ms: 1000,
        authorities: Some(authorities.to_owned()),
        may_be_away: false,
    }
}

fn refusal(port: u16, authorities: &Path) -> String {
    match RedisStore::open(&server(port, authorities)) {
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
    let redis = Redis::with_certificate(&ours.issue("127.0.0.1", |_| {}));
    let port = redis.encrypted_port();
    let store = RedisStore::open(&server(port, ours.path())).expect("a connection");
    let said = wait(&store, vec![words("ECHO hello")]).expect("an answer");
    assert_eq!(said, [Said::Text("hello".into())]);
    let why = refusal(port, other.path());
    assert!(why.contains("UnknownIssuer"), "{why}");
    // Nobody is there who could show a certificate.
    let why = refusal(redis.port(), ours.path());
    assert!(why.contains("rediss://127.0.0.1"), "{why}");
}

#[test]
fn a_certificate_for_another_name_is_not_right() {
    let scratch = Scratch::new();
    let ours = Authority::create(&scratch, "ours");
    let redis = Redis::with_certificate(&ours.issue("elsewhere.test", |_| {}));
    let why = refusal(redis.encrypted_port(), ours.path());
    assert!(why.contains("not valid for name"), "{why}");
}
