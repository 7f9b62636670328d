//! The storage `db`: the tables `topos_d` and `topos_t` of Kamailio, in any database.

use bytes::Bytes;
use policy::{
    Answer, DialogQuery, DialogWay, Effect, HiddenBranch, HiddenDialog, HiddenEnd, Level,
    Lifetimes, Logger, ReadStored, Stored, TopologyStorage, TopologyWrite,
};
use std::sync::Arc;
use store::schema::{TOPOS_D, TOPOS_T, Table};
use store::{Cell, Filter, Name, Op, Operation, Outcome, Row, Rows, Select, Store, Write};

/// Rows of one uuid that are read: as many callees as one request can have, and more.
const MOST_FORKS: u32 = 128;

/// Dialogs and branches in a database.
pub(super) struct Database {
    store: Arc<dyn Store>,
    logger: Logger,
}

impl Database {
    pub(super) fn new(store: Arc<dyn Store>, logger: Logger) -> Database {
        Database { store, logger }
    }

    fn ask<T: 'static>(
        &self,
        operation: impl Into<Operation>,
        read: impl FnOnce(Outcome) -> T + Send + 'static,
    ) -> Stored<T> {
        Stored::Ask(
            Effect::store(self.store.clone(), operation),
            read_with(read),
        )
    }

    fn submit(&self, operation: Operation) {
        let logger = self.logger.clone();
        let heard = move |result: Result<Outcome, store::StoreError>| {
            if let Err(error) = result {
                logger.log(Level::Err, "topos", || format!("cannot write: {error}"));
            }
        };
        self.store.submit(operation, Box::new(heard));
    }
}

fn read_with<T: 'static>(read: impl FnOnce(Outcome) -> T + Send + 'static) -> ReadStored<T> {
    Box::new(move |answer| match answer {
        Answer::Store(Ok(outcome)) => Ok(read(outcome)),
        Answer::Store(Err(error)) => Err(error.to_string()),
        _ => Err("the database did not answer in time".to_owned()),
    })
}

impl TopologyStorage for Database {
    fn dialogs(&self, query: &DialogQuery) -> Stored<Vec<HiddenDialog>> {
        let mut uuid = vec![b'a'];
        uuid.extend_from_slice(&query.uuid);
        let filter = Filter::all().eq(name("a_uuid"), Cell::Text(uuid.into()));
        let select = Select::from(TOPOS_D.name.clone())
            .columns(DIALOG.map(name))
            .filter(filter)
            .order_by(name("id"), store::Direction::Descending)
            .limit(MOST_FORKS);
        self.ask(select, |outcome| read_dialogs(outcome.into_rows()))
    }

    fn branch(&self, branch: &[u8]) -> Stored<Option<HiddenBranch>> {
        let filter = Filter::all().eq(name("x_vbranch"), Cell::text(branch));
        let select = Select::from(TOPOS_T.name.clone())
            .columns(BRANCH.map(name))
            .filter(filter)
            .limit(1);
        self.ask(select, |outcome| read_branch(outcome.into_rows()))
    }

    fn write(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes) -> Stored<()> {
        self.ask(operation(writes, lifetimes), |_| ())
    }

    fn write_unheard(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes) {
        self.submit(operation(writes, lifetimes));
    }

    fn clean(&self, lifetimes: Lifetimes) {
        let before = |lives_s: u64| Cell::Time(seconds(lifetimes.now_s.saturating_sub(lives_s)));
        let old = |lives_s| Filter::all().and(name("rectime"), Op::Le, before(lives_s));
        let delete = |table: &Table, filter| Write::Delete {
            table: table.name.clone(),
            filter,
        };
        self.submit(Operation::Batch(vec![
            delete(&TOPOS_T, old(lifetimes.branch_s)),
            delete(&TOPOS_D, old(lifetimes.dialog_s)),
            delete(&TOPOS_D, old(lifetimes.branch_s).eq(name("iflags"), 0_i64)),
        ]));
    }
}

