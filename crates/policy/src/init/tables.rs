//! Whether tables are of our time: table `version` says so, as for Kamailio.

use super::Init;
use crate::problem::problem;
use crate::{Problem, StartDone, finish};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::schema::Table;
use store::{DbUrl, Name, Operation, Outcome, Store, StoreError};

/// What a module makes of a table that has no row in table `version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// It has version 0, as in Kamailio, which is never the right one.
    Refused,
    /// It is used as it stands, because Kamailio does not look at all or not always.
    Accepted,
}

/// Compares tables of one database with what a module needs.
#[derive(Clone)]
struct TableVersions {
    module: &'static str,
    /// The URL without its password.
    place: String,
    store: Arc<dyn Store>,
    said: Arc<TablesSaid>,
}

/// What databases have said of tables that are right, by URL and table: several modules have one table.
#[derive(Default)]
pub struct TablesSaid(Mutex<BTreeMap<(String, Name), Outcome>>);

impl Init<'_> {
    /// Stops the start where the table `name` of a database is not of the version of `schema`. Tasks given
    /// later find that out before they read the table. Of a database that is away at start nothing is used before
    /// its tables are known to be right.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn expect_table(
        &mut self,
        url: &str,
        name: &Name,
        schema: &'static Table,
        untold: Untold,
    ) -> Result<(), Problem> {
        let name = name.clone();
        self.expect_tables(url, move || vec![name.clone()], schema, untold)
    }

    /// The same of tables whose names are known once the script is loaded, since functions are given them.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn expect_tables(
        &mut self,
        url: &str,
        names: impl Fn() -> Vec<Name> + Send + 'static,
        schema: &'static Table,
        untold: Untold,
    ) -> Result<(), Problem> {
        let _connected_at_start = self.store(url)?;
        let versions = TableVersions {
            module: self.module,
            place: DbUrl::parse(url).map_or_else(|_| String::new(), |url| url.to_string()),
            store: self.stores.open_unchecked(url).map_err(problem)?,
            said: self.installed.said_of_tables.clone(),
        };
        let check = move |done: StartDone| {
            let one = |name| finish(|done| versions.check(name, schema, untold, done));
            done(names().iter().try_for_each(one));
        };
        self.need_database(url, true, Box::new(check));
        Ok(())
    }
}

impl TableVersions {
    /// Tells whether the table `name` is of the version of `schema`; if not, the sentence says what to do.
    fn check(&self, name: &Name, schema: &'static Table, untold: Untold, done: StartDone) {
        let key = (self.place.clone(), name.clone());
        let known = self.said.0.lock().get(&key).cloned();
        if let Some(known) = known {
            return done(self.judge(name, schema.version, untold, Ok(known)));
        }
        let own = self.clone();
        let table = name.clone();
        let heard = move |result: Result<Outcome, StoreError>| {
            let judged = own.judge(&key.1, schema.version, untold, result.clone());
            if let (Ok(()), Ok(said)) = (&judged, result) {
                own.said.0.lock().insert(key, said);
            }
            done(judged);
        };
        self.store
            .submit(Operation::TableVersion { table }, Box::new(heard));
    }

    fn judge(
        &self,
        table: &Name,
        needed: i64,
        untold: Untold,
        result: Result<Outcome, StoreError>,
    ) -> Result<(), String> {
        let (module, place) = (self.module, &self.place);
        let found = match result {
            Ok(Outcome::Version(None)) | Err(StoreError::NoTable { .. })
                if untold == Untold::Accepted =>
            {
                return Ok(());
            }
            Ok(Outcome::Version(found)) => found.unwrap_or(0),
            Ok(_) => return Ok(()),
            Err(error @ StoreError::NoTable { .. }) => {
                return Err(format!(
                    "module {module} needs table {table}, version {needed}: {error}; {}",
                    self.creation()
                ));
            }
            Err(error) => return Err(format!("module {module} needs table {table}: {error}")),
        };
        if found == needed {
            return Ok(());
        }
        let advice = match found {
            0 => format!(
                "{}; a table of that structure that is there already gets its row in table \"version\"",
                self.creation()
            ),
            _ => {
                "check table structure and table \"version\"; Kamailio's notes on upgrading tell the changes"
                    .to_owned()
            }
        };
        Err(format!(
            "module {module}: invalid version {found} for table {table} found in {place}, expected {needed} ({advice})"
        ))
    }

