//! A table as other modules use it: in memory, through to the database, or there alone.

use super::keeper::Keeper;
use super::params::DbMode;
use super::table::{Changed, Table, aor_hash, changed, sorted};
use bytes::Bytes;
use policy::{
    Answer, Binding, BindingState, Change, ChangeTask, Changes, Context, Effect, Keep, Level,
    LocationTable, Outcome, WithBinding, WithBindings,
};
use std::sync::Arc;
use store::{Filter, Operation, Select};

/// A table with the configuration that uses it.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) table: Arc<Table>,
    pub(super) keeper: Arc<Keeper>,
}

impl LocationTable for Handle {
    fn name(&self) -> &[u8] {
        &self.table.name
    }

    fn find(&self, context: &mut Context, aor: &[u8], then: WithBindings) -> Outcome {
        if self.keeper.mode() != DbMode::DatabaseOnly {
            let known = self.table.known_bindings(aor);
            if known.is_none() {
                context.log(Level::Err, "usrloc", || {
                    format!("table {} is not read yet", self.table.sql_name)
                });
            }
            return then(context, known);
        }
        let newest_first = self.keeper.settings.desc_time_order;
        let list = move |rows: Rows| {
            sorted(
                rows.into_iter().map(|(_, binding)| binding).collect(),
                newest_first,
            )
        };
        self.select(context, self.of_aor(aor), move |context, found| {
            then(context, found.map(list))
        })
    }

    fn find_ruid(
        &self,
        context: &mut Context,
        ruid: &[u8],
        aor_hash: Option<u32>,
        then: WithBinding,
    ) -> Outcome {
        if self.keeper.mode() != DbMode::DatabaseOnly {
            return then(context, self.in_memory(ruid, aor_hash));
        }
        let filter = Filter::all().eq(
            self.keeper.settings.columns.ruid.clone(),
            store::Cell::text(ruid),
        );
        self.select(context, filter, move |context, found| {
            then(context, found.and_then(|found| found.into_iter().next()))
        })
    }

    fn change(
        &self,
        context: &mut Context,
        aor: Bytes,
        how: Keep,
        mut task: Box<dyn ChangeTask>,
    ) -> Outcome {
        if self.keeper.mode() == DbMode::DatabaseOnly {
            return self.change_database(context, aor, task);
        }
        let newest_first = self.keeper.settings.desc_time_order;
        let (awaits, mut is_refused) = (self.table.awaits_rows(), false);
        let changed = self.table.change(&aor, newest_first, |bindings| {
            let changes = task.decide(context, bindings);
            // What is not read yet cannot be removed, and would come back.
            is_refused = awaits && !changes.iter().any(adds);
            if is_refused { Changes::new() } else { changes }
        });
        if is_refused {
            return task.done(context, &aor, None);
        }
        self.note_connections(&aor, &changed.changes);
        if how == Keep::InMemory {
            // The timer shall not write it either.
            changed.changes.iter().for_each(note_stored);
            return task.done(context, &aor, Some(changed.bindings));
        }
        match self.keeper.mode() {
            DbMode::WriteThrough => return self.write_through(context, aor, changed, task),
            DbMode::WriteBack => self
                .table
                .delete_later(&aor, stored_removals(&changed.changes)),
            _ => {}
        }
        task.done(context, &aor, Some(changed.bindings))
    }

    fn aor_hash(&self, aor: &[u8]) -> u32 {
        aor_hash(aor)
    }

    fn each(&self, visit: &mut dyn FnMut(&[u8], &Arc<Binding>)) {
        for index in 0..self.table.slots() {
            for (aor, bindings) in self.table.records(index) {
                bindings.iter().for_each(|binding| visit(&aor, binding));
            }
        }
    }
}

type Rows = Vec<(Bytes, Arc<Binding>)>;

fn adds(change: &Change) -> bool {
    matches!(change, Change::Insert(_) | Change::Update(_))
}

impl Handle {
    fn in_memory(&self, ruid: &[u8], hash: Option<u32>) -> Option<(Bytes, Arc<Binding>)> {
        let all = 0..self.table.slots();
        let slots = hash.map_or(all, |hash| {
            let index = self.table.slot_index(hash);
            index..index + 1
        });
        slots.into_iter().find_map(|index| {
            let holds = |aor: &[u8], bindings: &[Arc<Binding>]| {
                hash.is_none_or(|hash| hash == aor_hash(aor))
                    && bindings.iter().any(|binding| binding.ruid() == ruid)
            };
            let (aor, bindings) = self.table.records_where(index, holds).into_iter().next()?;
            let binding = bindings.iter().find(|binding| binding.ruid() == ruid)?;
            Some((Bytes::from(aor.into_vec()), binding.clone()))
        })
    }

