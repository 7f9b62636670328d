//! What the timer does: bindings expire, changes reach the database, rows are cleaned.
//!
//! A slice of each table is visited every second, so that no visit is long and each slot is
//! visited once in `timer_interval`.

use super::keeper::Keeper;
use super::params::DbMode;
use super::table::Table;
use bytes::Bytes;
use policy::{Binding, BindingState, Change, Level, Task};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Filter, Op, Operation, StoreError, Write};

/// Milliseconds between two ticks.
pub(super) const TICK_MS: u32 = 1000;

/// Writes in one batch; a slot with more makes several.
const BATCH: usize = 1000;

/// One tick: the slots whose turn it is.
pub(super) fn tick(keeper: &Arc<Keeper>, now_ms: u64) {
    let now_s = now_ms / 1000;
    let slots = 1_usize << keeper.tables.fixed.hash_size.min(20);
    let share = slots.div_ceil(keeper.settings.timer_interval_s.max(1) as usize);
    let first = keeper.tables.next_slot.fetch_add(share, Ordering::Relaxed);
    let tables = keeper.tables.all();
    for index in (first..first + share).map(|index| index % slots) {
        tables
            .iter()
            .for_each(|table| visit(keeper, table, index, now_ms));
    }
    // Once around: what is done for whole tables.
    if first % slots + share >= slots {
        keeper.tables.drop_unused_texts();
        tables.iter().for_each(|table| clean(keeper, table, now_s));
    }
}

/// Writes everything that the database does not know yet, then calls `done`.
pub(super) fn flush_all(
    keeper: &Arc<Keeper>,
    done: impl FnOnce(Result<(), String>) + Send + 'static,
) {
    let mut batches = Vec::new();
    if keeper.mode().writes() {
        for table in keeper.tables.all() {
            (0..table.slots()).for_each(|index| batches.extend(pending(keeper, &table, index)));
        }
    }
    submit_in_turn(keeper.clone(), batches.into_iter(), done);
}

fn visit(keeper: &Arc<Keeper>, table: &Arc<Table>, index: usize, now_ms: u64) {
    let now_s = now_ms / 1000;
    expire(keeper, table, index, now_s);
    if let Some(keepalive) = &keeper.settings.keepalive {
        keepalive.ask(keeper, table, index, now_ms);
    }
    if keeper.mode().writes() {
        for batch in pending(keeper, table, index) {
            submit(keeper, batch, |_| {});
        }
    }
}

/// Removes what is over and tells those who want to know.
fn expire(keeper: &Keeper, table: &Table, index: usize, now_s: u64) {
    let keepalive = keeper.settings.keepalive.as_ref();
    let is_over = |binding: &Arc<Binding>| {
        !binding.is_alive(now_s)
            || keepalive.is_some_and(|keepalive| keepalive.has_lost(binding, now_s))
    };
    for (aor, _) in table.records_where(index, |_, bindings| bindings.iter().any(is_over)) {
        let newest_first = keeper.settings.desc_time_order;
        let changed = table.change(&aor, newest_first, |bindings| {
            bindings
                .iter()
                .filter(|binding| is_over(binding))
                .cloned()
                .map(Change::Remove)
                .collect()
        });
        for change in changed.changes {
            if let Change::Remove(binding) = change {
                expired(keeper, table, &aor, &binding);
            }
        }
    }
}

fn expired(keeper: &Keeper, table: &Table, aor: &[u8], binding: &Arc<Binding>) {
    table.count_expired();
    if keeper.mode().writes() && binding.state() != BindingState::New {
        table.delete_later(aor, [binding.share(binding.ruid())]);
    }
    keeper
        .expired
        .read()
        .iter()
        .for_each(|hear| hear(&table.name, aor, binding));
    if let Some(connection) = binding
        .connection()
        .filter(|_| keeper.settings.close_expired_tcp)
    {
        keeper.outbox.post(Task::Close(connection));
    }
}

/// Writes with what they stand for, to be undone where they fail.
struct Batch {
    table: Arc<Table>,
    index: usize,
    writes: Vec<Write>,
    bindings: Vec<Arc<Binding>>,
    removed: Vec<Bytes>,
}