/// The columns of `topos_d` that are read.
const DIALOG: [&str; 16] = [
    "x_context",
    "s_method",
    "s_cseq",
    "a_callid",
    "a_uuid",
    "a_contact",
    "b_contact",
    "as_contact",
    "bs_contact",
    "a_tag",
    "b_tag",
    "a_rr",
    "b_rr",
    "s_rr",
    "iflags",
    "id",
];

/// The columns of `topos_t` that are read.
const BRANCH: [&str; 17] = [
    "x_context",
    "s_method",
    "s_cseq",
    "a_callid",
    "a_uuid",
    "direction",
    "x_via",
    "x_vbranch",
    "x_rr",
    "s_rr",
    "a_contact",
    "b_contact",
    "as_contact",
    "bs_contact",
    "x_tag",
    "a_tag",
    "b_tag",
];

/// `iflags` of a dialog that was accepted.
const CONFIRMED: i64 = 2;

fn operation(writes: Vec<TopologyWrite>, lifetimes: Lifetimes) -> Operation {
    let mut writes: Vec<Write> = writes
        .iter()
        .map(|write| match write {
            TopologyWrite::Branch(branch) => Write::Insert {
                table: TOPOS_T.name.clone(),
                row: branch_row(branch, lifetimes.now_s),
            },
            TopologyWrite::Begin(dialog) => Write::Insert {
                table: TOPOS_D.name.clone(),
                row: dialog_row(dialog, lifetimes),
            },
            TopologyWrite::Put { dialog, is_first } => Write::InsertOrUpdate {
                table: TOPOS_D.name.clone(),
                row: dialog_row(dialog, lifetimes),
                key: match is_first {
                    true => vec![name("a_uuid")],
                    false => vec![name("a_uuid"), name("b_tag")],
                },
            },
            TopologyWrite::End(dialog) => end(dialog, lifetimes.now_s),
        })
        .collect();
    match writes.pop() {
        Some(only) if writes.is_empty() => Operation::Write(only),
        last => {
            writes.extend(last);
            Operation::Batch(writes)
        }
    }
}

fn end(dialog: &HiddenDialog, now_s: u64) -> Write {
    Write::Update {
        table: TOPOS_D.name.clone(),
        set: vec![
            (name("iflags"), Cell::Int(0)),
            (name("rectime"), Cell::Time(seconds(now_s))),
        ],
        filter: Filter::all()
            .eq(name("a_uuid"), Cell::Text(dialog.caller_uuid()))
            .eq(name("b_tag"), Cell::Text(dialog.callee.tag.clone())),
    }
}

/// A dialog that lives otherwise than `dialog_expire` says was written that much earlier or later, so that
/// all who clean the table agree.
fn dialog_row(dialog: &HiddenDialog, lifetimes: Lifetimes) -> Row {
    let written_s = match dialog.is_confirmed {
        true => (lifetimes.now_s + dialog.lives_s).saturating_sub(lifetimes.dialog_s),
        false => lifetimes.now_s,
    };
    let flags = if dialog.is_confirmed { CONFIRMED } else { 0 };
    let mut row = text_row(&[
        ("x_context", &dialog.context),
        ("s_method", &dialog.method),
        ("s_cseq", &dialog.cseq),
        ("a_callid", &dialog.call_id),
        ("a_uuid", &dialog.caller_uuid()),
        ("b_uuid", &dialog.callee_uuid()),
        ("a_contact", &dialog.caller.contact),
        ("b_contact", &dialog.callee.contact),
        ("as_contact", &dialog.caller.shown),
        ("bs_contact", &dialog.callee.shown),
        ("a_tag", &dialog.caller.tag),
        ("b_tag", &dialog.callee.tag),
        ("a_rr", &dialog.caller.routes),
        ("b_rr", &dialog.callee.routes),
        ("s_rr", &dialog.own_routes),
    ]);
    row.push((name("iflags"), Cell::Int(flags)));
    row.push((name("rectime"), Cell::Time(seconds(written_s))));
    row
}

