//! What a configuration may know of the process it runs in, handed in by the server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Seconds that local time is ahead of UTC at a given Unix second.
pub type LocalOffset = Arc<dyn Fn(u64) -> i32 + Send + Sync>;

/// The process and its surroundings. Pure code asks nobody for them; the default is a process
/// with an empty environment in UTC.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The process id (`$pp`).
    pub pid: u32,
    /// When the server started, in Unix seconds (`$Tb`).
    pub started_s: u64,
    /// The environment (`$env(NAME)`).
    pub environment: BTreeMap<String, String>,
    /// The name of the main configuration file.
    pub config_file: String,
    /// Local time (`$Tf`, `$timef(…)`); UTC where it is missing.
    pub local_offset: Option<LocalOffset>,
}

impl Surroundings {
    /// Seconds that local time is ahead of UTC at `unix_s`.
    pub fn offset_s(&self, unix_s: u64) -> i32 {
        self.local_offset
            .as_ref()
            .map_or(0, |offset| offset(unix_s))
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
