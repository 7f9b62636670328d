//! Two servers with one Redis, which goes and comes back.

use crate::testing::{Bench, SharedKeys, UNIX_MS, problems};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const MESSAGE: &str = "OPTIONS sip:h SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\nFrom: <sip:a@h>;tag=1\nTo: <sip:b@h>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n";
const HEAD: &str = "loadmodule \"pv\"\nloadmodule \"ndb_redis\"\nloadmodule \"htable\"\n\
    modparam(\"ndb_redis\", \"server\", \"name=s;addr=127.0.0.1\")\n\
    modparam(\"htable\", \"redis\", \"s\")\n\
    modparam(\"htable\", \"htable\", \"c=>size=4;initval=0;autoexpire=60;\")\n\
    modparam(\"htable\", \"htable\", \"k=>size=4;initval=0;autoexpire=60;updateexpire=0;\")\n\
    modparam(\"htable\", \"htable\", \"t=>size=4;\")\n\
    modparam(\"htable\", \"htable\", \"own=>size=4;shared=0;\")\n";

/// Two servers.
struct Pair {
    keys: Arc<SharedKeys>,
    both: [Bench; 2],
    now_ms: u64,
}

impl Pair {
    /// Two servers that run these statements when they get a message.
    fn new(statements: &str) -> Pair {
        let keys = Arc::<SharedKeys>::default();
        let both = [(); 2].map(|()| server(&keys, statements));
        let mut pair = Pair {
            keys,
            both,
            now_ms: UNIX_MS,
        };
        pair.pass(200);
        pair
    }

    /// So many milliseconds pass.
    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 100 {
            self.now_ms += 100;
            self.keys.memory.advance(100);
            for bench in &self.both {
                bench.tick(self.now_ms);
            }
        }
    }

    /// What a server notes when it gets a message.
    fn notes(&self, at: usize) -> Vec<String> {
        let bench = &self.both[at];
        let mut context = bench.context(MESSAGE);
        context.now.unix_ms = self.now_ms;
        bench.serve(context).ran.notes
    }

    /// What a command answers.
    fn value(&self, at: usize, table: &str, key: &str) -> serde_json::Value {
        match self.both[at].rpc("htable.get", json!([table, key])) {
            Ok(found) => found["item"]["value"].clone(),
            Err(_) => serde_json::Value::Null,
        }
    }

    fn set(&self, at: usize, table: &str, key: &str, value: &str) {
        let set = self.both[at].rpc("htable.sets", json!([table, key, value]));
        set.expect("set");
    }

    fn is_away(&self, is_away: bool) {
        self.keys.is_away.store(is_away, Ordering::Relaxed);
    }
}

/// How many lines of the log have these words.
fn told(bench: &Bench, what: &str) -> usize {
    bench
        .log()
        .iter()
        .filter(|line| line.contains(what))
        .count()
}

fn server(keys: &Arc<SharedKeys>, statements: &str) -> Bench {
    Bench::with_keys(&format!("{HEAD}route {{\n{statements}\n}}"), keys.clone())
}

#[test]
fn both_count_one_number() {
    let mut pair = Pair::new("note(\"$shtinc(c=>x)\");");
    // What both count at once is counted twice.
    for at in [0, 1, 0, 1, 1] {
        pair.notes(at);
    }
    pair.pass(200);
    assert_eq!([pair.value(0, "c", "x"), pair.value(1, "c", "x")], [5, 5]);
    assert_eq!(pair.notes(0), ["6"]);
    pair.pass(200);
    assert_eq!(pair.notes(1), ["7"]);
    pair.pass(200);
    assert_eq!([pair.value(0, "c", "x"), pair.value(1, "c", "x")], [7, 7]);
}

#[test]
fn a_sum_of_a_function_is_right_at_once() {
    let pair = Pair::new(
        "$var(n) = $shtinc(c=>x); sht_add(\"c\", \"x\", 10, \"$var(sum)\"); rc(); note(\"$rc $var(sum)\");",
    );
    let bench = &pair.both[0];
    let served = bench.serve(bench.context(MESSAGE));
    assert_eq!(
        (served.ran.codes, served.ran.notes),
        (vec![1], vec!["1 11".to_owned()])
    );
    // Without waiting for an exchange.
    assert_eq!(pair.notes(1), ["1 22"]);
    assert_eq!(pair.notes(0), ["1 33"]);
}

#[test]
fn items_are_the_same_everywhere_and_go_everywhere() {
    let mut pair =
        Pair::new("$sht(t=>text) = \"17\"; $sht(own=>x) = 1; sht_setxi(\"c\", \"short\", 5, 3);");
    pair.notes(0);
    pair.pass(200);
    assert_eq!(pair.value(1, "t", "text"), json!("17"), "a text stays one");
    assert_eq!(pair.value(1, "own", "x"), json!(null));
    assert_eq!(pair.value(1, "c", "short"), json!(5));
    pair.set(1, "t", "text", "other");
    pair.set(0, "t", "second", "y");
    pair.pass(200);
    assert_eq!(pair.value(0, "t", "text"), json!("other"));
    pair.both[1]
        .rpc("htable.delete", json!(["t", "text"]))
        .expect("there");
    pair.pass(200);
    assert_eq!(pair.value(0, "t", "text"), json!(null));
    pair.both[0]
        .rpc("htable.flush", json!(["t"]))
        .expect("a table");
    pair.pass(200);
    assert_eq!(pair.value(1, "t", "second"), json!(null));
}

