//! The transaction table: who finds what, and that nobody loses a letter.

use stack::Limits;
use stack::table::{Key, Keyer, Lookup, Out, Refused, RequestId, Table, TopVia};

const SEEDS: [u64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

fn via(branch: &str) -> TopVia<'_> {
    TopVia {
        host: b"client.example",
        port: Some(5070),
        branch: branch.as_bytes(),
        raw: branch.as_bytes(),
    }
}

/// An INVITE of the dialog `call`, with everything else fixed.
fn invite(via: TopVia<'_>) -> RequestId<'_> {
    RequestId {
        call_id: b"call",
        cseq: 1,
        method: b"INVITE",
        from_tag: b"from",
        to_tag: b"",
        request_uri: b"sip:bob@example.com",
        via,
    }
}

fn key(id: &RequestId<'_>) -> Key {
    Keyer::new(SEEDS).request(id)
}

fn table() -> Table<u32, u32> {
    Table::new(&Limits::default(), 100)
}

#[test]
fn requests_find_their_transaction() {
    let table = table();
    let first = invite(via("z9hG4bKone"));
    let id = table.insert_busy(&key(&first)).expect("new");
    let with = |change: fn(&mut RequestId<'static>)| {
        let mut id = invite(via("z9hG4bKone"));
        change(&mut id);
        key(&id)
    };
    let found = |key: &Key, lookup| table.find(key, lookup) == Some(id);

    assert!(found(&key(&first), Lookup::Same), "a retransmission");
    assert!(
        found(&with(|r| r.via.host = b"CLIENT.example"), Lookup::Same),
        "host names have no case"
    );
    assert!(
        found(&with(|r| r.method = b"ACK"), Lookup::Same),
        "the ACK of a negative reply"
    );
    assert!(
        found(&with(|r| r.request_uri = b"sip:x"), Lookup::Same),
        "the cookie makes the rest moot"
    );
    assert!(
        found(&with(|r| r.method = b"CANCEL"), Lookup::Cancelled),
        "a CANCEL"
    );
    assert!(
        !found(&with(|r| r.method = b"CANCEL"), Lookup::Same),
        "a CANCEL is its own transaction"
    );
    assert!(
        !found(&with(|r| r.via = via("z9hG4bKtwo")), Lookup::Same),
        "another branch"
    );
    assert!(
        !found(&with(|r| r.via = via("z9hG4bKtwo")), Lookup::Cancelled),
        "a guessed CANCEL"
    );
    assert!(
        !found(&with(|r| r.via.port = None), Lookup::Same),
        "another sent-by"
    );
    assert!(
        !found(&with(|r| r.via.host = b"evil"), Lookup::Cancelled),
        "another sent-by"
    );
    assert!(
        !found(&with(|r| r.call_id = b"other"), Lookup::Same),
        "another call"
    );
    assert!(
        !found(&with(|r| r.cseq = 2), Lookup::Same),
        "another request of the call"
    );
    assert!(
        !found(&with(|r| r.method = b"PRACK"), Lookup::Same),
        "another method"
    );
}

#[test]
fn the_ack_of_a_2xx_finds_its_invite_by_the_tags() {
    let (table, keyer) = (table(), Keyer::new(SEEDS));
    let id = table
        .insert_busy(&key(&invite(via("z9hG4bKone"))))
        .expect("new");
    let ack = |from_tag, to_tag| {
        key(&RequestId {
            method: b"ACK",
            from_tag,
            to_tag,
            ..invite(via("z9hG4bKack"))
        })
    };
    let find = |key: &Key| table.find(key, Lookup::AckOfAccepted);
    assert_eq!(find(&ack(b"from", b"to")), None, "no 2xx yet");
    table.note_to_tag(id, keyer.tag(b"to"));
    assert_eq!(find(&ack(b"from", b"to")), Some(id));
    assert_eq!(find(&ack(b"from", b"fork")), None);
    table.note_to_tag(id, keyer.tag(b"fork"));
    assert_eq!(
        find(&ack(b"from", b"to")),
        Some(id),
        "each callee that accepts has its ACK"
    );
    assert_eq!(find(&ack(b"from", b"fork")), Some(id));
    assert_eq!(find(&ack(b"mallory", b"to")), None);
    assert_eq!(find(&ack(b"from", b"")), None);
}

#[test]
fn without_the_cookie_all_that_rfc_2543_compared_counts() {
    for branch in ["", "1", "z9hG4bK"] {
        let table = table();
        let id = table.insert_busy(&key(&invite(via(branch)))).expect("new");
        let same = key(&RequestId {
            method: b"ACK",
            to_tag: b"to",
            ..invite(via(branch))
        });
        assert_eq!(table.find(&same, Lookup::Same), Some(id), "{branch:?}");
        for other in [
            RequestId {
                request_uri: b"sip:x",
                ..invite(via(branch))
            },
            RequestId {
                from_tag: b"x",
                ..invite(via(branch))
            },
            invite(via("other")),
        ] {
            assert_eq!(
                table.find(&key(&other), Lookup::Same),
                None,
                "{branch:?} {other:?}"
            );
        }
    }
}

#[test]
fn a_second_insert_is_a_retransmission() {
    let table = table();
    let key = key(&invite(via("z9hG4bKone")));
    let id = table.insert_busy(&key).expect("new");
    assert_eq!(table.insert_busy(&key), Err(Refused::Exists(id)));
    assert_eq!(table.len(), 1);
}

#[test]
fn local_transactions_match_no_request() {
    let (table, keyer) = (table(), Keyer::new(SEEDS));
    let local = keyer.local(b"call", 1);
    let id = table.insert_busy(&local).expect("new");
    assert!(table.insert_busy(&local).is_ok(), "nor each other");
    for lookup in [Lookup::Same, Lookup::Cancelled, Lookup::AckOfAccepted] {
        assert_eq!(table.find(&key(&invite(via("z9hG4bKone"))), lookup), None);
    }
    assert!(table.put_back(id, 1).is_none());
    assert!(matches!(table.check_out(id, 9), Out::Taken(i, t, 9) if i == id && t == 1));
}

#[test]
fn letters_wait_in_order_and_come_with_the_put_back() {
    let table = table();
    let id = table
        .insert_busy(&key(&invite(via("z9hG4bKone"))))
        .expect("new");
    for letter in 0..3 {
        assert!(matches!(table.check_out(id, letter), Out::Queued(i) if i == id));
    }
    let mut owned = 7;
    for letter in 0..3 {
        let (back, got) = table.put_back(id, owned).expect("a letter");
        assert_eq!(got, letter);
        owned = back;
    }
    assert!(table.put_back(id, owned).is_none());
    assert!(matches!(table.check_out(id, 3), Out::Taken(_, t, 3) if t == 7));
}

#[test]
fn a_parked_transaction_collects_letters_until_resumed() {
    let table = table();
    let id = table
        .insert_busy(&key(&invite(via("z9hG4bKone"))))
        .expect("new");
    assert!(matches!(table.check_out(id, 1), Out::Queued(_)));
    table.park(id, 7);
    assert!(matches!(table.check_out(id, 2), Out::Queued(_)));
    let owned = table.resume(id).expect("parked");
    assert!(table.resume(id).is_none(), "only one resumes");
    let (owned, letter) = table.put_back(id, owned).expect("the older letter");
    assert_eq!(letter, 1);
    let (owned, letter) = table.put_back(id, owned).expect("the younger letter");
    assert_eq!(letter, 2);
    assert!(table.put_back(id, owned).is_none());
}

#[test]
fn removal_gives_unread_letters_back() {
    let table = table();
    let key = key(&invite(via("z9hG4bKone")));
    let id = table.insert_busy(&key).expect("new");
    let _ = table.check_out(id, 5);
    assert_eq!(table.remove(id), [5]);
    assert_eq!((table.len(), table.remove(id)), (0, vec![]));
    assert!(matches!(table.check_out(id, 6), Out::Missing(6)));
    let again = table.insert_busy(&key).expect("new again");
    assert_ne!(
        again, id,
        "an old branch does not reach the new transaction"
    );
}

#[test]
fn every_bound_holds() {
    let limits = Limits {
        max_transactions: 3,
        max_chain: 2,
        max_mail: 1,
        ..Limits::default()
    };
    let table: Table<u32, u32> = Table::new(&limits, 0);
    let insert = |branch: &str, cseq| {
        table.insert_busy(&key(&RequestId {
            cseq,
            ..invite(via(branch))
        }))
    };
    let id = insert("z9hG4bKa", 1).expect("first");
    insert("z9hG4bKb", 1).expect("second");
    assert_eq!(insert("z9hG4bKc", 1), Err(Refused::ChainFull));
    insert("z9hG4bKd", 2).expect("third");
    assert_eq!(insert("z9hG4bKe", 3), Err(Refused::TableFull));
    assert_eq!(
        insert("z9hG4bKa", 1),
        Err(Refused::Exists(id)),
        "a full table still knows its own"
    );
    assert!(matches!(table.check_out(id, 1), Out::Queued(_)));
    assert!(matches!(table.check_out(id, 2), Out::Full(2)));
    table.remove(id);
    assert!(insert("z9hG4bKe", 3).is_ok(), "a place is free again");
}
