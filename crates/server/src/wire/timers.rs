//! The timers of modules, on one thread.

use edge::Edge;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Runs what modules want done again and again. A reload changes what that is.
pub(crate) struct ModuleTimers(pub(crate) Arc<Edge>);

/// How long the thread sleeps at most, so that it sees a stop and a reload.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

impl ModuleTimers {
    /// Works until `stop` is set.
    pub(crate) fn run(self, stop: &AtomicBool) {
        let mut config = self.0.config();
        let mut due = first_deadlines(&config);
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(until_due(&due));
            let current = self.0.config();
            if !Arc::ptr_eq(&config, &current) {
                config = current;
                due = first_deadlines(&config);
            }
            run_due(&config, &mut due);
        }
    }
}

fn first_deadlines(config: &policy::Config) -> Vec<Instant> {
    config
        .installed
        .timers
        .iter()
        .map(|timer| Instant::now() + interval(timer))
        .collect()
}

/// Until the first timer is due.
fn until_due(due: &[Instant]) -> Duration {
    let first = due
        .iter()
        .min()
        .map(|at| at.saturating_duration_since(Instant::now()));
    first.map_or(LONGEST_SLEEP, |wait| wait.min(LONGEST_SLEEP))
}

fn run_due(config: &policy::Config, due: &mut [Instant]) {
    let now = Instant::now();
    for (timer, at) in config.installed.timers.iter().zip(due) {
        if *at <= now {
            (timer.run)(crate::clock::unix_ms());
            *at = now + interval(timer);
        }
    }
}

fn interval(timer: &policy::Timer) -> Duration {
    Duration::from_millis(timer.interval_ms.into())
}
