//! What a configuration may know of the process it runs in, handed in by the server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Seconds that local time is ahead of UTC at a given Unix second.
pub type LocalOffset = Arc<dyn Fn(u64) -> i32 + Send + Sync>;

/// Reads a whole file, or says in a sentence why not.
pub type ReadFile = Arc<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

/// The name of local time at a Unix second, such as `CEST`, and whether it is summer time.
pub type LocalZone = Arc<dyn Fn(u64) -> (String, bool) + Send + Sync>;

/// The process and its surroundings. Pure code asks nobody for them; the default is a process
/// with an empty environment in UTC.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The process id (`$pp`).
    pub pid: u32,
    /// When the server started, in Unix seconds (`$Tb`).
    pub started_s: u64,
    /// The name of this machine (`$HN(n)`).
    pub host_name: String,
    /// The environment (`$env(NAME)`).
    pub environment: BTreeMap<String, String>,
    /// The name of the main configuration file.
    pub config_file: String,
    /// Local time (`$Tf`, `$timef(…)`); UTC where it is missing.
    pub local_offset: Option<LocalOffset>,
    /// What local time is called (`%Z`); UTC where it is missing.
    pub local_zone: Option<LocalZone>,
    /// The file system, for files that parameters and functions name; there is none where it is
    /// missing. A command may read again, a route never does.
    pub read_file: Option<ReadFile>,
}

impl Surroundings {
    /// Seconds that local time is ahead of UTC at `unix_s`.
    pub fn offset_s(&self, unix_s: u64) -> i32 {
        self.local_offset
            .as_ref()
            .map_or(0, |offset| offset(unix_s))
    }

    /// What local time is called at `unix_s`, and whether it is summer time.
    pub fn zone(&self, unix_s: u64) -> (String, bool) {
        let zone = self.local_zone.as_ref();
        zone.map_or_else(|| ("UTC".to_owned(), false), |zone| zone(unix_s))
    }

    /// The file at `path`; a path that is not absolute is looked for beside the main
    /// configuration file.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = self.path_of(path);
        match &self.read_file {
            Some(read) => read(&path).map_err(|why| format!("{path}: {why}")),
            None => Err(format!("{path}: no files can be read here")),
        }
    }

    /// A path as [`Surroundings::file`] looks for it.
    pub fn path_of(&self, path: &str) -> String {
        match self.config_file.rsplit_once('/') {
            Some((folder, _)) if !path.starts_with('/') => format!("{folder}/{path}"),
            _ => path.to_owned(),
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("pid", &self.pid)
            .field("config_file", &self.config_file)
            .finish()
    }
}
