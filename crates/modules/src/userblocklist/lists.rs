//! Where the lists stand: rows of users, asked each time, and whole lists, kept in memory.

use super::Params;
use super::prefix::Prefixes;
use parking_lot::RwLock;
use policy::{Level, Logger};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Cell, Filter, Name, Rows, Select, Store, StoreError};

/// The database and the lists that were read from it.
pub(super) struct Lists {
    pub(super) params: Params,
    pub(super) store: Arc<dyn Store>,
    logger: Logger,
    /// By table. The script names them; they are read when the server starts, none where that is still to come.
    kept: RwLock<BTreeMap<String, Option<Arc<Prefixes>>>>,
}

impl Lists {
    pub(super) fn new(params: Params, store: Arc<dyn Store>, logger: Logger) -> Lists {
        let kept = RwLock::default();
        let lists = Lists {
            params,
            store,
            logger,
            kept,
        };
        lists.name(&lists.params.global_table.clone());
        lists
    }

    /// Makes the list of a table one that is kept.
    pub(super) fn name(&self, table: &Name) {
        let mut kept = self.kept.write();
        kept.entry(table.as_str().to_owned()).or_default();
    }

    /// The list of a table; none where it is not read yet.
    pub(super) fn list(&self, table: &Name) -> Option<Arc<Prefixes>> {
        self.kept.read().get(table.as_str()).cloned().flatten()
    }

    /// The tables that are kept.
    pub(super) fn tables(&self) -> Vec<Name> {
        let kept = self.kept.read();
        kept.keys()
            .filter_map(|name| Name::parse(name).ok())
            .collect()
    }

    /// All rows of a list that is kept.
    pub(super) fn select(&self, table: &Name) -> Select {
        let columns = [
            self.params.global_prefix.clone(),
            self.params.global_allow.clone(),
        ];
        Select::from(table.clone()).columns(columns)
    }

    /// Puts what was read in the place of the former list; where reading failed it stays.
    pub(super) fn keep(
        &self,
        table: &Name,
        read: Result<store::Outcome, StoreError>,
    ) -> Result<(), String> {
        let rows = read.map_err(|error| format!("userblocklist: {error}"))?;
        let list = Some(Arc::new(self.prefixes(&rows.into_rows())));
        self.kept.write().insert(table.as_str().to_owned(), list);
        Ok(())
    }

    /// The rows of one user.
    pub(super) fn select_user(&self, table: &Name, user: &[u8], domain: Option<&[u8]>) -> Select {
        let params = &self.params;
        let mut filter = Filter::all().eq(params.user_username.clone(), Cell::text(user));
        if let Some(domain) = domain.filter(|_| params.use_domain) {
            filter = filter.eq(params.user_domain.clone(), Cell::text(domain));
        }
        Select::from(table.clone())
            .columns([params.user_prefix.clone(), params.user_allow.clone()])
            .filter(filter)
    }

    /// Rows of prefix and allowlist. What is no prefix is left out and named in the log.
    pub(super) fn prefixes(&self, rows: &Rows) -> Prefixes {
        let mut prefixes = Prefixes::new(self.params.alphabet);
        for row in &rows.rows {
            let text = row.first().and_then(Cell::as_bytes).unwrap_or_default();
            let allows = row.get(1).and_then(Cell::as_int).unwrap_or(0) != 0;
            if !prefixes.add(text, allows) {
                self.logger.log(Level::Err, "userblocklist", || {
                    let text = String::from_utf8_lossy(text);
                    format!("cannot insert non-numerical prefix {text}")
                });
            }
        }
        prefixes
    }
}
