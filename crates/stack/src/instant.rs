//! The time as this crate knows it: handed in, never asked for.

/// A moment on a monotonic clock, in milliseconds since a start that the owner chooses.
///
/// Sums saturate: no deadline that a configuration or a peer asks for can wrap around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The start of the clock.
    pub const ZERO: Instant = Instant(0);

    /// The moment `ms` milliseconds after the start of the clock.
    pub const fn from_ms(ms: u64) -> Self {
        Instant(ms)
    }

    /// Milliseconds since the start of the clock.
    pub const fn as_ms(self) -> u64 {
        self.0
    }

    /// The moment `ms` milliseconds later.
    #[must_use]
    pub const fn after_ms(self, ms: u64) -> Self {
        Instant(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment, 0 if `earlier` lies behind it.
    pub const fn ms_since(self, earlier: Instant) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The earlier of two optional deadlines.
pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
