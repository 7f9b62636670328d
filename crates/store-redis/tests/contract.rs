//! The suite of `store::keys`, against Debian's Redis, and what happens when it hangs.
#![allow(clippy::disallowed_methods, reason = "waiting is measured")]

use std::time::{Duration, Instant};

use e2e::{DatabaseServer, Redis};
use store::keys::{KeyPlace, KeyServer, Said, wait, words};
use store::{StoreError, contract};
use store_redis::RedisStore;

fn server(place: KeyPlace) -> KeyServer {
    KeyServer {
        place,
        database: 3,
        user: None,
        password: None,
        connect_ms: 1000,
        deadline_ms: 300,
        authorities: None,
        may_be_away: false,
    }
}

#[test]
fn redis_keeps_the_contract() {
    let redis = Redis::new();
    let over_tcp = server(KeyPlace::Tcp("127.0.0.1".to_owned(), redis.port()));
    contract::keys::run(&RedisStore::open(&over_tcp).expect("a connection"));
    redis.run(&["flushall"]);
    let over_unix = server(KeyPlace::Unix(redis.socket()));
    let store = RedisStore::open(&over_unix).expect("a connection");
    contract::keys::run(&store);
    assert_eq!(
        redis.run(&["-n", "3", "get", "n"]),
        "x",
        "in the database that was named"
    );
}

#[test]
fn a_server_that_hangs_costs_one_deadline() {
    let mut redis = Redis::new();
    let over_tcp = server(KeyPlace::Tcp("127.0.0.1".to_owned(), redis.port()));
    let store = RedisStore::open(&over_tcp).expect("a connection");
    let ping = || wait(&store, vec![words("PING")]);
    assert!(ping().is_ok());
    redis.hang();
    let begun = Instant::now();
    let results: Vec<_> = (0..50).map(|_| ping()).collect();
    let took = begun.elapsed();
    let is_away = |result| matches!(result, Err(StoreError::Unavailable { .. }));
    assert!(results.into_iter().all(is_away));
    assert!(took < Duration::from_secs(3), "fifty took {took:?}");
    redis.go_on();
    e2e::until("it answers again", Duration::from_secs(5), || ping().ok());
    redis.kill();
    e2e::until("it is away", Duration::from_secs(5), || ping().err());
    redis.start();
    let said = e2e::until("it answers again", Duration::from_secs(5), || ping().ok());
    assert_eq!(said, [Said::Status("PONG".into())]);
}

#[test]
fn a_server_that_is_not_there_is_named_unless_it_may_be_away() {
    let mut nobody = server(KeyPlace::Tcp("127.0.0.1".to_owned(), e2e::ports::block(1)));
    let error = RedisStore::open(&nobody)
        .map(drop)
        .expect_err("nobody listens");
    assert!(error.to_string().contains("redis://127.0.0.1"), "{error}");
    nobody.may_be_away = true;
    let store = RedisStore::open(&nobody).expect("a store");
    let error = wait(&store, vec![words("PING")]).expect_err("nobody listens");
    assert!(error.is_transient(), "{error}");
}
