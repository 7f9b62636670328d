//! The transaction table under threads: nothing is lost, nothing is shared.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stack::Limits;
use stack::table::{Keyer, Out, Refused, RequestId, Table, TopVia};

const SEEDS: [u64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

fn invite(cseq: u32) -> RequestId<'static> {
    let via = TopVia {
        host: b"h",
        port: None,
        branch: b"z9hG4bKone",
        raw: b"",
    };
    RequestId {
        call_id: b"call",
        cseq,
        method: b"INVITE",
        from_tag: b"from",
        to_tag: b"",
        request_uri: b"sip:b@b",
        via,
    }
}

/// Threads fight over few transactions: each letter is worked on exactly once, never by two at a
/// time.
#[test]
fn threads_lose_nothing_and_never_share() {
    const THREADS: u64 = 4;
    const LETTERS: u64 = 20_000;
    let limits = Limits {
        max_mail: usize::MAX,
        ..Limits::default()
    };
    let table: Arc<Table<AtomicU64, u64>> = Arc::new(Table::new(&limits, 0));
    let keyer = Keyer::new(SEEDS);
    let ids: Vec<_> = (0..3)
        .map(|n| table.insert_busy(&keyer.local(b"c", n)).expect("new"))
        .collect();
    for id in &ids {
        assert!(table.put_back(*id, AtomicU64::new(0)).is_none());
    }
    let total = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (table, ids, total) = (table.clone(), &ids, total.clone());
            scope.spawn(move || {
                for n in 0..LETTERS {
                    let id = ids[((n + thread) % 3) as usize];
                    let Out::Taken(_, owned, letter) = table.check_out(id, n) else {
                        continue;
                    };
                    let mut turn = Some((owned, letter));
                    while let Some((owned, letter)) = turn {
                        assert_eq!(
                            owned.fetch_add(1, Ordering::Relaxed),
                            0,
                            "somebody else owns it too"
                        );
                        total.fetch_add(letter, Ordering::Relaxed);
                        assert_eq!(owned.fetch_sub(1, Ordering::Relaxed), 1);
                        turn = table.put_back(id, owned);
                    }
                }
            });
        }
    });
    assert_eq!(
        total.load(Ordering::Relaxed),
        THREADS * (LETTERS * (LETTERS - 1) / 2)
    );
}

/// Threads insert the same requests: each exists once, whoever was first.
#[test]
fn racing_inserts_make_one_transaction() {
    let table: Arc<Table<u32, u32>> = Arc::new(Table::new(&Limits::default(), 0));
    let keyer = Keyer::new(SEEDS);
    let made = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (table, made, keyer) = (table.clone(), made.clone(), &keyer);
            scope.spawn(move || {
                for cseq in 0..5_000 {
                    match table.insert_busy(&keyer.request(&invite(cseq))) {
                        Ok(_) => made.fetch_add(1, Ordering::Relaxed),
                        Err(refused) => {
                            assert!(matches!(refused, Refused::Exists(_)));
                            0
                        }
                    };
                }
            });
        }
    });
    assert_eq!((made.load(Ordering::Relaxed), table.len()), (5_000, 5_000));
}
