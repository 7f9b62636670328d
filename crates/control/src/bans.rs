//! Bans in the table `ban`, where no server runs that keeps them.

use crate::accounts::run;
use policy::Source;
use store::{Cell, Filter, Name, Op, Operation, Select, Store, Write, schema};

/// Bans a source until a time in Unix seconds, or for ever.
///
/// # Errors
/// A sentence, where the database refuses, or where the source is never to be banned.
pub fn add(
    store: &dyn Store,
    source: Source,
    (now_s, until_s): (i64, Option<i64>),
    reason: &str,
) -> Result<(), String> {
    if never(store)?.contains(&source.to_string()) {
        return Err(format!("{source} is never banned"));
    }
    let more = vec![
        (NEVER, Cell::Int(0)),
        (REASON, Cell::text(reason)),
        (SINCE, Cell::Time(now_s)),
        (UNTIL, until_s.map_or(Cell::Null, Cell::Time)),
        (PROOF, Cell::Int(OPERATOR)),
    ];
    put(store, source, more)
}

/// Never bans what is in this network.
///
/// # Errors
/// A sentence, where the database refuses.
pub fn add_never(store: &dyn Store, source: Source) -> Result<(), String> {
    put(store, source, vec![(NEVER, Cell::Int(1))])
}

/// Takes a ban out of the table, and those of its ports, or with `never` a network that is never banned.
///
/// # Errors
/// A sentence, where it is not there, or where the database refuses.
pub fn remove(store: &dyn Store, source: Source, never: bool) -> Result<(), String> {
    let source = source.to_string();
    let ports = format!("{source} port ");
    let mut rows = places(store, never)?;
    rows.retain(|place| *place == source || place.starts_with(&ports));
    if rows.is_empty() {
        return Err(format!("{source} is not in the list"));
    }
    let delete = |place: String| Write::Delete {
        table: schema::BAN.name.clone(),
        filter: of_kind(never).eq(SOURCE, Cell::text(place)),
    };
    let deletes = rows.into_iter().map(delete).collect();
    run(store, Operation::Batch(deletes)).map(drop)
}

/// The bans that hold at a time in Unix seconds, a line each.
///
/// # Errors
/// A sentence, where the database refuses.
pub fn list(store: &dyn Store, now_s: i64) -> Result<Vec<String>, String> {
    let columns = [SOURCE, REASON, UNTIL];
    let select = Select::from(schema::BAN.name.clone()).columns(columns);
    let rows = run(store, select.filter(of_kind(false)).into())?.into_rows();
    let line = |row| {
        let source = rows.cell(row, &SOURCE).and_then(Cell::as_str)?;
        let reason = rows.cell(row, &REASON).and_then(Cell::as_str)?;
        let until_s = rows.cell(row, &UNTIL).and_then(Cell::as_int);
        let left_s = until_s.map(|until_s| until_s - now_s);
        let holds = left_s.is_none_or(|left_s| left_s > 0);
        holds.then(|| shown(source, None, left_s, reason))
    };
    Ok((0..rows.len()).filter_map(line).collect())
}

/// What is never banned.
///
/// # Errors
/// A sentence, where the database refuses.
pub fn never(store: &dyn Store) -> Result<Vec<String>, String> {
    places(store, true)
}

fn places(store: &dyn Store, never: bool) -> Result<Vec<String>, String> {
    let select = Select::from(schema::BAN.name.clone()).columns([SOURCE]);
    let rows = run(store, select.filter(of_kind(never)).into())?.into_rows();
    let source = |row| {
        rows.cell(row, &SOURCE)
            .and_then(Cell::as_str)
            .map(str::to_owned)
    };
    Ok((0..rows.len()).filter_map(source).collect())
}

/// A ban in a line.
#[must_use]
pub fn shown(source: &str, port: Option<u64>, left_s: Option<i64>, reason: &str) -> String {
    let port = port.map_or_else(String::new, |port| format!(" port {port}"));
    let left = left_s.map_or_else(|| "for ever".to_owned(), |left_s| format!("{left_s} s"));
    let reason = reason.escape_debug();
    format!("{source}{port}  {left}  {reason}")
}

const SOURCE: Name = Name::fixed("source");
const NEVER: Name = Name::fixed("never");
const REASON: Name = Name::fixed("reason");
const SINCE: Name = Name::fixed("since");
const UNTIL: Name = Name::fixed("until");
const PROOF: Name = Name::fixed("proof");
/// What stands in the column `proof` of a ban that an operator wrote.
const OPERATOR: i64 = 2;

fn of_kind(never: bool) -> Filter {
    Filter::all().and(NEVER, Op::Eq, Cell::Int(never.into()))
}

fn put(store: &dyn Store, source: Source, more: Vec<(Name, Cell)>) -> Result<(), String> {
    let mut row = vec![(SOURCE, Cell::text(source.to_string()))];
    row.extend(more);
    let write = Write::InsertOrUpdate {
        table: schema::BAN.name.clone(),
        row,
        key: vec![SOURCE],
    };
    run(store, write.into()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Memory;

    #[test]
    fn bans_come_go_and_end() {
        let store = Memory::standard();
        let source = |text| Source::parse(text).expect("a source");
        let lists = || (list(&store, 100), never(&store));
        add(&store, source("192.0.2.7/24"), (50, Some(130)), "a\nb").expect("a ban");
        add(&store, source("2001:db8::1"), (50, Some(90)), "over").expect("a ban");
        add_never(&store, source("10.0.0.0/8")).expect("room");
        let shown = vec!["192.0.2.0/24  30 s  a\\nb".to_owned()];
        assert_eq!(lists(), (Ok(shown), Ok(vec!["10.0.0.0/8".to_owned()])));
        assert!(add(&store, source("10.0.0.0/8"), (50, None), "x").is_err());
        assert!(remove(&store, source("10.0.0.0/8"), false).is_err());
        assert_eq!(remove(&store, source("10.0.0.0/8"), true), Ok(()));
        assert_eq!(remove(&store, source("192.0.2.0/24"), false), Ok(()));
        let port = vec![
            (SOURCE, Cell::text("192.0.2.1 port 7000")),
            (REASON, Cell::text("x")),
        ];
        let insert = Write::Insert {
            table: schema::BAN.name.clone(),
            row: port,
        };
        run(&store, insert.into()).expect("a row");
        assert_eq!(
            list(&store, 100),
            Ok(vec!["192.0.2.1 port 7000  for ever  x".to_owned()])
        );
        assert_eq!(remove(&store, source("192.0.2.1"), false), Ok(()));
        assert_eq!(lists(), (Ok(vec![]), Ok(vec![])));
    }
}
