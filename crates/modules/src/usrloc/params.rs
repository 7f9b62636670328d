//! The parameters of module usrloc, converted, and what may not change while the server runs.

mod declare;

pub(super) use declare::declare;

use super::columns::Columns;
use policy::LocationRules;
use std::sync::Arc;

/// How bindings and the database belong together (`db_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DbMode {
    /// 0: memory only.
    #[default]
    Memory,
    /// 1: each change is in the database before the script goes on.
    WriteThrough,
    /// 2: changes reach the database by the timer.
    WriteBack,
    /// 3: nothing in memory.
    DatabaseOnly,
    /// 4: read at start, never written.
    LoadOnly,
}

impl DbMode {
    fn from_number(number: i64) -> Result<DbMode, String> {
        Ok(match number {
            0 => DbMode::Memory,
            1 => DbMode::WriteThrough,
            2 => DbMode::WriteBack,
            3 => DbMode::DatabaseOnly,
            4 => DbMode::LoadOnly,
            _ => return Err(format!("expected a mode from 0 to 4, found {number}")),
        })
    }

    /// True where a database is there at all.
    pub(super) fn has_database(self) -> bool {
        self != DbMode::Memory
    }

    /// True where the timer keeps the database in step with memory.
    pub(super) fn writes(self) -> bool {
        matches!(self, DbMode::WriteThrough | DbMode::WriteBack)
    }
}

/// The parameters as the script sets them.
pub(crate) struct Params {
    pub(super) rules: LocationRules,
    pub(super) columns: Columns,
    pub(super) db_url: String,
    pub(super) db_mode: DbMode,
    pub(super) db_load: bool,
    pub(super) db_timer_clean: bool,
    pub(super) db_clean_tcp: bool,
    pub(super) desc_time_order: bool,
    pub(super) timer_interval_s: u32,
    pub(super) hash_size: u32,
    pub(super) fetch_rows: u32,
    pub(super) rm_expired_delay_s: u64,
    pub(super) server_id_filter: bool,
    pub(super) version_table: bool,
    pub(super) handle_lost_tcp: bool,
    pub(super) close_expired_tcp: bool,
    pub(super) preload: Vec<String>,
    pub(super) keepalive: super::keepalive::Params,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            rules: LocationRules {
                cseq_delay_s: 20,
                ..LocationRules::default()
            },
            columns: Columns::default(),
            db_url: "mysql://kamailio:kamailiorw@localhost/kamailio".to_owned(),
            db_mode: DbMode::Memory,
            db_load: true,
            db_timer_clean: false,
            db_clean_tcp: false,
            desc_time_order: false,
            timer_interval_s: 60,
            hash_size: 10,
            fetch_rows: 2000,
            rm_expired_delay_s: 0,
            server_id_filter: false,
            version_table: true,
            handle_lost_tcp: false,
            close_expired_tcp: false,
            preload: Vec::new(),
            keepalive: super::keepalive::Params::default(),
        }
    }
}

/// What a reload cannot change: bindings lie in memory by these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) db_mode: DbMode,
    pub(super) hash_size: u32,
    pub(super) use_domain: bool,
}

impl Params {
    pub(super) fn fixed(&self) -> Fixed {
        Fixed {
            db_mode: self.db_mode,
            hash_size: self.hash_size,
            use_domain: self.rules.use_domain,
        }
    }
}

/// What the tables need to know.
pub(super) struct Settings {
    pub(super) rules: LocationRules,
    pub(super) columns: Columns,
    pub(super) db_mode: DbMode,
    pub(super) desc_time_order: bool,
    pub(super) close_expired_tcp: bool,
    pub(super) handle_lost_tcp: bool,
    pub(super) db_timer_clean: bool,
    pub(super) timer_interval_s: u32,
    pub(super) rm_expired_delay_s: u64,
    /// Only rows of this server are read and cleaned.
    pub(super) server_id: Option<i64>,
    pub(super) store: Option<Arc<dyn store::Store>>,
    /// Who asks contacts whether they are there; none with `ka_mode` 0.
    pub(super) keepalive: Option<super::keepalive::Keepalive>,
}
