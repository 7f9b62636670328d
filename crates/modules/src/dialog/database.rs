//! Dialogs in the database: written at once, now and then, or at the end.

use super::call::{Dialog, Live, Side};
use super::columns::Column;
use super::logic::Logic;
use super::params::DbMode;
use policy::Level;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Cell, Filter, Operation, Row, Write};

/// Dialogs written in one batch.
const BATCH: usize = 200;

impl Logic {
    /// Writes a dialog that is up, with `db_mode` 1.
    pub(super) fn save(&self, dialog: &Arc<Dialog>) {
        if self.is_realtime() {
            self.write(std::slice::from_ref(dialog), |_| {});
        }
    }

    /// Removes the row of a dialog that is over.
    pub(super) fn forget(&self, dialog: &Dialog) {
        let was_stored = std::mem::take(&mut dialog.live.lock().is_stored);
        let Some(store) = self.store.as_ref().filter(|_| was_stored) else {
            return;
        };
        let writes = vec![self.delete_row(dialog), self.delete_vars(dialog)];
        let logger = self.logger.clone();
        store.submit(
            Operation::Batch(writes),
            Box::new(move |result| {
                if let Err(error) = result {
                    logger.log(Level::Err, "dialog", || {
                        format!("cannot delete a dialog: {error}")
                    });
                }
            }),
        );
    }

    /// With `db_mode` 2, writes what changed since the last time.
    pub(super) fn write_delayed(&self, now_s: u64) {
        if self.params.db_mode != DbMode::Delayed
            || self.shared.next_write_s.load(Ordering::Relaxed) > now_s
        {
            return;
        }
        let period_s = u64::from(self.params.db_update_period_s);
        self.shared
            .next_write_s
            .store(now_s + period_s, Ordering::Relaxed);
        for batch in self.unwritten() {
            self.write(&batch, |_| {});
        }
    }

    /// Writes all that the database does not know, then calls `done`.
    pub(super) fn write_all(
        self: &Arc<Self>,
        done: impl FnOnce(Result<(), String>) + Send + 'static,
    ) {
        if self.params.db_mode == DbMode::None {
            return done(Ok(()));
        }
        let batches = self.unwritten().into_iter();
        write_in_turn(self.clone(), batches, Box::new(done));
    }

    fn unwritten(&self) -> Vec<Vec<Arc<Dialog>>> {
        let mut batches: Vec<Vec<Arc<Dialog>>> = Vec::new();
        self.shared.table.each(|dialog| {
            let is_wanted = {
                let live = dialog.live.lock();
                live.state.is_up() && live.is_dirty
            };
            if !is_wanted {
                return;
            }
            match batches.last_mut().filter(|batch| batch.len() < BATCH) {
                Some(batch) => batch.push(dialog.clone()),
                None => batches.push(vec![dialog.clone()]),
            }
        });
        batches
    }

    /// Writes those among the dialogs that are up. They count as written from now on; a failure undoes
    /// that.
    fn write(
        &self,
        dialogs: &[Arc<Dialog>],
        done: impl FnOnce(Result<(), String>) + Send + 'static,
    ) {
        let Some(store) = &self.store else {
            return done(Ok(()));
        };
        let mut writes = Vec::with_capacity(dialogs.len() * 2);
        for dialog in dialogs {
            let mut live = dialog.live.lock();
            if live.state.is_up() {
                self.rows(dialog, &live, &mut writes);
                live.is_dirty = false;
                live.is_stored = true;
            }
        }
        if writes.is_empty() {
            return done(Ok(()));
        }
        let (logger, written) = (self.logger.clone(), dialogs.to_vec());
        store.submit(
            Operation::Batch(writes),
            Box::new(move |result| match result {
                Ok(_) => done(Ok(())),
                Err(error) => {
                    for dialog in written {
                        dialog.live.lock().is_dirty = true;
                    }
                    logger.log(Level::Err, "dialog", || {
                        format!("cannot write dialogs: {error}")
                    });
                    done(Err(format!("dialogs are not all written: {error}")));
                }
            }),
        );
    }

