//! The engine in memory and SQLite give the same answers, whatever is asked of them.

use proptest::collection::vec;
use proptest::prelude::*;
use store::{
    Cell, Direction, Filter, Limits, Memory, Name, Op, Operation, Outcome, Row, Select, Store,
    StoreError, Write, name, schema, wait,
};
use store_sqlite::{Options, SqliteStore};

/// Columns of `location` of each kind, nullable and not, with a unique key among them.
fn column() -> impl Strategy<Value = Name> {
    prop_oneof![
        Just(name!("ruid")),
        Just(name!("username")),
        Just(name!("domain")),
        Just(name!("cseq")),
        Just(name!("methods")),
        Just(name!("q")),
        Just(name!("expires")),
    ]
}

/// Few values, so that they meet; times where the column holds times.
fn cell(column: &Name) -> BoxedStrategy<Cell> {
    if column.as_str() == "expires" {
        return prop_oneof![
            Just(Cell::Null),
            (0..4_i64).prop_map(|at| Cell::Time(1_795_245_513 + at))
        ]
        .boxed();
    }
    prop_oneof![
        Just(Cell::Null),
        (-1..3_i64).prop_map(Cell::Int),
        Just(Cell::Real(0.5)),
        Just(Cell::Real(2.0)),
        prop_oneof![Just(""), Just("a"), Just("b"), Just("1"), Just("'")].prop_map(Cell::from),
        Just(Cell::text(b"\xff\0")),
    ]
    .boxed()
}

fn given() -> impl Strategy<Value = (Name, Cell)> {
    column().prop_flat_map(|column| (Just(column.clone()), cell(&column)))
}

fn row() -> impl Strategy<Value = Row> {
    vec(given(), 0..5).prop_map(|mut row| {
        row.sort_by(|(one, _), (other, _)| one.cmp(other));
        row.dedup_by(|(one, _), (other, _)| one == other);
        row
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let op = prop_oneof![
        4 => Just(Op::Eq), 1 => Just(Op::Ne), 1 => Just(Op::Lt), 1 => Just(Op::Le), 1 => Just(Op::Gt), 1 => Just(Op::Ge)
    ];
    let condition = (given(), op);
    vec(condition, 0..3).prop_map(|conditions| {
        conditions
            .into_iter()
            .fold(Filter::all(), |filter, ((column, cell), op)| {
                filter.and(column, op, cell)
            })
    })
}

fn write() -> impl Strategy<Value = Write> {
    let table = || name!("location");
    prop_oneof![
        4 => row().prop_map(move |row| Write::Insert { table: table(), row }),
        2 => row().prop_map(move |mut row| {
            // The one difference that the contract allows.
            row.retain(|(column, cell)| !cell.is_null() || ["domain", "methods"].contains(&column.as_str()));
            Write::Replace { table: table(), row }
        }),
        3 => (row(), column()).prop_map(move |(row, column)| Write::InsertOrUpdate { table: table(), row, key: vec![column] }),
        2 => (row(), filter()).prop_map(move |(set, filter)| Write::Update { table: table(), set, filter }),
        1 => filter().prop_map(move |filter| Write::Delete { table: table(), filter }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let select = (
        filter(),
        column(),
        any::<bool>(),
        prop::option::of(0..4_u32),
    );
    prop_oneof![
        4 => write().prop_map(Operation::Write),
        1 => vec(write(), 0..4).prop_map(Operation::Batch),
        2 => select.prop_map(|(filter, column, up, limit)| {
            let direction = if up { Direction::Ascending } else { Direction::Descending };
            let select = Select::from(name!("location")).filter(filter).order_by(column, direction);
            Operation::Select(Select { limit, ..select.order_by(name!("id"), Direction::Ascending) })
        }),
    ]
}

/// An outcome without the words in which an engine refuses.
fn essence(result: Result<Outcome, StoreError>) -> String {
    match result {
        Ok(outcome) => format!("{outcome:?}"),
        Err(StoreError::Constraint { .. }) => "constraint".to_owned(),
        Err(error) => error.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_agree(operations in vec(operation(), 1..40)) {
        let directory = tempfile::tempdir().expect("a directory");
        let sqlite = SqliteStore::open(directory.path().join("k.db"), Options::default()).expect("a database");
        let memory = Memory::new(Limits::default());
        let run = |store: &dyn Store, operation: &Operation| essence(wait(store, operation.clone()));
        let create = Operation::CreateTables(vec![&schema::LOCATION]);
        let all = Operation::Select(Select::from(name!("location")).order_by(name!("id"), Direction::Ascending));
        for operation in std::iter::once(&create).chain(&operations).chain([&all]) {
            prop_assert_eq!(run(&memory, operation), run(&sqlite, operation), "{:?}", operation);
        }
    }
}
