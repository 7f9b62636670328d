//! What queries return.

use super::{insert, make, names, registered, select, select_rows, user, write};
use crate::{
    Cell, Direction, Filter, Name, Op, Operation, Outcome, Select, Store, StoreError, Write, name,
    schema, wait,
};

pub(super) fn defaults_fill_a_row(store: &dyn Store) {
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

pub(super) fn values_come_back_as_they_were(store: &dyn Store) {
    make(store, &[&schema::LOCATION]);
    let long = vec![b'x'; 100_000];
    let texts: &[&[u8]] = &[
        b"",
        b"a",
        "ä€😀".as_bytes(),
        b"12",
        b"caf\xe9's \xff\xfe",
        b"nul\0inside",
        &long,
    ];
    for (at, text) in texts.iter().enumerate() {
        let ruid = at as i64;
        let row = vec![
            (name!("ruid"), ruid.into()),
            (name!("contact"), Cell::text(text)),
        ];
        if !takes(store, insert(name!("location"), row), at >= KEPT_BY_ALL) {
            continue;
        }
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
        (name!("cseq"), Cell::Int(i32::MAX.into())),
        (name!("cseq"), Cell::Int(i32::MIN.into())),
        (name!("expires"), Cell::Time(0)),
        (name!("expires"), Cell::Time(1_795_245_513)),
        (name!("expires"), Cell::Time(-1)),
        (name!("path"), Cell::Null),
        (name!("q"), Cell::Real(1e300)),
        (name!("cseq"), Cell::Int(i64::MAX)),
        (name!("cseq"), Cell::Int(i64::MIN)),
        (name!("path"), Cell::Blob(vec![0, 159, 146, 150].into())),
    ];
    for (at, (column, cell)) in values.iter().enumerate() {
        let update = Write::Update {
            table: name!("location"),
            set: vec![(column.clone(), cell.clone())],
            filter: Filter::all().eq(name!("ruid"), "0"),
        };
        if !takes(store, update, at >= VALUES_KEPT_BY_ALL) {
            continue;
        }
        let one = Select::from(name!("location"))
            .columns([column.clone()])
            .filter(Filter::all().eq(column.clone(), cell.clone()));
        let found = select(store, one.limit(1)).rows;
        match cell {
            // A database that knows what its columns hold says so.
            Cell::Blob(bytes) => assert_eq!(
                found.first().and_then(|row| row.first()?.as_bytes()),
                Some(&bytes[..])
            ),
            _ => assert_eq!(found, [[cell.clone()]], "{column}"),
        }
    }
}

/// The texts from here on are more than some databases take: not UTF-8, or longer than the column.
const KEPT_BY_ALL: usize = 4;

/// The values from here on are more than some databases' columns hold.
const VALUES_KEPT_BY_ALL: usize = 7;

/// Makes a change that the database may refuse, saying why; then it is all as before.
fn takes(store: &dyn Store, change: Write, may_be_refused: bool) -> bool {
    match wait(store, change.clone().into()) {
        Ok(outcome) => {
            assert_eq!(outcome.affected(), 1, "{change:?}");
            true
        }
        Err(StoreError::Refused { .. }) if may_be_refused => false,
        Err(error) => panic!("{change:?}: {error}"),
    }
}

pub(super) fn values_are_never_statements(store: &dyn Store) {
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

pub(super) fn conditions_select(store: &dyn Store) {
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

pub(super) fn times_compare_by_the_second(store: &dyn Store) {
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

pub(super) fn rows_are_sorted_and_counted(store: &dyn Store) {
    make(store, &[&schema::SUBSCRIBER]);
    for (username, domain) in [("b", "x"), ("a", "y"), ("B", "w"), ("a", "x")] {
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
        "Bw ay ax bx"
    );
    assert_eq!(
        text(
            by_name()
                .order_by(name!("domain"), Direction::Ascending)
                .limit(3)
        ),
        "Bw ax ay"
    );
    assert_eq!(
        text(all().order_by(name!("id"), Direction::Descending).limit(2)),
        "ax Bw"
    );
    assert_eq!(text(all().limit(0)), "");
}

pub(super) fn a_table_is_read_in_pages(store: &dyn Store) {
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
