//! Reading dialogs from the database: at start page by page, and by Call-ID.

use super::call::{Beginning, Dialog, Leg, Live, Sock};
use super::columns::Column;
use super::logic::Logic;
use super::profile::Link;
use super::state::State;
use super::texts::Did;
use bytes::Bytes;
use policy::{Level, Outcome};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Cell, Direction, Filter, Op, Rows, Select, StoreError, name};

/// Calls back once all is read.
pub(super) type Done = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Rows a page where `db_fetch_rows` names no bound.
const UNBOUNDED: u32 = 10_000;

/// What is read: dialogs first, then their variables.
#[derive(Clone, Copy)]
enum Part {
    Dialogs,
    Variables,
}

/// Reads both tables at start, then calls `done`. A reload finds the dialogs as they are.
pub(super) fn load(logic: &Arc<Logic>, done: Done) {
    if logic.params.db_skip_load || logic.shared.is_loaded.load(Ordering::Acquire) {
        return done(Ok(()));
    }
    let shared = logic.shared.clone();
    let read = move |outcome: Result<(), String>| {
        shared.is_loaded.store(outcome.is_ok(), Ordering::Release);
        done(outcome);
    };
    page(logic.clone(), Part::Dialogs, None, Box::new(read));
}

fn page(logic: Arc<Logic>, part: Part, last: Option<i64>, done: Done) {
    let Some(store) = logic.store.clone() else {
        return done(Ok(()));
    };
    let most = match logic.params.db_fetch_rows {
        0 => UNBOUNDED,
        rows => rows,
    };
    let table = match part {
        Part::Dialogs => Column::Table,
        Part::Variables => Column::VarsTable,
    };
    let filter = match last {
        Some(last) => Filter::all().and(name!("id"), Op::Gt, last),
        None => Filter::all(),
    };
    let select = Select::from(logic.params.columns.name(table)).filter(filter);
    let select = select
        .order_by(name!("id"), Direction::Ascending)
        .limit(most);
    let read = move |result: Result<store::Outcome, StoreError>| match result {
        Err(error) => done(Err(format!("cannot read dialogs: {error}"))),
        Ok(outcome) => {
            let rows = outcome.into_rows();
            match part {
                Part::Dialogs => {
                    let restored = restore(&logic, &rows);
                    logic.shared.await_variables.lock().extend(restored);
                }
                Part::Variables => {
                    let waiting = logic.shared.await_variables.lock();
                    restore_variables(&logic, &rows, |did| waiting.contains(&did));
                }
            }
            let is_full = u32::try_from(rows.len()).is_ok_and(|read| read >= most);
            let last = rows.len().checked_sub(1).filter(|_| is_full);
            let last = last.and_then(|last| rows.cell(last, &name!("id"))?.as_int());
            match (part, last) {
                (_, Some(last)) => page(logic, part, Some(last), done),
                (Part::Dialogs, None) => page(logic, Part::Variables, None, done),
                (Part::Variables, None) => {
                    logic.shared.await_variables.lock().clear();
                    done(Ok(()));
                }
            }
        }
    };
    store.submit(select.into(), Box::new(read));
}

/// Reads the dialogs with a Call-ID, or all, and their variables, while a route waits.
pub(super) fn read_call_id(logic: &Arc<Logic>, call_id: Option<Bytes>) -> Outcome {
    let Some(store) = logic.store.clone() else {
        return Outcome::FALSE;
    };
    let columns = &logic.params.columns;
    let filter = match call_id {
        Some(call_id) => Filter::all().eq(columns.name(Column::CallId), Cell::text(call_id)),
        None => Filter::all(),
    };
    let select = Select::from(columns.name(Column::Table)).filter(filter);
    let logic = logic.clone();
    Outcome::query(
        "dialog",
        store,
        select.limit(UNBOUNDED),
        -1,
        move |_, outcome| {
            let rows = outcome.into_rows();
            let mut restored = restore(&logic, &rows).into_iter();
            match restored.next() {
                Some(first) => read_variables(logic, first, restored),
                None => Outcome::FALSE,
            }
        },
    )
}

/// One dialog after the other: few are read this way.
fn read_variables(logic: Arc<Logic>, did: Did, mut rest: std::vec::IntoIter<Did>) -> Outcome {
    let Some(store) = logic.store.clone() else {
        return Outcome::FALSE;
    };
    let columns = &logic.params.columns;
    let filter = Filter::all().eq(columns.name(Column::VarsHashEntry), i64::from(did.entry));
    let filter = filter.eq(columns.name(Column::VarsHashId), i64::from(did.id));
    let select = Select::from(columns.name(Column::VarsTable)).filter(filter);
    Outcome::query("dialog", store, select, -1, move |_, outcome| {
        restore_variables(&logic, &outcome.into_rows(), |it| it == did);
        match rest.next() {
            Some(next) => read_variables(logic, next, rest),
            None => Outcome::TRUE,
        }
    })
}

/// Puts dialogs of the database into memory and answers their names; those that are there already stay as they are.
pub(super) fn restore(logic: &Logic, rows: &Rows) -> Vec<Did> {
    let mut restored = Vec::new();
    for row in 0..rows.len() {
        let Some(dialog) = (Reader { logic, rows, row }).dialog() else {
            logic.log(Level::Err, || "a row of a dialog cannot be read".to_owned());
            continue;
        };
        let dialog = Arc::new(dialog);
        if !logic.shared.table.restore(&dialog) {
            continue;
        }
        logic.counters.active.inc();
        for link in (Reader { logic, rows, row }).links() {
            logic.join(&dialog, link);
        }
        dialog.live.lock().is_dirty = false;
        logic.remind(&dialog);
        restored.push(dialog.did);
    }
    restored
}

