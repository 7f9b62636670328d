//! What changes do, and what they leave alone.

use super::{insert, make, names, passwords, select_rows, user, user_row, write};
use crate::{
    Cell, Filter, Operation, Outcome, Select, Store, StoreError, Write, name, schema, wait,
};

pub(super) fn unique_keys_are_kept(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER, &schema::ADDRESS]);
    write(store, user("alice", "x"));
    write(store, user("alice", "y"));
    let twice = wait(store, user("alice", "x").into());
    assert!(
        matches!(twice, Err(StoreError::Constraint { .. })),
        "{twice:?}"
    );
    assert_eq!(names(store, Filter::all()), ["alice", "alice"]);
    for _ in 0..2 {
        write(
            store,
            insert(
                name!("address"),
                vec![(name!("ip_addr"), "192.0.2.1".into())],
            ),
        );
    }
}

pub(super) fn columns_that_need_a_value_get_one(store: &dyn Store) {
    make(store, &[&schema::ADDRESS]);
    let without = [
        vec![],
        vec![(name!("ip_addr"), Cell::Null)],
        vec![(name!("grp"), 1.into())],
    ];
    for row in without {
        let outcome = wait(store, insert(name!("address"), row.clone()).into());
        assert!(
            matches!(outcome, Err(StoreError::Constraint { .. })),
            "{row:?} {outcome:?}"
        );
    }
    write(
        store,
        insert(
            name!("address"),
            vec![(name!("ip_addr"), "192.0.2.1".into())],
        ),
    );
    let set = vec![(name!("ip_addr"), Cell::Null)];
    let emptied = wait(
        store,
        Write::Update {
            table: name!("address"),
            set,
            filter: Filter::all(),
        }
        .into(),
    );
    assert!(
        matches!(emptied, Err(StoreError::Constraint { .. })),
        "{emptied:?}"
    );
}

pub(super) fn replace_takes_the_place_of_rivals(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    for domain in ["x", "y"] {
        write(store, user("alice", domain));
    }
    let row = user_row("alice", "x", "new");
    assert_eq!(
        wait(
            store,
            Write::Replace {
                table: name!("subscriber"),
                row
            }
            .into()
        ),
        Ok(Outcome::Done { affected: 1 })
    );
    assert_eq!(passwords(store), ["new x", "secret y"]);
}

pub(super) fn insert_or_update_knows_its_key(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER, &schema::ADDRESS]);
    for (domain, password) in [("x", "one"), ("y", "two"), ("x", "three")] {
        let key = vec![name!("username"), name!("domain")];
        let row = user_row("alice", domain, password);
        write(
            store,
            Write::InsertOrUpdate {
                table: name!("subscriber"),
                row,
                key,
            },
        );
    }
    assert_eq!(passwords(store), ["three x", "two y"]);
    // No unique index is needed.
    for mask in [24, 28] {
        let row = vec![
            (name!("ip_addr"), "192.0.2.0".into()),
            (name!("mask"), mask.into()),
        ];
        write(
            store,
            Write::InsertOrUpdate {
                table: name!("address"),
                row,
                key: vec![name!("ip_addr")],
            },
        );
    }
    assert_eq!(
        select_rows(
            store,
            Select::from(name!("address")).columns([name!("mask")])
        ),
        [[28.into()]]
    );
}

pub(super) fn updates_and_deletes_count(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    for (username, domain) in [("a", "x"), ("b", "x"), ("c", "y")] {
        write(store, user(username, domain));
    }
    let of = |domain: &str| Filter::all().eq(name!("domain"), domain);
    let update = |filter| Write::Update {
        table: name!("subscriber"),
        set: vec![(name!("ha1"), "h".into())],
        filter,
    };
    let delete = |filter| Write::Delete {
        table: name!("subscriber"),
        filter,
    };
    for (write, affected) in [
        (update(of("x")), 2),
        (update(of("x")), 2),
        (update(of("z")), 0),
        (delete(of("z")), 0),
        (delete(of("x")), 2),
        (update(Filter::all()), 1),
        (delete(Filter::all()), 1),
    ] {
        assert_eq!(
            wait(store, write.clone().into()),
            Ok(Outcome::Done { affected }),
            "{write:?}"
        );
    }
}

pub(super) fn an_update_is_all_or_nothing(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    for domain in ["x", "y", "z"] {
        write(store, user("alice", domain));
    }
    let set = vec![(name!("domain"), "same".into())];
    let clash = wait(
        store,
        Write::Update {
            table: name!("subscriber"),
            set,
            filter: Filter::all(),
        }
        .into(),
    );
    assert!(
        matches!(clash, Err(StoreError::Constraint { .. })),
        "{clash:?}"
    );
    assert_eq!(passwords(store), ["secret x", "secret y", "secret z"]);
}

pub(super) fn a_batch_is_all_or_nothing(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    write(store, user("alice", "x"));
    let gone = Write::Delete {
        table: name!("subscriber"),
        filter: Filter::all(),
    };
    let batch = Operation::Batch(vec![
        gone.clone(),
        user("bob", "x"),
        user("carol", "x"),
        user("bob", "x"),
    ]);
    let refused = wait(store, batch);
    assert!(
        matches!(refused, Err(StoreError::Constraint { .. })),
        "{refused:?}"
    );
    assert_eq!(names(store, Filter::all()), ["alice"]);
    let batch = Operation::Batch(vec![gone, user("bob", "x"), user("carol", "x")]);
    assert_eq!(wait(store, batch), Ok(Outcome::Done { affected: 3 }));
    assert_eq!(names(store, Filter::all()), ["bob", "carol"]);
    assert_eq!(
        wait(store, Operation::Batch(vec![])),
        Ok(Outcome::Done { affected: 0 })
    );
}
