//! All tables with what they need: settings, database, shared texts, who hears of expiry.

use super::columns::Reading;
use super::params::{DbMode, Settings};
use super::table::{Gauges, Table};
use ahash::RandomState;
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use policy::{
    Binding, Change, ConnectionId, Expired, Init, Level, Logger, Outbox, Ruid, Surroundings,
};
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use store::{Filter, Name, Row, Rows, Write};

/// What survives a reload.
pub(super) struct Tables {
    pub(super) fixed: super::params::Fixed,
    by_name: RwLock<BTreeMap<Bytes, Arc<Table>>>,
    hasher: RandomState,
    /// One copy of each `User-Agent` and socket.
    texts: Mutex<HashSet<Arc<[u8]>, RandomState>>,
    /// Addresses-of-record by connection, kept only with `handle_lost_tcp`.
    pub(super) connections: Mutex<HashMap<ConnectionId, Lost, RandomState>>,
    /// Begins every record id of this process.
    ruid_start: String,
    ruid_next: AtomicU64,
    /// The slot that the timer visits next.
    pub(super) next_slot: AtomicUsize,
    /// A configuration has taken care that they are read.
    pub(super) loaded: AtomicBool,
    /// They are still to be read: so are those that are made now.
    awaits_rows: AtomicBool,
}

/// The table and addresses-of-record that go with a connection.
pub(super) type Lost = SmallVec<[(Bytes, Bytes); 1]>;

impl Tables {
    pub(super) fn new(
        fixed: super::params::Fixed,
        secret: &[u8; 32],
        process: &Surroundings,
    ) -> Tables {
        let word = |at: usize| {
            let bytes = secret
                .get(at..at + 8)
                .and_then(|bytes| bytes.try_into().ok())
                .unwrap_or([0; 8]);
            u64::from_le_bytes(bytes)
        };
        let hasher = RandomState::with_seeds(word(0), word(8), word(16), word(24));
        // The start and a keyed hash: in containers every process has the same number.
        let (started, drawn) = (process.started_s, hasher.hash_one("ruid") as u32);
        Tables {
            fixed,
            by_name: RwLock::default(),
            texts: Mutex::new(HashSet::with_hasher(hasher.clone())),
            connections: Mutex::new(HashMap::with_hasher(hasher.clone())),
            ruid_start: format!("uloc-{started:x}-{drawn:x}-"),
            hasher,
            ruid_next: AtomicU64::new(1),
            next_slot: AtomicUsize::new(0),
            loaded: AtomicBool::new(false),
            awaits_rows: AtomicBool::new(false),
        }
    }

    /// Says whether rows are still to be read.
    pub(super) fn await_rows(&self, awaits: bool) {
        // No table is made meanwhile.
        let by_name = self.by_name.write();
        self.awaits_rows.store(awaits, Ordering::Release);
        by_name.values().for_each(|table| table.await_rows(awaits));
    }

    /// The keyed hasher.
    pub(super) fn hasher(&self) -> &RandomState {
        &self.hasher
    }

    /// `uloc-…-…-N`, Kamailio's form.
    pub(super) fn new_ruid(&self) -> Ruid {
        let number = self.ruid_next.fetch_add(1, Ordering::Relaxed);
        let mut ruid = Ruid::from_slice(self.ruid_start.as_bytes());
        let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(1);
        ruid.extend((0..digits).rev().map(|digit| {
            let value = (number >> (4 * digit)) & 15;
            b"0123456789abcdef"[value as usize]
        }));
        ruid
    }

    /// Whether a record was made since the start, and not read.
    pub(super) fn is_new(&self, ruid: &[u8]) -> bool {
        ruid.starts_with(self.ruid_start.as_bytes())
    }

    /// The one copy of a text.
    pub(super) fn shared_text(&self, text: &[u8]) -> Arc<[u8]> {
        let mut texts = self.texts.lock();
        if let Some(found) = texts.get(text) {
            return found.clone();
        }
        let made: Arc<[u8]> = text.into();
        texts.insert(made.clone());
        made
    }

    /// Forgets the texts that no binding has any more.
    pub(super) fn drop_unused_texts(&self) {
        self.texts.lock().retain(|text| Arc::strong_count(text) > 1);
    }

    /// The table of this name, if there is one.
    pub(super) fn find(&self, name: &[u8]) -> Option<Arc<Table>> {
        self.by_name.read().get(name).cloned()
    }