fn branch_row(branch: &HiddenBranch, now_s: u64) -> Row {
    let (sender, direction) = match branch.way {
        DialogWay::ToCallee => ("a_contact", 0),
        DialogWay::ToCaller => ("b_contact", 1),
    };
    let mut row = text_row(&[
        ("x_context", &branch.context),
        ("s_method", &branch.method),
        ("s_cseq", &branch.cseq),
        ("a_callid", &branch.call_id),
        ("a_uuid", &branch.caller_uuid()),
        ("b_uuid", &branch.callee_uuid()),
        ("x_via", &branch.vias),
        ("x_vbranch", &branch.branch),
        ("x_rr", &branch.routes),
        ("s_rr", &branch.own_routes),
        (sender, &branch.contact),
        ("as_contact", &branch.caller_shown),
        ("bs_contact", &branch.callee_shown),
        ("x_tag", &branch.caller_tag),
        ("a_tag", &branch.from_tag),
        ("b_tag", &branch.to_tag),
    ]);
    row.push((name("direction"), Cell::Int(direction)));
    row.push((name("rectime"), Cell::Time(seconds(now_s))));
    row
}

fn text_row(columns: &[(&'static str, &Bytes)]) -> Row {
    let cell =
        |(column, text): &(&'static str, &Bytes)| (name(column), Cell::Text((*text).clone()));
    columns.iter().map(cell).collect()
}

fn read_dialogs(rows: Rows) -> Vec<HiddenDialog> {
    rows.rows.iter().map(|row| read_dialog(row)).collect()
}

fn read_dialog(row: &[Cell]) -> HiddenDialog {
    let text = |column: &str| text_of(row, &DIALOG, column);
    let flags = DIALOG.iter().position(|name| *name == "iflags");
    let flags = flags.and_then(|at| row.get(at)).and_then(Cell::as_int);
    HiddenDialog {
        context: text("x_context"),
        method: text("s_method"),
        cseq: text("s_cseq"),
        call_id: text("a_callid"),
        uuid: without_letter(&text("a_uuid")),
        caller: HiddenEnd {
            tag: text("a_tag"),
            contact: text("a_contact"),
            shown: text("as_contact"),
            routes: text("a_rr"),
        },
        callee: HiddenEnd {
            tag: text("b_tag"),
            contact: text("b_contact"),
            shown: text("bs_contact"),
            routes: text("b_rr"),
        },
        own_routes: text("s_rr"),
        is_confirmed: flags == Some(CONFIRMED),
        lives_s: 0,
    }
}

fn read_branch(rows: Rows) -> Option<HiddenBranch> {
    let row = rows.rows.first()?;
    let text = |column: &str| text_of(row, &BRANCH, column);
    let direction = BRANCH.iter().position(|name| *name == "direction");
    let direction = direction.and_then(|at| row.get(at)).and_then(Cell::as_int);
    let (way, sender) = match direction {
        Some(1) => (DialogWay::ToCaller, "b_contact"),
        _ => (DialogWay::ToCallee, "a_contact"),
    };
    Some(HiddenBranch {
        context: text("x_context"),
        method: text("s_method"),
        cseq: text("s_cseq"),
        call_id: text("a_callid"),
        uuid: without_letter(&text("a_uuid")),
        way,
        branch: text("x_vbranch"),
        vias: text("x_via"),
        routes: text("x_rr"),
        own_routes: text("s_rr"),
        contact: text(sender),
        caller_shown: text("as_contact"),
        callee_shown: text("bs_contact"),
        caller_tag: text("x_tag"),
        from_tag: text("a_tag"),
        to_tag: text("b_tag"),
    })
}

fn text_of(row: &[Cell], columns: &[&str], column: &str) -> Bytes {
    let at = columns.iter().position(|name| *name == column);
    match at.and_then(|at| row.get(at)) {
        Some(Cell::Text(text) | Cell::Blob(text)) => text.clone(),
        Some(Cell::Int(number)) => number.to_string().into(),
        _ => Bytes::new(),
    }
}

fn without_letter(uuid: &Bytes) -> Bytes {
    match uuid.is_empty() {
        true => Bytes::new(),
        false => uuid.slice(1..),
    }
}

fn name(column: &'static str) -> Name {
    Name::fixed(column)
}

fn seconds(unix_s: u64) -> i64 {
    i64::try_from(unix_s).unwrap_or(i64::MAX)
}
