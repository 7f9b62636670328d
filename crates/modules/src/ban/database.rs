//! The list in a database: read at the start, written a batch each second.
//!
//! Unvalidated bans are not written: they are over before a restart is.

use policy::{
    Ban, BanChange, BanTimes, Bans, BansLink, Level, Listed, Logger, Proof, Source, StartDone,
    parse_place, place,
};
use std::sync::Arc;
use store::{
    Cell, Filter, Name, Op, Operation, Outcome, Row, Rows, Select, Store, StoreError, Write,
};
use store::{name, schema};

/// The database, where one is named.
#[derive(Clone)]
pub(super) struct Keep {
    store: Arc<dyn Store>,
    logger: Logger,
}

impl Keep {
    pub(super) fn new(store: Arc<dyn Store>, logger: Logger) -> Keep {
        Keep { store, logger }
    }

    /// Reads the list, after making its table where that is missing.
    pub(super) fn read(self, bans: BansLink, done: StartDone) {
        let make = Operation::CreateTables(vec![&schema::BAN]);
        let store = self.store.clone();
        let made = move |result: Result<Outcome, StoreError>| match result {
            Ok(_) => self.select(bans, done),
            Err(error) => done(Err(format!("ban: {error}"))),
        };
        store.submit(make, Box::new(made));
    }

    fn select(self, bans: BansLink, done: StartDone) {
        let store = self.store.clone();
        let take = move |result: Result<Outcome, StoreError>| match result {
            Ok(outcome) => {
                self.take(super::list(&bans), &outcome.into_rows());
                done(Ok(()));
            }
            Err(error) => done(Err(format!("ban: {error}"))),
        };
        store.submit(Select::from(TABLE).into(), Box::new(take));
    }

    fn take(&self, bans: &Bans, rows: &Rows) {
        let (mut banned, mut never) = (Vec::new(), Vec::new());
        for row in 0..rows.len() {
            match entry(rows, row) {
                Some(Entry::Banned(listed)) => banned.push(listed),
                Some(Entry::Never(source)) => never.push(source),
                None => self.logger.log(Level::Err, "ban", || {
                    format!("row {} of table ban cannot be read", row + 1)
                }),
            }
        }
        if !bans.restore(banned.into_iter(), never.into_iter(), 0) {
            self.logger.log(Level::Err, "ban", || {
                "table ban has more rows than the list has room".to_owned()
            });
        }
    }

    /// Writes what has changed.
    pub(super) fn save(&self, changes: Vec<BanChange>) {
        if !changes.is_empty() {
            self.write(changes.into_iter().map(write_of).collect());
        }
    }

    /// Writes everything that has changed, then calls `done`.
    pub(super) fn save_all(&self, bans: &Bans, done: StartDone) {
        loop {
            let changes = std::iter::from_fn(|| bans.take_change());
            let changes: Vec<BanChange> = changes.take(super::BATCH).collect();
            if changes.is_empty() {
                break;
            }
            self.save(changes);
        }
        let nothing = Operation::Batch(Vec::new());
        self.store.submit(nothing, Box::new(move |_| done(Ok(()))));
    }

    /// Deletes rows of bans that ended long enough ago.
    pub(super) fn purge(&self, times: &BanTimes, now_ms: u64) {
        let before_s = (now_ms / 1000).saturating_sub(times.remember_s);
        let before = Cell::Time(i64::try_from(before_s).unwrap_or(i64::MAX));
        let filter = Filter::all().and(UNTIL, Op::Lt, before);
        self.write(vec![Write::Delete {
            table: TABLE,
            filter,
        }]);
    }

    fn write(&self, writes: Vec<Write>) {
        let logger = self.logger.clone();
        let heard = move |result: Result<Outcome, StoreError>| {
            if let Err(error) = result {
                logger.log(Level::Err, "ban", || {
                    format!("failed to write table ban: {error}")
                });
            }
        };
        self.store.submit(Operation::Batch(writes), Box::new(heard));
    }
}

const TABLE: Name = name!("ban");
const SOURCE: Name = name!("source");
const NEVER: Name = name!("never");
const REASON: Name = name!("reason");
const SINCE: Name = name!("since");
const UNTIL: Name = name!("until");
const STRIKES: Name = name!("strikes");
const PROOF: Name = name!("proof");
/// What stands in the column `proof`.
const VALIDATED: i64 = 1;
const OPERATOR: i64 = 2;

fn write_of(change: BanChange) -> Write {
    let row = match change {
        BanChange::Remove(source, port) => {
            return Write::Delete {
                table: TABLE,
                filter: Filter::all().eq(SOURCE, Cell::text(place(source, port))),
            };
        }
        BanChange::Never(source) => vec![
            (SOURCE, Cell::text(source.to_string())),
            (NEVER, Cell::Int(1)),
        ],
        BanChange::Put(listed) => row_of(&listed),
    };
    Write::InsertOrUpdate {
        table: TABLE,
        row,
        key: vec![SOURCE],
    }
}

fn row_of(listed: &Listed) -> Row {
    let ban = &listed.ban;
    let time = |ms: u64| Cell::Time(i64::try_from(ms / 1000).unwrap_or(i64::MAX));
    let until = match ban.until_ms {
        u64::MAX => Cell::Null,
        until_ms => time(until_ms),
    };
    let proof = match ban.proof {
        Proof::Operator => OPERATOR,
        Proof::Unvalidated | Proof::Validated => VALIDATED,
    };
    vec![
        (SOURCE, Cell::text(listed.place())),
        (NEVER, Cell::Int(0)),
        (REASON, Cell::text(&*ban.reason)),
        (SINCE, time(ban.since_ms)),
        (UNTIL, until),
        (STRIKES, Cell::Int(ban.strikes.into())),
        (PROOF, Cell::Int(proof)),
    ]
}

/// What a row says.
enum Entry {
    Banned(Listed),
    /// It is never banned.
    Never(Source),
}

fn entry(rows: &Rows, row: usize) -> Option<Entry> {
    let cell = |column: Name| rows.cell(row, &column).filter(|cell| !cell.is_null());
    let number = |column| cell(column).and_then(Cell::as_int).unwrap_or(0);
    let ms = |seconds| u64::try_from(seconds).unwrap_or(0).saturating_mul(1000);
    let (source, port) = parse_place(cell(SOURCE)?.as_str()?).ok()?;
    if number(NEVER) != 0 {
        return Some(Entry::Never(source));
    }
    let ban = Ban {
        reason: cell(REASON)
            .and_then(Cell::as_str)
            .unwrap_or_default()
            .into(),
        since_ms: ms(number(SINCE)),
        until_ms: cell(UNTIL).map_or(u64::MAX, |cell| ms(cell.as_int().unwrap_or(0))),
        strikes: u32::try_from(number(STRIKES)).unwrap_or(u32::MAX),
        proof: match number(PROOF) {
            OPERATOR => Proof::Operator,
            _ => Proof::Validated,
        },
    };
    Some(Entry::Banned(Listed { source, port, ban }))
}