#[test]
fn ends_are_the_same_everywhere() {
    let left = "note(\"$shtex(c=>a) $shtex(k=>a)\");";
    let mut pair = Pair::new(&format!(
        "if ($sht(t=>go) == 1) {{ $var(n) = $shtinc(c=>a); $var(n) = $shtinc(k=>a); }} {left}"
    ));
    pair.both[0]
        .rpc("htable.seti", json!(["t", "go", 1]))
        .expect("set");
    pair.notes(0);
    pair.both[0]
        .rpc("htable.seti", json!(["t", "go", 0]))
        .expect("set");
    pair.pass(10_000);
    assert_eq!(pair.notes(1), ["50 50"]);
    // An update renews the one and not the other.
    pair.both[1]
        .rpc("htable.seti", json!(["t", "go", 1]))
        .expect("set");
    assert_eq!(pair.notes(1), ["60 50"]);
    pair.both[1]
        .rpc("htable.seti", json!(["t", "go", 0]))
        .expect("set");
    pair.pass(1000);
    assert_eq!(pair.notes(0), ["59 49"]);
    pair.both[0]
        .rpc("htable.setex", json!(["c", "a", 5]))
        .expect("set");
    // The command's time stands still.
    pair.pass(61_000);
    assert_eq!([pair.notes(0), pair.notes(1)], [["0 0"], ["0 0"]]);
}

#[test]
fn a_server_that_starts_later_knows_what_the_others_know() {
    let mut pair = Pair::new("$sht(t=>x) = 3;");
    pair.notes(0);
    pair.pass(200);
    pair.both[1] = server(&pair.keys, "exit;");
    assert_eq!(pair.value(1, "t", "x"), json!(null));
    pair.pass(200);
    assert_eq!(pair.value(1, "t", "x"), json!(3));
}

#[test]
fn while_redis_is_away_each_goes_on_and_nothing_is_lost() {
    let mut pair = Pair::new("note(\"$shtinc(c=>x)\");");
    pair.notes(0);
    pair.set(1, "t", "gone", "soon");
    pair.pass(200);
    pair.is_away(true);
    pair.pass(200);
    assert_eq!(told(&pair.both[0], "nothing is shared"), 1);
    assert_eq!(
        [pair.notes(0), pair.notes(0), pair.notes(1)],
        [["2"], ["3"], ["2"]]
    );
    pair.set(0, "t", "new", "x");
    pair.both[0]
        .rpc("htable.delete", json!(["t", "gone"]))
        .expect("there");
    pair.pass(5000);
    assert_eq!(told(&pair.both[0], "nothing is shared"), 0, "once");
    pair.is_away(false);
    pair.pass(400);
    assert_eq!([pair.value(0, "c", "x"), pair.value(1, "c", "x")], [4, 4]);
    assert_eq!(pair.value(1, "t", "new"), json!("x"));
    assert_eq!(pair.value(1, "t", "gone"), json!(null));
    assert_eq!(told(&pair.both[0], "shared again"), 1);
}

#[test]
fn what_arrived_is_not_sent_again() {
    let mut pair = Pair::new("$var(n) = $shtinc(c=>x);");
    pair.notes(0);
    pair.keys.is_deaf.store(true, Ordering::Relaxed);
    pair.pass(300);
    pair.keys.is_deaf.store(false, Ordering::Relaxed);
    pair.pass(400);
    assert_eq!([pair.value(0, "c", "x"), pair.value(1, "c", "x")], [1, 1]);
}

#[test]
fn a_redis_that_lost_its_data_gets_it_back() {
    let mut pair = Pair::new("$sht(t=>x) = 3; $var(n) = $shtinc(c=>y);");
    pair.notes(0);
    pair.pass(200);
    pair.is_away(true);
    pair.pass(200);
    let gone = store::keys::words(
        "DEL ringwall:htable:age ringwall:htable:log ringwall:htable:i:t:x ringwall:htable:i:c:y",
    );
    store::keys::wait(&pair.keys.memory, vec![gone]).expect("memory");
    pair.is_away(false);
    pair.pass(400);
    assert_eq!(pair.value(1, "t", "x"), json!(3));
    pair.both[1] = server(&pair.keys, "exit;");
    pair.pass(200);
    assert_eq!([pair.value(1, "t", "x"), pair.value(1, "c", "y")], [3, 1]);
}

#[test]
fn a_sum_is_this_servers_while_redis_is_away() {
    let mut pair = Pair::new("sht_add(\"c\", \"x\", 10, \"$var(sum)\"); note(\"$rc $var(sum)\");");
    assert_eq!(pair.notes(0), ["1 10"]);
    pair.is_away(true);
    assert_eq!(pair.notes(0), ["2 20"]);
    pair.is_away(false);
    pair.pass(400);
    assert_eq!(pair.notes(1), ["1 30"]);
}

#[test]
fn an_exchange_is_one_way_there_and_back() {
    let pair = Pair::new("$var(n) = $shtinc(c=>x); $sht(t=>y) = 1;");
    pair.notes(0);
    let before = pair.keys.pipelines.load(Ordering::Relaxed);
    pair.both[0].tick(pair.now_ms + 100);
    assert_eq!(pair.keys.pipelines.load(Ordering::Relaxed), before + 1);
}

#[test]
fn the_server_must_be_known() {
    let script = "loadmodule \"htable\"\nmodparam(\"htable\", \"redis\", \"s\")\nroute { exit; }";
    assert!(problems(script).contains("ndb_redis"));
}
