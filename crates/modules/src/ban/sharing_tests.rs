//! Two servers with one list.

use crate::testing::{Bench, SharedKeys, UNIX_MS};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const SCRIPT: &str = "loadmodule \"ndb_redis.so\"\nloadmodule \"ban.so\"\n\
    modparam(\"ndb_redis\", \"server\", \"name=s;addr=127.0.0.1\")\n\
    modparam(\"ban\", \"redis\", \"s\")\n\
    modparam(\"ban\", \"never\", \"172.16.0.0/12\")\nrequest_route { exit; }";

/// Lets so many milliseconds pass at both servers.
fn pass(keys: &SharedKeys, both: &[Bench], now_ms: &mut u64, ms: u64) {
    for _ in 0..ms / 100 {
        *now_ms += 100;
        keys.memory.advance(100);
        both.iter().for_each(|bench| bench.tick(*now_ms));
    }
}

fn sources(bench: &Bench) -> Vec<String> {
    let list = bench.rpc("ban.list", json!([])).expect("a list");
    let list = list.as_array().cloned().unwrap_or_default();
    let name =
        |ban: &serde_json::Value| format!("{} {}", ban["source"], ban["reason"]).replace('"', "");
    list.iter().map(name).collect()
}

fn do_at(bench: &Bench, command: &str, params: serde_json::Value) {
    bench.rpc(command, params).expect(command);
}

#[test]
fn a_ban_holds_on_both_within_a_second() {
    let keys = Arc::<SharedKeys>::default();
    let both = [(); 2].map(|()| Bench::with_keys(SCRIPT, keys.clone()));
    let mut now_ms = UNIX_MS;
    pass(&keys, &both, &mut now_ms, 200);
    do_at(&both[0], "ban.add", json!(["192.0.2.7", 600, "noise"]));
    do_at(&both[1], "ban.add", json!(["10.0.0.0/8", 0, "mine"]));
    pass(&keys, &both, &mut now_ms, 1000);
    for bench in &both {
        assert_eq!(sources(bench), ["10.0.0.0/8 mine", "192.0.2.7 noise"]);
    }
    do_at(&both[1], "ban.rm", json!(["192.0.2.7"]));
    do_at(&both[0], "ban.never_add", json!(["10.1.0.0/16"]));
    pass(&keys, &both, &mut now_ms, 1000);
    assert_eq!(sources(&both[0]), ["10.0.0.0/8 mine"]);
    let never = both[1].rpc("ban.never_list", json!([]));
    assert_eq!(never, Ok(json!(["10.1.0.0/16", "172.16.0.0/12"])));
}

#[test]
fn each_bans_by_itself_while_redis_is_away_and_tells_later() {
    let keys = Arc::<SharedKeys>::default();
    let both = [(); 2].map(|()| Bench::with_keys(SCRIPT, keys.clone()));
    let mut now_ms = UNIX_MS;
    pass(&keys, &both, &mut now_ms, 200);
    keys.is_away.store(true, Ordering::Relaxed);
    do_at(&both[0], "ban.add", json!(["192.0.2.7", 600, "noise"]));
    pass(&keys, &both, &mut now_ms, 5000);
    assert_eq!([sources(&both[0]).len(), sources(&both[1]).len()], [1, 0]);
    keys.is_away.store(false, Ordering::Relaxed);
    pass(&keys, &both, &mut now_ms, 1000);
    assert_eq!(sources(&both[1]), ["192.0.2.7 noise"]);
    // Who starts later knows it too.
    let third = [Bench::with_keys(SCRIPT, keys.clone())];
    pass(&keys, &third, &mut now_ms, 200);
    assert_eq!(sources(&third[0]), ["192.0.2.7 noise"]);
}