/// Gives the dialogs that are `meant` the variables they have in the database, but for those that a script has set since: a
/// call that began while the database was away may have the name of another one's row.
fn restore_variables(logic: &Logic, rows: &Rows, meant: impl Fn(Did) -> bool) {
    for row in 0..rows.len() {
        let reader = Reader { logic, rows, row };
        let (entry, id) = (
            reader.int(Column::VarsHashEntry),
            reader.int(Column::VarsHashId),
        );
        let (Ok(entry), Ok(id)) = (u32::try_from(entry), u32::try_from(id)) else {
            continue;
        };
        let did = Some(Did { entry, id }).filter(|did| meant(*did));
        let Some(dialog) = did.and_then(|did| logic.shared.table.named(did)) else {
            continue;
        };
        let (name, mut live) = (reader.text(Column::VarsKey), dialog.live.lock());
        if live.var(name).is_none() {
            let (value, is_dirty) = (reader.text(Column::VarsValue), live.is_dirty);
            live.set_var(name, Some(Bytes::copy_from_slice(value)));
            live.is_dirty = is_dirty;
        }
    }
}

struct Reader<'a> {
    logic: &'a Logic,
    rows: &'a Rows,
    row: usize,
}

impl<'a> Reader<'a> {
    fn cell(&self, column: Column) -> Option<&'a Cell> {
        self.rows
            .cell(self.row, &self.logic.params.columns.name(column))
    }

    fn text(&self, column: Column) -> &'a [u8] {
        self.cell(column)
            .and_then(Cell::as_bytes)
            .unwrap_or_default()
    }

    fn int(&self, column: Column) -> i64 {
        self.cell(column).and_then(Cell::as_int).unwrap_or(0)
    }

    fn dialog(&self) -> Option<Dialog> {
        let did = Did {
            entry: u32::try_from(self.int(Column::HashEntry)).ok()?,
            id: u32::try_from(self.int(Column::HashId)).ok()?,
        };
        let beginning = Beginning {
            call_id: self.text(Column::CallId),
            from_tag: self.text(Column::FromTag),
            from_uri: self.text(Column::FromUri),
            to_uri: self.text(Column::ToUri),
            request_uri: self.text(Column::RequestUri),
        };
        let start_s = u64::try_from(self.int(Column::StartTime)).ok()?;
        let hash = self.logic.shared.table.hash(beginning.call_id);
        Dialog::new(did, hash, start_s, &beginning, self.live(start_s)?)
    }

    fn live(&self, start_s: u64) -> Option<Live> {
        let caller = [Column::FromContact, Column::FromRoute];
        let caller = self.leg(b"", caller, Column::FromCseq, Column::FromSock)?;
        let callee = [Column::ToContact, Column::ToRoute];
        let callee = self.leg(
            self.text(Column::ToTag),
            callee,
            Column::ToCseq,
            Column::ToSock,
        )?;
        let state = State::from_number(self.int(Column::State)).filter(|state| state.is_up())?;
        let mut live = Live::new(caller, self.logic.params.default_timeout_s);
        live.state = state;
        live.callee = callee;
        live.start_s = start_s;
        live.timeout_s = u64::try_from(self.int(Column::Timeout)).ok()?;
        live.flags = self.int(Column::Flags) as u32;
        live.switches = self.int(Column::Switches) as u32;
        live.is_stored = true;
        let route = String::from_utf8_lossy(self.text(Column::TimeoutRoute));
        live.timeout_route = (!route.is_empty()).then(|| Arc::from(route.as_ref()));
        self.logic.start_keepalive(&mut live, self.logic.clock_s());
        Some(live)
    }

    fn leg(
        &self,
        tag: &[u8],
        [contact, routes]: [Column; 2],
        cseq: Column,
        sock: Column,
    ) -> Option<Leg> {
        let mut leg = Leg::new(tag, self.text(contact), self.text(routes))?;
        let number = std::str::from_utf8(self.text(cseq)).ok();
        leg.cseq = number
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0);
        leg.socket = Sock::parse(self.text(sock));
        if leg.socket.is_some() && self.logic.socket_of(&leg).is_none() {
            self.logic.log(Level::Warn, || {
                let socket = super::show::printable(self.text(sock));
                format!("non-local socket <{socket}>...ignoring")
            });
        }
        Some(leg)
    }

    /// The profiles of column `xdata`; those that no parameter names any more are passed over.
    fn links(&self) -> Vec<Link> {
        let json: Option<serde_json::Value> = serde_json::from_slice(self.text(Column::Xdata)).ok();
        let members = json.as_ref().and_then(|json| json["profiles"].as_array());
        let link = |member: &serde_json::Value| {
            let profile = self
                .logic
                .profile(member["name"].as_str()?.as_bytes())?
                .clone();
            let value = match profile.has_value {
                true => member["value"].as_str()?.as_bytes().into(),
                false => Box::default(),
            };
            Some(Link { profile, value })
        };
        members.into_iter().flatten().filter_map(link).collect()
    }
}
