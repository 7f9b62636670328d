//! Tables, mistakes and raw statements.

use super::{insert, make, names, user, write};
use crate::{
    Cell, Direction, Filter, Operation, Outcome, Select, Store, StoreError, Write, name, schema,
    wait,
};

pub(super) fn tables_are_made_once(store: &dyn Store) {
    let version = |table| wait(store, Operation::TableVersion { table });
    assert!(matches!(
        version(name!("location")),
        Err(StoreError::NoTable { .. })
    ));
    let wanted = || Operation::CreateTables(vec![&schema::LOCATION, &schema::SUBSCRIBER]);
    assert_eq!(
        wait(store, wanted()),
        Ok(Outcome::Done { affected: 3 }),
        "with the table of versions"
    );
    assert_eq!(wait(store, wanted()), Ok(Outcome::Done { affected: 0 }));
    assert_eq!(version(name!("location")), Ok(Outcome::Version(Some(9))));
    assert_eq!(version(name!("version")), Ok(Outcome::Version(Some(1))));
    assert_eq!(version(name!("nosuch")), Ok(Outcome::Version(None)));
    make(store, schema::STANDARD);
}

pub(super) fn mistakes_are_named(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    let row = |column| vec![(column, 1.into())];
    let no_table: Vec<Operation> = vec![
        Select::from(name!("nosuch")).into(),
        insert(name!("nosuch"), row(name!("a"))).into(),
        Write::Delete {
            table: name!("nosuch"),
            filter: Filter::all(),
        }
        .into(),
        Operation::Batch(vec![
            user("alice", "x"),
            insert(name!("nosuch"), row(name!("a"))),
        ]),
    ];
    for operation in no_table {
        match wait(store, operation.clone()) {
            Err(StoreError::NoTable { table, .. }) => assert_eq!(table, "nosuch"),
            other => panic!("{operation:?}: {other:?}"),
        }
    }
    let no_column: Vec<Operation> = vec![
        Select::from(name!("subscriber"))
            .columns([name!("nosuch")])
            .into(),
        Select::from(name!("subscriber"))
            .filter(Filter::all().eq(name!("nosuch"), 1))
            .into(),
        Select::from(name!("subscriber"))
            .order_by(name!("nosuch"), Direction::Ascending)
            .into(),
        insert(name!("subscriber"), row(name!("nosuch"))).into(),
        Write::Update {
            table: name!("subscriber"),
            set: row(name!("nosuch")),
            filter: Filter::all(),
        }
        .into(),
    ];
    for operation in no_column {
        match wait(store, operation.clone()) {
            Err(StoreError::NoColumn { column, .. }) => {
                assert!(column.contains("nosuch"), "{column}")
            }
            other => panic!("{operation:?}: {other:?}"),
        }
    }
    let too_large = wait(store, user(&"x".repeat(2 << 20), "x").into());
    assert!(
        matches!(too_large, Err(StoreError::TooLarge { .. })),
        "{too_large:?}"
    );
    assert!(names(store, Filter::all()).is_empty());
}

pub(super) fn raw_statements_run_or_are_unsupported(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    write(store, user("alice", "x"));
    if store.kind() == "memory" {
        let refused = wait(store, Operation::raw("select 1"));
        assert!(
            matches!(refused, Err(StoreError::Unsupported { .. })),
            "{refused:?}"
        );
        return;
    }
    let raw = |sql: String| wait(store, Operation::raw(sql));
    let count = |condition: &str| {
        raw(format!("select count(*) from subscriber where {condition}")).map(Outcome::into_rows)
    };
    for hostile in [
        "alice' or '1'='1",
        "\\' or 1=1 --",
        "' union select password from subscriber --",
        "ä",
        "%'",
    ] {
        let rows =
            count(&format!("username = {}", store.quote(hostile.as_bytes()))).expect(hostile);
        assert_eq!(rows.rows, [[0.into()]], "{hostile}");
    }
    for text in [&b"caf\xe9's"[..], b"a\0b", b"", "\\".as_bytes(), b"''"] {
        let set = vec![(name!("password"), Cell::text(text))];
        let update = Write::Update {
            table: name!("subscriber"),
            set,
            filter: Filter::all(),
        };
        if matches!(wait(store, update.into()), Err(StoreError::Refused { .. })) {
            // Then it is no text of this database: a statement is refused too, or finds nothing.
            match count(&format!("password = {}", store.quote(text))) {
                Err(StoreError::Refused { .. }) => {}
                found => assert_eq!(found.expect("a count").rows, [[0.into()]]),
            }
            continue;
        }
        let rows = count(&format!("password = {}", store.quote(text))).expect("quoted");
        assert_eq!(rows.rows, [[1.into()]], "{text:?}");
    }
    for text in [
        "it's",
        "a\\",
        "\\'",
        "say \"x\"",
        "two\r\nlines",
        "%_;--",
        "\u{2019}",
    ] {
        let back = raw(format!("select {}", store.quote(text.as_bytes())));
        let back = back.map(Outcome::into_rows).expect(text);
        assert_eq!(back.rows, [[Cell::text(text)]], "{text}");
    }
    assert_eq!(
        raw("update subscriber set ha1 = 'h'".into()),
        Ok(Outcome::Done { affected: 1 })
    );
    assert!(matches!(
        raw("selec 1".into()),
        Err(StoreError::Syntax { .. })
    ));
    assert!(matches!(
        raw("select * from nosuch".into()),
        Err(StoreError::NoTable { .. })
    ));
    let two = raw("delete from subscriber; delete from version".into());
    assert!(matches!(two, Err(StoreError::Syntax { .. })), "{two:?}");
    assert_eq!(names(store, Filter::all()), ["alice"]);
}
