//! Waiting with a deadline.

use std::time::{Duration, Instant};

/// How long anything may take that takes milliseconds on a machine with nothing else to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How often a probe looks.
const STEP: Duration = Duration::from_millis(10);

/// Looks until `probe` finds something.
///
/// # Panics
/// Where it found nothing within `limit`; `what` names it.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        std::thread::sleep(STEP);
    }
}
