//! Whether tables are of our time: table `version` says so, as for Kamailio.

use super::Init;
use crate::{Problem, StartDone};
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
pub struct TableVersions {
    module: &'static str,
    /// The URL without its password.
    place: String,
    store: Arc<dyn Store>,
    /// What was said at this start; none where every check is to ask anew.
    said: Option<Arc<TablesSaid>>,
}

/// What databases have said of the versions of their tables, by URL and table: several modules have one table.
#[derive(Default)]
pub struct TablesSaid(Mutex<BTreeMap<(String, Name), Result<Outcome, StoreError>>>);

impl Init<'_> {
    /// Stops the start where the table `name` of a database is not of the version of `schema`. Tasks given
    /// later find that out before they read the table.
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
        let (mut versions, name) = (self.table_versions(url)?, name.clone());
        versions.said = Some(self.installed.said_of_tables.clone());
        self.on_start(move |done| versions.check(name, schema, untold, done));
        Ok(())
    }

    /// What compares tables of a database that are known only later.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn table_versions(&self, url: &str) -> Result<TableVersions, Problem> {
        Ok(TableVersions {
            module: self.module,
            place: DbUrl::parse(url).map_or_else(|_| String::new(), |url| url.to_string()),
            store: self.store(url)?,
            said: None,
        })
    }
}

impl TableVersions {
    /// Tells whether the table `name` is of the version of `schema`; if not, the sentence says what to do.
    pub fn check(&self, name: Name, schema: &'static Table, untold: Untold, done: StartDone) {
        let key = (self.place.clone(), name.clone());
        let said = self.said.as_ref();
        if let Some(known) = said.and_then(|said| said.0.lock().get(&key).cloned()) {
            return done(self.judge(&name, schema.version, untold, known));
        }
        let own = self.clone();
        let heard = move |result: Result<Outcome, StoreError>| {
            if let Some(said) = &own.said {
                said.0.lock().insert(key.clone(), result.clone());
            }
            done(own.judge(&key.1, schema.version, untold, result));
        };
        self.store
            .submit(Operation::TableVersion { table: name }, Box::new(heard));
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
            said: None,
        };
        let said = Arc::new(Mutex::new(None));
        let heard = said.clone();
        let done = Box::new(move |result| *heard.lock() = Some(result));
        versions.check(DOMAIN.name.clone(), &DOMAIN, untold, done);
        said.lock().take().expect("an answer")
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
            said: Some(said.clone()),
        };
        let first = versions("domain", with_version(Some(1)));
        // Another answer would be given, were it asked again.
        let second = versions("uri_db", with_version(Some(DOMAIN.version)));
        for asks in [first, second] {
            let module = asks.module;
            let done = Box::new(move |result: Result<(), String>| {
                let why = result.expect_err("version 1");
                assert!(
                    why.starts_with(&format!("module {module}: invalid version 1")),
                    "{why}"
                );
            });
            asks.check(DOMAIN.name.clone(), &DOMAIN, Untold::Refused, done);
        }
        assert_eq!(said.0.lock().len(), 1);
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
