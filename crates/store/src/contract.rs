//! The suite that every engine passes: one function for each promise, each on a database of its own.
//!
//! A test of an engine is one line: `contract::run(&|| Box::new(engine))`. A broken promise panics.

use crate::schema::{self, Table};
use crate::{
    Cell, Direction, Filter, Name, Op, Operation, Outcome, Row, Rows, Select, Store, StoreError,
    Write, name, wait,
};

/// Runs the whole suite; `fresh` makes an empty database each time it is called.
pub fn run(fresh: &dyn Fn() -> Box<dyn Store>) {
    type Promise = fn(&dyn Store);
    let promises: &[Promise] = &[
        tables_are_made_once,
        defaults_fill_a_row,
        values_come_back_as_they_were,
        values_are_never_statements,
        conditions_select,
        times_compare_by_the_second,
        rows_are_sorted_and_counted,
        a_table_is_read_in_pages,
        unique_keys_are_kept,
        columns_that_need_a_value_get_one,
        replace_takes_the_place_of_rivals,
        insert_or_update_knows_its_key,
        updates_and_deletes_count,
        an_update_is_all_or_nothing,
        a_batch_is_all_or_nothing,
        mistakes_are_named,
        raw_statements_run_or_are_unsupported,
    ];
    for promise in promises {
        promise(&*fresh());
    }
}

