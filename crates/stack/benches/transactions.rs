//! What transactions cost here: `cargo bench -p ringwall-stack`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run stops")]

use divan::{Bencher, black_box};
use stack::table::{Key, Keyer, Lookup, Out, RequestId, Table, TopVia};
use stack::timer::Wheel;
use stack::{Instant, Limits};

const SEEDS: [u64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// Transactions that are there: ten seconds of a thousand calls each.
const THERE: u32 = 10_000;
/// Timer F and H, which most hints are armed for.
const ARMED_MS: u64 = 32_000;

fn main() {
    divan::main();
}

fn request(cseq: u32) -> RequestId<'static> {
    RequestId {
        call_id: b"a84b4c76e66710@pc33.atlanta.example.com",
        cseq,
        method: b"INVITE",
        from_tag: b"1928301774",
        to_tag: b"",
        request_uri: b"sip:bob@biloxi.example.com",
        via: TopVia {
            host: b"pc33.atlanta.example.com",
            port: Some(5060),
            branch: b"z9hG4bKnashds8",
            raw: b"",
        },
    }
}

/// A table with transactions in it.
fn filled(keyer: &Keyer) -> Table<u64, u64> {
    let table = Table::new(&Limits::default(), 0);
    for cseq in 0..THERE {
        let id = table.insert_busy(&keyer.request(&request(cseq)));
        let id = id.expect("a new transaction");
        assert!(table.put_back(id, 0).is_none());
    }
    table
}

#[divan::bench]
fn key_of_a_request(bencher: Bencher) {
    let keyer = Keyer::new(SEEDS);
    bencher.bench(|| keyer.request(black_box(&request(7))));
}

#[divan::bench]
fn insert_and_remove(bencher: Bencher) {
    let keyer = Keyer::new(SEEDS);
    let table = filled(&keyer);
    let key = keyer.request(&request(THERE));
    bencher.bench(|| {
        let id = table.insert_busy(black_box(&key)).expect("a new one");
        assert!(table.put_back(id, 0).is_none());
        table.remove(id)
    });
}

#[divan::bench]
fn match_and_put_back(bencher: Bencher) {
    let keyer = Keyer::new(SEEDS);
    let table = filled(&keyer);
    let key: Key = keyer.request(&request(THERE / 2));
    bencher.bench(
        || match table.check_out_key(black_box(&key), Lookup::Same, 1) {
            Out::Taken(id, own, _) => table.put_back(id, own).is_some(),
            _ => false,
        },
    );
}

/// A hint is armed and fires; a thousand others wait.
#[divan::bench]
fn arm_and_fire_a_timer(bencher: Bencher) {
    let mut wheel = Wheel::new(Instant::ZERO);
    let mut now_ms = 0;
    for number in 0..1_000 {
        wheel.arm(Instant::from_ms(ARMED_MS + number), number);
    }
    let mut due = Vec::with_capacity(64);
    bencher.bench_local(|| {
        now_ms += 4;
        let now = Instant::from_ms(now_ms);
        wheel.arm(now.after_ms(ARMED_MS), now_ms);
        due.clear();
        wheel.expire(now, &mut due);
        due.len()
    });
}
