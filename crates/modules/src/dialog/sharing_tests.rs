//! Two servers that count one profile together.

use crate::testing::{Bench, SharedKeys, UNIX_MS};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const SCRIPT: &str = r#"
loadmodule "pv.so"
loadmodule "ndb_redis.so"
loadmodule "dialog.so"
modparam("ndb_redis", "server", "name=s;addr=127.0.0.1")
modparam("dialog", "redis", "s")
modparam("dialog", "profiles_with_value", "caller")
modparam("dialog", "profiles_no_value", "calls")
request_route { dlg_manage(); set_dlg_profile("caller", "alice:1"); set_dlg_profile("calls"); }
"#;

struct World {
    keys: Arc<SharedKeys>,
    now_ms: u64,
}

impl World {
    fn server(&self) -> Bench {
        Bench::with_keys(SCRIPT, self.keys.clone())
    }

    /// So many milliseconds pass at these servers.
    fn pass(&mut self, servers: &[&Bench], ms: u64) {
        for _ in 0..ms / 100 {
            self.now_ms += 100;
            self.keys.memory.advance(100);
            servers.iter().for_each(|server| server.tick(self.now_ms));
        }
    }
}

/// A call; it lasts as long as what is returned.
fn call(bench: &Bench, id: &str) -> crate::testing::Ran {
    let ran = bench.run(&format!(
        "INVITE sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK{id}\n\
         From: <sip:alice@example.test>;tag=a\nTo: <sip:bob@example.test>\nCall-ID: {id}\n\
         CSeq: 1 INVITE\nContact: <sip:alice@127.0.0.1:5062>\nMax-Forwards: 70\nContent-Length: 0\n\n"
    ));
    set_state(bench, id, 4);
    ran
}

fn set_state(bench: &Bench, id: &str, state: i64) {
    let done = bench.rpc("dlg.set_state", json!([id, "a", "", state]));
    assert_eq!(done, Ok(json!("Done")));
}

/// How many calls a server counts: those of Alice, and all.
fn sizes(bench: &Bench) -> [i64; 2] {
    [json!(["caller", "alice:1"]), json!(["calls"])].map(|which| {
        let size = bench.rpc("dlg.profile_get_size", which).expect("a number");
        size.as_i64().expect("a number")
    })
}

fn world() -> World {
    World {
        keys: Arc::default(),
        now_ms: UNIX_MS,
    }
}

#[test]
fn both_servers_count_the_calls_of_both() {
    let mut world = world();
    let (one, other) = (world.server(), world.server());
    world.pass(&[&one, &other], 500);
    let _calls = [call(&one, "a"), call(&one, "b"), call(&other, "c")];
    assert_eq!([sizes(&one), sizes(&other)], [[2, 2], [1, 1]]);
    world.pass(&[&one, &other], 500);
    assert_eq!([sizes(&one), sizes(&other)], [[3, 3], [3, 3]]);
    set_state(&one, "a", 5);
    world.pass(&[&one, &other], 500);
    assert_eq!([sizes(&one), sizes(&other)], [[2, 2], [2, 2]]);
    // Their word is repeated for as long as they live.
    world.pass(&[&one, &other], 120_000);
    assert_eq!([sizes(&one), sizes(&other)], [[2, 2], [2, 2]]);
    // Whoever starts later counts them too.
    let third = world.server();
    world.pass(&[&one, &other, &third], 500);
    assert_eq!(sizes(&third), [2, 2]);
}

#[test]
fn the_calls_of_a_dead_server_are_forgotten() {
    let mut world = world();
    let (one, other) = (world.server(), world.server());
    world.pass(&[&one, &other], 500);
    let _calls = [call(&one, "a"), call(&other, "b")];
    world.pass(&[&one, &other], 1000);
    world.pass(&[&other], 15_000);
    assert_eq!(sizes(&other), [2, 2], "it may come back");
    world.pass(&[&other], 20_000);
    assert_eq!(sizes(&other), [1, 1]);
}

#[test]
fn while_redis_is_away_each_counts_its_own() {
    let mut world = world();
    let (one, other) = (world.server(), world.server());
    world.pass(&[&one, &other], 500);
    let _calls = [call(&one, "a"), call(&other, "b")];
    world.pass(&[&one, &other], 1000);
    world.keys.is_away.store(true, Ordering::Relaxed);
    let _more = call(&one, "c");
    world.pass(&[&one, &other], 5000);
    assert_eq!([sizes(&one), sizes(&other)], [[3, 3], [2, 2]]);
    world.pass(&[&one, &other], 60_000);
    assert_eq!([sizes(&one), sizes(&other)], [[2, 2], [1, 1]]);
    world.keys.is_away.store(false, Ordering::Relaxed);
    world.pass(&[&one, &other], 1000);
    assert_eq!([sizes(&one), sizes(&other)], [[3, 3], [3, 3]]);
}