    /// Selects rows, then what `then` answers; it gets none where the database did not answer.
    fn select(
        &self,
        context: &mut Context,
        filter: Filter,
        then: impl FnOnce(&mut Context, Option<Rows>) -> Outcome + Send + 'static,
    ) -> Outcome {
        let Some(store) = self.keeper.settings.store.clone() else {
            return then(context, None);
        };
        let select = Select::from(self.table.sql_name.clone()).filter(filter);
        let keeper = self.keeper.clone();
        Outcome::ask_then(Effect::store(store, select), move |context, answer| {
            let rows = match answer {
                Answer::Store(Ok(outcome)) => Some(outcome.into_rows()),
                Answer::Store(Err(error)) => {
                    context.log(Level::Err, "usrloc", || {
                        format!("cannot read contacts: {error}")
                    });
                    None
                }
                _ => None,
            };
            let found = rows.map(|rows| keeper.read_rows(&rows));
            then(context, found)
        })
    }

    pub(super) fn of_aor(&self, aor: &[u8]) -> Filter {
        let (columns, rules) = (&self.keeper.settings.columns, &self.keeper.settings.rules);
        let (user, domain) = super::columns::split(aor, rules.use_domain);
        let filter = Filter::all().eq(columns.user.clone(), store::Cell::text(user));
        match domain {
            Some(domain) => filter.eq(columns.domain.clone(), store::Cell::text(domain)),
            None => filter,
        }
    }

    /// Reads, decides, writes: with the database alone, two servers may decide at the same time.
    fn change_database(
        &self,
        context: &mut Context,
        aor: Bytes,
        mut task: Box<dyn ChangeTask>,
    ) -> Outcome {
        let this = self.clone();
        self.select(context, self.of_aor(&aor), move |context, found| {
            let Some(found) = found else {
                return task.done(context, &aor, None);
            };
            let newest_first = this.keeper.settings.desc_time_order;
            let before = sorted(
                found.into_iter().map(|(_, binding)| binding).collect(),
                newest_first,
            );
            let changes = task.decide(context, &before);
            let bindings = changed(&before, &changes, newest_first);
            this.write_through(context, aor, Changed { bindings, changes }, task)
        })
    }

    /// Writes changes before the script goes on. What could not be written in memory modes is left
    /// to the timer, while the caller hears that it failed.
    fn write_through(
        &self,
        context: &mut Context,
        aor: Bytes,
        Changed { bindings, changes }: Changed,
        task: Box<dyn ChangeTask>,
    ) -> Outcome {
        let Some(store) = self
            .keeper
            .settings
            .store
            .clone()
            .filter(|_| !changes.is_empty())
        else {
            return task.done(context, &aor, Some(bindings));
        };
        let writes: Vec<_> = changes
            .iter()
            .map(|change| self.keeper.write(&self.table, &aor, change))
            .collect();
        let this = self.clone();
        let effect = Effect::store(store, Operation::Batch(writes));
        Outcome::ask_then(effect, move |context, answer| match answer {
            Answer::Store(Ok(_)) => {
                changes.iter().for_each(note_stored);
                task.done(context, &aor, Some(bindings))
            }
            answer => {
                if let Answer::Store(Err(error)) = answer {
                    context.log(Level::Err, "usrloc", || {
                        format!("cannot write contacts: {error}")
                    });
                }
                this.table.delete_later(&aor, removals(&changes));
                task.done(context, &aor, None)
            }
        })
    }

    /// Remembers which addresses-of-record go with which connection.
    fn note_connections(&self, aor: &[u8], changes: &[Change]) {
        if !self.keeper.settings.handle_lost_tcp {
            return;
        }
        for change in changes {
            let (Change::Insert(binding) | Change::Update(binding)) = change else {
                continue;
            };
            let Some(connection) = binding.connection() else {
                continue;
            };
            let mut connections = self.keeper.tables.connections.lock();
            let lost = connections.entry(connection).or_default();
            let place = (self.table.name.clone(), Bytes::copy_from_slice(aor));
            if !lost.contains(&place) {
                lost.push(place);
            }
        }
    }
}

fn note_stored(change: &Change) {
    if let Change::Insert(binding) | Change::Update(binding) = change {
        binding.set_state(BindingState::Synced);
    }
}

fn removals(changes: &[Change]) -> impl Iterator<Item = Bytes> {
    changes.iter().filter_map(|change| match change {
        Change::Remove(binding) => Some(binding.share(binding.ruid())),
        _ => None,
    })
}

/// Removals of which the database knows.
pub(super) fn stored_removals(changes: &[Change]) -> Vec<Bytes> {
    let known = |change: &&Change| matches!(change, Change::Remove(binding) if binding.state() != BindingState::New);
    let known: Vec<_> = changes.iter().filter(known).collect();
    known
        .into_iter()
        .flat_map(|change| removals(std::slice::from_ref(change)))
        .collect()
}