    fn creation(&self) -> String {
        let place = &self.place;
        format!("`ringwall ctl --db {place} db create` makes the tables that are missing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Memory;
    use store::schema::DOMAIN;
    use store::{Cell, Filter, Write, name, wait};

    fn judged(store: Arc<dyn Store>, untold: Untold) -> Result<(), String> {
        let versions = TableVersions {
            module: "domain",
            place: "mysql://u@h/k".to_owned(),
            store,
            said: Arc::default(),
        };
        finish(|done| versions.check(&DOMAIN.name, &DOMAIN, untold, done))
    }

    /// All standard tables, with this version for table `domain`.
    fn with_version(version: Option<i64>) -> Arc<dyn Store> {
        let (store, table) = (Memory::standard(), name!("version"));
        let filter = Filter::all().eq(name!("table_name"), "domain");
        let write = match version {
            None => Write::Delete { table, filter },
            Some(version) => Write::Update {
                table,
                set: vec![(name!("table_version"), Cell::Int(version))],
                filter,
            },
        };
        wait(&store, write.into()).expect("the table of versions");
        Arc::new(store)
    }

    #[test]
    fn a_table_of_two_modules_is_asked_for_once() {
        let said = Arc::new(TablesSaid::default());
        let versions = |module, store| TableVersions {
            module,
            place: "mysql://u@h/k".to_owned(),
            store,
            said: said.clone(),
        };
        let wrong = || versions("domain", with_version(Some(1)));
        let right = versions("uri_db", with_version(Some(DOMAIN.version)));
        let asks = |versions: TableVersions| {
            finish(|done| versions.check(&DOMAIN.name, &DOMAIN, Untold::Refused, done))
        };
        // What is wrong is asked for again: somebody may have mended it.
        let why = asks(wrong()).expect_err("version 1");
        assert!(why.starts_with("module domain: invalid version 1"), "{why}");
        assert_eq!(asks(right), Ok(()));
        // Another answer would be given, were it asked again.
        assert_eq!(asks(wrong()), Ok(()));
    }

    #[test]
    fn the_right_version_is_taken() {
        let store = with_version(Some(DOMAIN.version));
        assert_eq!(judged(store, Untold::Refused), Ok(()));
    }

    #[test]
    fn another_version_is_refused() {
        for untold in [Untold::Refused, Untold::Accepted] {
            let said = judged(with_version(Some(1)), untold).expect_err("a sentence");
            assert!(
                said.starts_with("module domain: invalid version 1 for table domain found in mysql://u@h/k, expected 2 (check table structure and table \"version\""),
                "{said}"
            );
        }
    }

    #[test]
    fn a_table_without_a_version_has_version_0() {
        assert_eq!(judged(with_version(None), Untold::Accepted), Ok(()));
        let said = judged(with_version(None), Untold::Refused).expect_err("a sentence");
        assert!(
            said.contains("invalid version 0 for table domain found"),
            "{said}"
        );
        assert!(
            said.contains("`ringwall ctl --db mysql://u@h/k db create`"),
            "{said}"
        );
    }

    #[test]
    fn a_database_without_table_version_needs_its_tables_made() {
        let empty = || Arc::new(Memory::new(store::Limits::default()));
        assert_eq!(judged(empty(), Untold::Accepted), Ok(()));
        let said = judged(empty(), Untold::Refused).expect_err("a sentence");
        assert!(said.contains("needs table domain, version 2"), "{said}");
        assert!(
            said.contains("`ringwall ctl --db mysql://u@h/k db create`"),
            "{said}"
        );
    }
}