fn tables_are_made_once(store: &dyn Store) {
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

fn defaults_fill_a_row(store: &dyn Store) {
    make(store, &[&schema::LOCATION]);
    write(
        store,
        insert(name!("location"), vec![(name!("username"), "alice".into())]),
    );
    let row = select(store, Select::from(name!("location")));
    let expected: &[(Name, Cell)] = &[
        (name!("id"), 1.into()),
        (name!("username"), "alice".into()),
        (name!("ruid"), "".into()),
        (name!("domain"), Cell::Null),
        (name!("q"), 1.0.into()),
        (name!("cseq"), 1.into()),
        (name!("expires"), Cell::Time(1_906_234_335)),
        (name!("partition"), 0.into()),
    ];
    for (column, cell) in expected {
        assert_eq!(row.cell(0, column), Some(cell), "{column}");
    }
    assert_eq!(row.columns.len(), 23);
}

fn values_come_back_as_they_were(store: &dyn Store) {
    make(store, &[&schema::LOCATION]);
    let long = vec![b'x'; 100_000];
    let texts: &[&[u8]] = &[
        b"",
        b"a",
        "ä€😀".as_bytes(),
        b"caf\xe9's \xff\xfe",
        b"nul\0inside",
        b"12",
        &long,
    ];
    for (at, text) in texts.iter().enumerate() {
        let ruid = at as i64;
        let row = vec![
            (name!("ruid"), ruid.into()),
            (name!("contact"), Cell::text(text)),
        ];
        write(store, insert(name!("location"), row));
        let by_text = Filter::all().eq(name!("contact"), Cell::text(text));
        let found = select(
            store,
            Select::from(name!("location"))
                .columns([name!("contact"), name!("ruid")])
                .filter(by_text),
        );
        assert_eq!(
            found.rows,
            [[Cell::text(text), ruid.to_string().into()]],
            "{text:?}"
        );
    }
    let values: &[(Name, Cell)] = &[
        (name!("q"), Cell::Real(-0.25)),
        (name!("q"), Cell::Real(1e300)),
        (name!("cseq"), Cell::Int(i64::MAX)),
        (name!("cseq"), Cell::Int(i64::MIN)),
        (name!("expires"), Cell::Time(0)),
        (name!("expires"), Cell::Time(1_795_245_513)),
        (name!("expires"), Cell::Time(-1)),
        (name!("path"), Cell::Null),
        (name!("path"), Cell::Blob(vec![0, 159, 146, 150].into())),
    ];
    for (column, cell) in values {
        let set = vec![(column.clone(), cell.clone())];
        write(
            store,
            Write::Update {
                table: name!("location"),
                set,
                filter: Filter::all().eq(name!("ruid"), "0"),
            },
        );
        let one = Select::from(name!("location"))
            .columns([column.clone()])
            .filter(Filter::all().eq(column.clone(), cell.clone()));
        assert_eq!(
            select(store, one.limit(1)).rows,
            [[cell.clone()]],
            "{column}"
        );
    }
}

fn values_are_never_statements(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    let attacks = [
        "x'/**/OR/**/1=1--",
        "x\\' OR 1=1--",
        "'; DROP TABLE subscriber; --",
        "\" OR \"\"=\"",
        "` OR 1",
    ];
    write(store, user("alice", "a.test"));
    for attack in attacks {
        assert!(
            names(store, Filter::all().eq(name!("username"), attack)).is_empty(),
            "{attack}"
        );
        write(store, user(attack, "x.test"));
        assert_eq!(
            names(store, Filter::all().eq(name!("username"), attack)),
            [attack]
        );
    }
    assert_eq!(names(store, Filter::all()).len(), attacks.len() + 1);
}

fn conditions_select(store: &dyn Store) {
    make(store, &[&schema::LOCATION]);
    for (name, cseq, domain) in [
        ("a", 1, None),
        ("b", 2, Some("x")),
        ("c", 3, Some("y")),
        ("d", 6, Some("x")),
    ] {
        let row = vec![
            (name!("ruid"), name.into()),
            (name!("username"), name.into()),
            (name!("cseq"), cseq.into()),
            (name!("domain"), domain.into()),
        ];
        write(store, insert(name!("location"), row));
    }
    let expected: &[(Name, Op, Cell, &str)] = &[
        (name!("cseq"), Op::Eq, 2.into(), "b"),
        (name!("cseq"), Op::Ne, 2.into(), "acd"),
        (name!("cseq"), Op::Lt, 2.into(), "a"),
        (name!("cseq"), Op::Le, 2.into(), "ab"),
        (name!("cseq"), Op::Gt, 2.into(), "cd"),
        (name!("cseq"), Op::Ge, 2.into(), "bcd"),
        (name!("cseq"), Op::Eq, "3".into(), "c"),
        (name!("cseq"), Op::HasBits, 2.into(), "bcd"),
        (name!("cseq"), Op::HasBits, 4.into(), "d"),
        (name!("domain"), Op::Eq, "x".into(), "bd"),
        (name!("domain"), Op::Eq, "X".into(), ""),
        (name!("domain"), Op::Ne, "x".into(), "c"),
        (name!("domain"), Op::Lt, "y".into(), "bd"),
        (name!("domain"), Op::Eq, Cell::Null, "a"),
        (name!("domain"), Op::Ne, Cell::Null, "bcd"),
        (name!("domain"), Op::Gt, Cell::Null, ""),
        (name!("id"), Op::Gt, 2.into(), "cd"),
        (name!("id"), Op::Eq, 2.into(), "b"),
        (name!("ruid"), Op::Eq, "d".into(), "d"),
    ];
    for (column, op, value, names) in expected {
        let filter = Filter::all().and(column.clone(), *op, value.clone());
        assert_eq!(
            registered(store, filter),
            *names,
            "{column} {op:?} {value:?}"
        );
    }
    let both = Filter::all()
        .eq(name!("domain"), "x")
        .and(name!("cseq"), Op::Gt, 2);
    assert_eq!(registered(store, both), "d");
}

fn times_compare_by_the_second(store: &dyn Store) {
    make(store, &[&schema::LOCATION]);
    for (name, expires) in [
        ("a", 1_795_245_512),
        ("b", 1_795_245_513),
        ("c", 1_795_245_514),
    ] {
        let row = vec![
            (name!("ruid"), name.into()),
            (name!("username"), name.into()),
            (name!("expires"), Cell::Time(expires)),
        ];
        write(store, insert(name!("location"), row));
    }
    let expected = [
        (Op::Eq, "b"),
        (Op::Ne, "ac"),
        (Op::Lt, "a"),
        (Op::Le, "ab"),
        (Op::Gt, "c"),
        (Op::Ge, "bc"),
        (Op::HasBits, ""),
    ];
    for (op, names) in expected {
        let filter = Filter::all().and(name!("expires"), op, Cell::Time(1_795_245_513));
        assert_eq!(registered(store, filter), names, "{op:?}");
    }
}

fn rows_are_sorted_and_counted(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    for (username, domain) in [("b", "x"), ("a", "y"), ("B", "x"), ("a", "x")] {
        write(store, user(username, domain));
    }
    let all = || Select::from(name!("subscriber")).columns([name!("username"), name!("domain")]);
    let text = |select: Select| -> String {
        let rows = select_rows(store, select);
        rows.iter()
            .map(|row| row.iter().filter_map(Cell::as_str).collect::<String>())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let by_name = || all().order_by(name!("username"), Direction::Ascending);
    assert_eq!(
        text(by_name().order_by(name!("domain"), Direction::Descending)),
        "Bx ay ax bx"
    );
    assert_eq!(
        text(
            by_name()
                .order_by(name!("domain"), Direction::Ascending)
                .limit(3)
        ),
        "Bx ax ay"
    );
    assert_eq!(
        text(all().order_by(name!("id"), Direction::Descending).limit(2)),
        "ax Bx"
    );
    assert_eq!(text(all().limit(0)), "");
}

fn a_table_is_read_in_pages(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    let users = (0..25).map(|at| user(&format!("u{at}"), "x")).collect();
    assert_eq!(
        wait(store, Operation::Batch(users)),
        Ok(Outcome::Done { affected: 25 })
    );
    let (mut last, mut seen) = (0, 0);
    loop {
        let page = Select::from(name!("subscriber"))
            .columns([name!("id")])
            .filter(Filter::all().and(name!("id"), Op::Gt, last))
            .order_by(name!("id"), Direction::Ascending)
            .limit(10);
        let rows = select_rows(store, page);
        let Some(id) = rows
            .last()
            .and_then(|row| row.first())
            .and_then(Cell::as_int)
        else {
            break;
        };
        (last, seen) = (id, seen + rows.len());
    }
    assert_eq!(seen, 25);
}

fn unique_keys_are_kept(store: &dyn Store) {
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

fn columns_that_need_a_value_get_one(store: &dyn Store) {
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

fn replace_takes_the_place_of_rivals(store: &dyn Store) {
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

fn insert_or_update_knows_its_key(store: &dyn Store) {
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

fn updates_and_deletes_count(store: &dyn Store) {
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

fn an_update_is_all_or_nothing(store: &dyn Store) {
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

fn a_batch_is_all_or_nothing(store: &dyn Store) {
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

fn mistakes_are_named(store: &dyn Store) {
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

fn raw_statements_run_or_are_unsupported(store: &dyn Store) {
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
        write(
            store,
            Write::Update {
                table: name!("subscriber"),
                set,
                filter: Filter::all(),
            },
        );
        let rows = count(&format!("password = {}", store.quote(text))).expect("quoted");
        assert_eq!(rows.rows, [[1.into()]], "{text:?}");
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

fn make(store: &dyn Store, tables: &[&'static Table]) {
    wait(store, Operation::CreateTables(tables.to_vec())).expect("tables are made");
}

/// Makes a change that must touch exactly one row.
fn write(store: &dyn Store, write: Write) {
    assert_eq!(
        wait(store, write.clone().into()),
        Ok(Outcome::Done { affected: 1 }),
        "{write:?}"
    );
}

fn insert(table: Name, row: Row) -> Write {
    Write::Insert { table, row }
}

fn user(username: &str, domain: &str) -> Write {
    insert(name!("subscriber"), user_row(username, domain, "secret"))
}

fn user_row(username: &str, domain: &str, password: &str) -> Row {
    vec![
        (name!("username"), username.into()),
        (name!("domain"), domain.into()),
        (name!("password"), password.into()),
    ]
}

fn select(store: &dyn Store, select: Select) -> Rows {
    wait(store, select.into()).expect("a query").into_rows()
}

fn select_rows(store: &dyn Store, query: Select) -> Vec<Vec<Cell>> {
    select(store, query).rows
}

fn names(store: &dyn Store, filter: Filter) -> Vec<String> {
    texts(
        store,
        Select::from(name!("subscriber"))
            .columns([name!("username")])
            .filter(filter),
    )
}

fn passwords(store: &dyn Store) -> Vec<String> {
    let columns = [name!("password"), name!("domain")];
    texts(
        store,
        Select::from(name!("subscriber"))
            .columns(columns)
            .order_by(name!("domain"), Direction::Ascending),
    )
}

/// The names registered, joined.
fn registered(store: &dyn Store, filter: Filter) -> String {
    let names = Select::from(name!("location"))
        .columns([name!("username")])
        .filter(filter);
    texts(
        store,
        names.order_by(name!("username"), Direction::Ascending),
    )
    .concat()
}

fn texts(store: &dyn Store, query: Select) -> Vec<String> {
    let text = |row: &Vec<Cell>| {
        row.iter()
            .filter_map(Cell::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    };
    select_rows(store, query).iter().map(text).collect()
}
