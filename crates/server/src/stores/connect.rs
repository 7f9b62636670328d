//! Which crate speaks to which database.

use policy::DriverSettings;
use std::path::Path;
use std::time::Duration;
use store::{DbUrl, Store, StoreError};
use store_mysql::Mysql;
use store_postgres::Postgres;
use store_remote::{Driver, Options, Remote, Zone};

/// The drivers, as they stand in URLs.
const DRIVERS: [&str; 3] = ["sqlite", "mysql", "postgres"];

/// The driver of this name.
///
/// # Errors
/// A sentence, where there is none.
pub(crate) fn known(name: &str) -> Result<&'static str, String> {
    let driver = DRIVERS.into_iter().find(|driver| *driver == name);
    driver.ok_or_else(|| {
        format!(
            "no driver for `{name}` databases; write sqlite:///path, mysql://user:password@host/database or postgres://user:password@host/database"
        )
    })
}

/// A database that is opened.
pub(crate) struct Opened {
    pub(crate) store: Box<dyn Store>,
    /// Why nobody answers yet; none where somebody did.
    pub(super) away: Option<StoreError>,
}

/// Opens a file, or connects to a server.
///
/// # Errors
/// Why that does not work.
pub(crate) fn connect(url: &DbUrl, settings: &DriverSettings) -> Result<Opened, StoreError> {
    open(url, options(settings))
}

/// The same, where nobody may answer yet.
///
/// # Errors
/// Why that will not work later either.
pub(super) fn connect_sometime(
    url: &DbUrl,
    settings: &DriverSettings,
) -> Result<Opened, StoreError> {
    let mut options = options(settings);
    options.may_be_away = true;
    open(url, options)
}

fn open(url: &DbUrl, options: Options) -> Result<Opened, StoreError> {
    match url.driver.as_str() {
        "mysql" => store_mysql::open(url, Zone::local(), options).map(opened),
        "postgres" => store_postgres::open(url, Zone::local(), options).map(opened),
        _ => {
            let path = Path::new(&url.database);
            let options = store_sqlite::Options::default();
            let store = store_sqlite::SqliteStore::open(path, options)?;
            Ok(Opened {
                store: Box::new(store),
                away: None,
            })
        }
    }
}

fn opened<D: Driver>(store: Remote<D>) -> Opened {
    let away = store.was_away().cloned();
    Opened {
        store: Box::new(store),
        away,
    }
}

/// A text as a literal by the rules of a driver.
pub(super) fn literal(driver: &str, text: &[u8]) -> String {
    match driver {
        "mysql" => Mysql::quote(text),
        "postgres" => Postgres::quote(text),
        _ => store_sqlite::literal(text),
    }
}

fn options(settings: &DriverSettings) -> Options {
    let (mut options, ms) = (Options::default(), Duration::from_millis);
    options.deadline = settings.deadline_ms.map_or(options.deadline, ms);
    options.connect = settings.connect_ms.map_or(options.connect, ms);
    options.idle = settings.idle_ms.map_or(options.idle, ms);
    options.authorities = settings.believed().map(Into::into);
    options
}