/// The writes that a slot waits for. They count as done from now on; a failure undoes that.
fn pending(keeper: &Keeper, table: &Arc<Table>, index: usize) -> Vec<Batch> {
    let is_new = |binding: &Arc<Binding>| binding.state() != BindingState::Synced;
    let mut writes = Vec::new();
    for (aor, bindings) in table.records_where(index, |_, bindings| bindings.iter().any(is_new)) {
        for binding in bindings.iter().filter(|binding| is_new(binding)) {
            binding.set_state(BindingState::Synced);
            writes.push((
                keeper.put(table, &aor, binding),
                Some(binding.clone()),
                Bytes::new(),
            ));
        }
    }
    let removed = table.take_removed(index);
    writes.extend(
        removed
            .into_iter()
            .map(|ruid| (keeper.delete(table, &ruid), None, ruid)),
    );
    let mut batches = Vec::new();
    let mut writes = writes.into_iter().peekable();
    while writes.peek().is_some() {
        let mut batch = Batch {
            table: table.clone(),
            index,
            writes: Vec::new(),
            bindings: Vec::new(),
            removed: Vec::new(),
        };
        for (write, binding, ruid) in writes.by_ref().take(BATCH) {
            batch.writes.push(write);
            match binding {
                Some(binding) => batch.bindings.push(binding),
                None => batch.removed.push(ruid),
            }
        }
        batches.push(batch);
    }
    batches
}

fn submit(
    keeper: &Arc<Keeper>,
    batch: Batch,
    done: impl FnOnce(Result<(), StoreError>) + Send + 'static,
) {
    let Some(store) = keeper.settings.store.clone() else {
        return done(Ok(()));
    };
    let Batch {
        table,
        index,
        writes,
        bindings,
        removed,
    } = batch;
    let keeper = keeper.clone();
    let finished = move |result: Result<store::Outcome, StoreError>| match result {
        Ok(_) => done(Ok(())),
        Err(error) => {
            keeper.log(
                Level::Err,
                format!("cannot write contacts, the timer tries again: {error}"),
            );
            bindings
                .iter()
                .for_each(|binding| binding.set_state(BindingState::Dirty));
            table.put_removed(index, removed);
            done(Err(error));
        }
    };
    store.submit(Operation::Batch(writes), Box::new(finished));
}

/// One batch after the other, so that no queue overflows when the server stops.
fn submit_in_turn(
    keeper: Arc<Keeper>,
    mut batches: std::vec::IntoIter<Batch>,
    done: impl FnOnce(Result<(), String>) + Send + 'static,
) {
    let Some(batch) = batches.next() else {
        return done(Ok(()));
    };
    submit(&keeper.clone(), batch, move |result| match result {
        Ok(()) => submit_in_turn(keeper, batches, done),
        Err(error) => done(Err(format!("contacts are not all written: {error}"))),
    });
}

/// Deletes expired rows that no memory knows: with the database alone, and with `db_timer_clean`.
fn clean(keeper: &Arc<Keeper>, table: &Table, now_s: u64) {
    let settings = &keeper.settings;
    let before_s = match settings.db_mode {
        DbMode::DatabaseOnly => now_s.saturating_sub(settings.rm_expired_delay_s),
        mode if mode.writes() && settings.db_timer_clean => now_s,
        _ => return,
    };
    let Some(store) = settings.store.clone() else {
        return;
    };
    let columns = &settings.columns;
    // Contacts that are for ever have the time 0.
    let over = Filter::all().and(columns.expires.clone(), Op::Gt, columns.time(0));
    let over = over.and(columns.expires.clone(), Op::Lt, columns.time(before_s));
    let filter = match settings.server_id {
        Some(id) => over.eq(columns.server_id.clone(), id),
        None => over,
    };
    let keeper = keeper.clone();
    let done = move |result: Result<store::Outcome, StoreError>| {
        if let Err(error) = result {
            keeper.log(
                Level::Err,
                format!("cannot delete expired contacts: {error}"),
            );
        }
    };
    store.submit(
        Write::Delete {
            table: table.sql_name.clone(),
            filter,
        }
        .into(),
        Box::new(done),
    );
}
