//! A bound on the processor time of a server, so that no load generator is needed that is stronger than it: a control group of the
//! kernel, version 2 or 1.

use crate::process::Tree;
use std::fs;
use std::path::{Path, PathBuf};

/// The time is given out anew this often, in microseconds: seldom enough for a share of a tenth to be more than the millisecond
/// that the kernel wants, and often enough that nobody waits long for it.
const PERIOD_US: u64 = 10_000;
const UNIFIED: &str = "/sys/fs/cgroup";
const LEGACY: &str = "/sys/fs/cgroup/cpu";

/// A group with a quota; it goes with this value, when its processes have ended.
pub(crate) struct Quota(PathBuf);

impl Quota {
    /// A group that gets so many hundredths of one processor.
    ///
    /// # Errors
    /// A sentence, where this user may not make one.
    pub(crate) fn new(percent: u64) -> Result<Quota, String> {
        let name = format!("ringwall-bench-{}", std::process::id());
        let quota_us = PERIOD_US * percent / 100;
        let unified = Path::new(UNIFIED).join("cgroup.controllers").exists();
        let folder = Path::new(if unified { UNIFIED } else { LEGACY }).join(name);
        let quota = Quota(folder);
        fs::create_dir_all(&quota.0).map_err(|error| quota.told(&error))?;
        if unified {
            let switch = Path::new(UNIFIED).join("cgroup.subtree_control");
            // Where it is on already, or cannot be, the next step tells.
            let _ = fs::write(switch, "+cpu");
            quota.set("cpu.max", &format!("{quota_us} {PERIOD_US}"))?;
        } else {
            quota.set("cpu.cfs_period_us", &PERIOD_US.to_string())?;
            quota.set("cpu.cfs_quota_us", &quota_us.to_string())?;
        }
        Ok(quota)
    }

    /// Takes in the processes of a server.
    ///
    /// # Errors
    /// A sentence, where the kernel does not want that.
    pub(crate) fn hold(&self, tree: &Tree) -> Result<(), String> {
        let mut ids = tree.ids().iter();
        ids.try_for_each(|id| self.set("cgroup.procs", &id.to_string()))
    }

    fn set(&self, file: &str, value: &str) -> Result<(), String> {
        fs::write(self.0.join(file), value).map_err(|error| self.told(&error))
    }

    fn told(&self, error: &std::io::Error) -> String {
        format!("no control group {}: {error}", self.0.display())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // An empty group costs nothing; the next one of this name takes its place.
        let _ = fs::remove_dir(&self.0);
    }
}
