//! What `ctl` works on: a running server, or a database.

use super::driver;
use crate::builtin::database_in;
use crate::stores::{connect, known};
use control::{CallError, Client};
use policy::DriverSettings;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use store::{DbUrl, Store};

/// A running server, or the database that the next one will use.
pub(super) enum Target {
    Server(Client),
    Database {
        /// Opened when it is needed.
        url: DbUrl,
        settings: DriverSettings,
        /// Where no server answered.
        socket: PathBuf,
    },
}

impl Target {
    /// The server behind the socket, unless nobody listens there.
    pub(super) fn find(socket: PathBuf, state: &Path) -> Target {
        match Client::connect(&socket) {
            Some(client) => Target::Server(client),
            None => Target::Database {
                url: DbUrl::of_file(&database_in(state)),
                settings: DriverSettings::default(),
                socket,
            },
        }
    }

    /// The database of a URL, connected as parameters of its driver's module say.
    pub(super) fn database_at(
        url: &str,
        params: &[String],
        socket: PathBuf,
    ) -> Result<Target, String> {
        let url = DbUrl::parse(url).map_err(|error| error.to_string())?;
        let driver = known(&url.driver)?;
        Ok(Target::Database {
            url,
            settings: driver::settings(driver, params)?,
            socket,
        })
    }

    /// Runs a command of the server.
    pub(super) fn call(&mut self, method: &str, params: Vec<Json>) -> Result<Json, String> {
        match self {
            Target::Server(client) => client.call(method, params).map_err(|error| match error {
                CallError::Refused(_, message) if message == "Method Not Found" => {
                    format!("this server has no command {method}")
                }
                CallError::Refused(_, message) => message,
                broken @ CallError::Broken(_) => broken.to_string(),
            }),
            Target::Database { socket, .. } => {
                Err(format!("no server answers at {}", socket.display()))
            }
        }
    }

    /// The result of a command that may not be there.
    pub(super) fn ask(&mut self, method: &str, params: Vec<Json>) -> Option<Json> {
        self.call(method, params).ok()
    }

    /// Changes something: the server does it, or it is done in the database.
    pub(super) fn change(
        &mut self,
        method: &str,
        params: Vec<Json>,
        change: impl FnOnce(&dyn Store) -> Result<(), String>,
    ) -> Result<(), String> {
        match self {
            Target::Server(_) => self.call(method, params).map(drop),
            Target::Database { .. } => self.with_database(change),
        }
    }

    /// Lists something, from the server or from the database.
    pub(super) fn list(
        &mut self,
        method: &str,
        params: Vec<Json>,
        list: impl FnOnce(&dyn Store) -> Result<Vec<String>, String>,
    ) -> Result<Vec<String>, String> {
        if let Target::Database { .. } = self {
            return self.with_database(list);
        }
        let found = self.call(method, params)?;
        serde_json::from_value(found).map_err(|error| error.to_string())
    }

    /// Works on the database, which gets the tables that it lacks.
    pub(super) fn with_database<T>(
        &mut self,
        work: impl FnOnce(&dyn Store) -> Result<T, String>,
    ) -> Result<T, String> {
        let store = self.database()?;
        control::accounts::create_tables(&*store)?;
        work(&*store)
    }

    /// The database as it is.
    pub(super) fn database(&self) -> Result<Box<dyn Store>, String> {
        let Target::Database { url, settings, .. } = self else {
            return Err("a server runs and has its tables; name a database with --db".to_owned());
        };
        if url.driver == "sqlite" {
            make_folder(Path::new(&url.database))?;
        }
        let store = connect(url, settings);
        store
            .map(|opened| opened.store)
            .map_err(|error| error.to_string())
    }

    /// Makes a running server read the trusted addresses again.
    pub(super) fn reload_addresses(&mut self) -> Result<(), String> {
        match self {
            Target::Server(_) => self.call("permissions.addressReload", Vec::new()).map(drop),
            Target::Database { .. } => Ok(()),
        }
    }
}

fn make_folder(file: &Path) -> Result<(), String> {
    let Some(dir) = file.parent().filter(|dir| !dir.as_os_str().is_empty()) else {
        return Ok(());
    };
    let made = std::fs::create_dir_all(dir);
    made.map_err(|error| format!("cannot make {}: {error}", dir.display()))
}