    /// All tables by name.
    pub(super) fn all(&self) -> Vec<Arc<Table>> {
        self.by_name.read().values().cloned().collect()
    }
}

/// The tables as one configuration uses them.
pub(super) struct Keeper {
    pub(super) settings: Settings,
    pub(super) tables: Arc<Tables>,
    pub(super) logger: Logger,
    pub(super) outbox: Outbox,
    pub(super) expired: RwLock<Vec<Expired>>,
    /// The counters of the tables that are known when the configuration loads.
    pub(super) gauges: BTreeMap<String, Gauges>,
}

impl Keeper {
    /// The table with this name, made on the first call. A name that no database takes is cut to
    /// what one does.
    pub(super) fn table(&self, name: &[u8]) -> Arc<Table> {
        if let Some(found) = self.tables.find(name) {
            return found;
        }
        let text = String::from_utf8_lossy(name).into_owned();
        let sql_name = Name::parse(&text).unwrap_or(store::name!("location"));
        let mut by_name = self.tables.by_name.write();
        let name = Bytes::copy_from_slice(name);
        let make = || {
            let gauges = self.gauges.get(&text).cloned().unwrap_or_default();
            let hash_size = self.tables.fixed.hash_size;
            let hasher = self.tables.hasher.clone();
            let table = Table::new(name.clone(), sql_name, hash_size, hasher, gauges);
            table.await_rows(self.tables.awaits_rows.load(Ordering::Acquire));
            Arc::new(table)
        };
        by_name.entry(name.clone()).or_insert_with(make).clone()
    }

    pub(super) fn mode(&self) -> DbMode {
        self.settings.db_mode
    }

    /// How rows are read.
    pub(super) fn read<T>(&self, with: impl FnOnce(&Reading<'_>) -> T) -> T {
        let shared_text = |text: &[u8]| self.tables.shared_text(text);
        with(&Reading {
            use_domain: self.settings.rules.use_domain,
            keeps_connections: self.mode() == DbMode::DatabaseOnly,
            shared_text: &shared_text,
        })
    }

    /// The bindings that rows are, each with its address-of-record.
    pub(super) fn read_rows(&self, rows: &Rows) -> Vec<(Bytes, Arc<Binding>)> {
        let columns = &self.settings.columns;
        self.read(|read| {
            (0..rows.len())
                .filter_map(|index| columns.read(rows, index, read))
                .collect()
        })
    }

    /// The row of a binding.
    pub(super) fn row(&self, aor: &[u8], binding: &Binding) -> Row {
        let rules = &self.settings.rules;
        self.settings
            .columns
            .row(aor, binding, rules.use_domain, rules.nat_mask)
    }

    /// The write that puts a binding into its table, whatever is there.
    pub(super) fn put(&self, table: &Table, aor: &[u8], binding: &Binding) -> Write {
        let key = vec![self.settings.columns.ruid.clone()];
        Write::InsertOrUpdate {
            table: table.sql_name.clone(),
            row: self.row(aor, binding),
            key,
        }
    }

    /// The write that deletes a row.
    pub(super) fn delete(&self, table: &Table, ruid: &[u8]) -> Write {
        let filter = Filter::all().eq(self.settings.columns.ruid.clone(), store::Cell::text(ruid));
        Write::Delete {
            table: table.sql_name.clone(),
            filter,
        }
    }

    /// The write that follows from a change.
    pub(super) fn write(&self, table: &Table, aor: &[u8], change: &Change) -> Write {
        match change {
            Change::Insert(binding) | Change::Update(binding) => self.put(table, aor, binding),
            Change::Remove(binding) => self.delete(table, binding.ruid()),
        }
    }

    /// Writes a log line that belongs to no message.
    #[track_caller]
    pub(super) fn log(&self, level: Level, text: String) {
        self.logger.log(level, "usrloc", || text);
    }
}

/// The counters of a table.
pub(super) fn gauges(init: &Init<'_>, table: &str) -> Gauges {
    Gauges {
        users: init.counter(&format!("{table}_users"), "Addresses-of-record in memory."),
        contacts: init.counter(&format!("{table}_contacts"), "Contacts in memory."),
        expires: init.counter(&format!("{table}_expires"), "Contacts that expired."),
        registered_users: init.counter(
            "registered_users",
            "Addresses-of-record in memory, all tables.",
        ),
    }
}