    fn rows(&self, dialog: &Dialog, live: &Live, writes: &mut Vec<Write>) {
        let columns = &self.params.columns;
        writes.push(Write::InsertOrUpdate {
            table: columns.name(Column::Table),
            row: self.row(dialog, live),
            key: vec![
                columns.name(Column::HashEntry),
                columns.name(Column::HashId),
            ],
        });
        if live.is_stored {
            writes.push(self.delete_vars(dialog));
        }
        for (name, value) in &live.vars {
            let row = vec![
                (
                    columns.name(Column::VarsHashEntry),
                    Cell::from(i64::from(dialog.did.entry)),
                ),
                (
                    columns.name(Column::VarsHashId),
                    Cell::from(i64::from(dialog.did.id)),
                ),
                (columns.name(Column::VarsKey), Cell::text(name)),
                (columns.name(Column::VarsValue), Cell::text(value)),
            ];
            let table = columns.name(Column::VarsTable);
            writes.push(Write::Insert { table, row });
        }
    }

    fn row(&self, dialog: &Dialog, live: &Live) -> Row {
        let (caller, callee) = (live.leg(Side::Caller), live.leg(Side::Callee));
        let int = |number: u64| Cell::from(i64::try_from(number).unwrap_or(i64::MAX));
        let or_null = |text: &[u8]| match text {
            [] => Cell::Null,
            text => Cell::text(text),
        };
        let socket = |leg: &super::call::Leg| {
            Cell::text(
                leg.socket
                    .map(|socket| socket.to_string())
                    .unwrap_or_default(),
            )
        };
        let route = live.timeout_route.as_deref().unwrap_or_default();
        let cells = [
            (Column::HashEntry, int(dialog.did.entry.into())),
            (Column::HashId, int(dialog.did.id.into())),
            (Column::CallId, Cell::text(dialog.call_id())),
            (Column::FromUri, Cell::text(dialog.caller_uri())),
            (Column::FromTag, Cell::text(dialog.caller_tag())),
            (Column::ToUri, Cell::text(dialog.callee_uri())),
            (Column::ToTag, Cell::text(callee.tag())),
            (Column::FromCseq, Cell::text(caller.cseq.to_string())),
            (Column::ToCseq, Cell::text(callee.cseq.to_string())),
            (Column::FromRoute, or_null(caller.routes())),
            (Column::ToRoute, or_null(callee.routes())),
            (Column::FromContact, Cell::text(caller.contact())),
            (Column::ToContact, Cell::text(callee.contact())),
            (Column::FromSock, socket(caller)),
            (Column::ToSock, socket(callee)),
            (Column::State, Cell::from(live.state.number())),
            (Column::StartTime, int(live.start_s)),
            (Column::Timeout, int(live.timeout_s)),
            (Column::Flags, int(live.flags.into())),
            (Column::Switches, int(live.switches.into())),
            (Column::TimeoutRoute, or_null(route.as_bytes())),
            (Column::RequestUri, Cell::text(dialog.request_uri())),
            (Column::Xdata, or_null(memberships(live).as_bytes())),
        ];
        let columns = &self.params.columns;
        cells
            .into_iter()
            .map(|(column, cell)| (columns.name(column), cell))
            .collect()
    }

    fn delete_row(&self, dialog: &Dialog) -> Write {
        let columns = [Column::Table, Column::HashEntry, Column::HashId];
        self.delete(dialog, columns)
    }

    fn delete_vars(&self, dialog: &Dialog) -> Write {
        let columns = [Column::VarsTable, Column::VarsHashEntry, Column::VarsHashId];
        self.delete(dialog, columns)
    }

    fn delete(&self, dialog: &Dialog, [table, entry, id]: [Column; 3]) -> Write {
        let name = |column| self.params.columns.name(column);
        let filter = Filter::all().eq(name(entry), i64::from(dialog.did.entry));
        Write::Delete {
            table: name(table),
            filter: filter.eq(name(id), i64::from(dialog.did.id)),
        }
    }
}

/// The profiles as JSON, in the form of Kamailio's column `xdata`; empty where it is in none.
fn memberships(live: &Live) -> String {
    if live.links.is_empty() {
        return String::new();
    }
    let member = |link: &super::profile::Link| {
        let mut member = json!({ "name": link.profile.name });
        if link.profile.has_value {
            member["value"] = String::from_utf8_lossy(&link.value).into();
        }
        member
    };
    let profiles: Vec<_> = live.links.iter().map(member).collect();
    json!({ "profiles": profiles }).to_string()
}

type Done = Box<dyn FnOnce(Result<(), String>) + Send>;

/// One batch after the other, so that no queue overflows when the server stops.
fn write_in_turn(logic: Arc<Logic>, mut batches: std::vec::IntoIter<Vec<Arc<Dialog>>>, done: Done) {
    let Some(batch) = batches.next() else {
        return done(Ok(()));
    };
    let next = logic.clone();
    logic.write(&batch, move |result| match result {
        Ok(()) => write_in_turn(next, batches, done),
        Err(error) => done(Err(error)),
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, UNIX_MS};
    use serde_json::json;
    use std::sync::Arc;
    use store::{Cell, Memory, Rows, Select, name};

    const INVITE: &str = "INVITE sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKa\n\
         From: <sip:alice@example.test>;tag=a\nTo: <sip:bob@example.test>\nCall-ID: one\n\
         CSeq: 1 INVITE\nContact: <sip:alice@127.0.0.1:5062>\nMax-Forwards: 70\nContent-Length: 0\n\n";

    fn bench(mode: u8, store: &Arc<Memory>) -> Bench {
        let script = format!(
            r#"
loadmodule "pv.so"
loadmodule "dialog.so"
modparam("dialog", "db_url", "memory://")
modparam("dialog", "db_mode", {mode})
modparam("dialog", "db_update_period", 10)
modparam("dialog", "profiles_with_value", "caller")
request_route {{
    if ($rm == "OPTIONS") {{ dlg_get("one", "a", ""); dlg_setflag("7"); exit; }}
    dlg_manage(); set_dlg_profile("caller", "alice"); $dlg_var(x) = "kept"; }}
"#
        );
        Bench::with_store(&script, store.clone())
    }

    fn rows(store: &Arc<Memory>, table: store::Name) -> Rows {
        let rows = store::wait(store.as_ref(), Select::from(table).into());
        rows.expect("a table").into_rows()
    }

    fn count(store: &Arc<Memory>) -> (usize, usize) {
        let (dialogs, vars) = (
            rows(store, name!("dialog")),
            rows(store, name!("dialog_vars")),
        );
        (dialogs.len(), vars.len())
    }

    fn set_state(bench: &Bench, state: i64) {
        let done = bench.rpc("dlg.set_state", json!(["one", "a", "", state]));
        assert_eq!(done, Ok(json!("Done")));
    }

    #[test]
    fn changes_are_written_now_and_then() {
        let store = Arc::new(Memory::standard());
        let bench = bench(2, &store);
        bench.tick(UNIX_MS);
        let _call = bench.run(INVITE);
        bench.tick(UNIX_MS + 10_000);
        assert_eq!(count(&store), (0, 0), "it is not up");
        set_state(&bench, 4);
        bench.tick(UNIX_MS + 15_000);
        assert_eq!(count(&store), (0, 0), "it is not time");
        bench.tick(UNIX_MS + 20_000);
        assert_eq!(count(&store), (1, 1));
        let written = rows(&store, name!("dialog"));
        let cell = |name| written.cell(0, &name).cloned();
        assert_eq!(
            cell(name!("caller_sock")),
            Some(Cell::text("udp:127.0.0.1:5060"))
        );
        assert_eq!(cell(name!("state")), Some(Cell::Int(4)));
        bench.tick(UNIX_MS + 30_000);
        assert_eq!(count(&store), (1, 1), "once is enough");
        set_state(&bench, 5);
        assert_eq!(count(&store), (0, 0), "the row goes with its call");
    }

    #[test]
    fn what_the_script_changes_is_written_at_once() {
        let store = Arc::new(Memory::standard());
        let bench = bench(1, &store);
        let _call = bench.run(INVITE);
        set_state(&bench, 4);
        bench.run(&INVITE.replace("INVITE", "OPTIONS"));
        let written = rows(&store, name!("dialog"));
        assert_eq!(written.cell(0, &name!("sflags")), Some(&Cell::Int(1 << 7)));
    }

    #[test]
    fn the_end_of_the_server_writes_and_its_start_reads() {
        for mode in [1, 2, 3] {
            let store = Arc::new(Memory::standard());
            let first = bench(mode, &store);
            let call = first.run(INVITE);
            set_state(&first, 4);
            first.stop();
            drop(call);
            assert_eq!(count(&store), (1, 1), "mode {mode}");
            let second = bench(mode, &store);
            let size = second.rpc("dlg.profile_get_size", json!(["caller", "alice"]));
            assert_eq!(size, Ok(json!(1)), "mode {mode}");
            let listed = second.rpc("dlg.list", json!([])).expect("a list");
            assert_eq!(listed[0]["variables"], json!([{ "x": "kept" }]));
            assert_eq!(
                listed[0]["caller"]["contact"],
                json!("sip:alice@127.0.0.1:5062")
            );
            let (entry, id) = (&listed[0]["h_entry"], &listed[0]["h_id"]);
            assert!(entry.is_u64() && id.is_u64());
        }
    }
}
