//! What the tree goes by.

/// How far the tree grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Nodes at most. Each costs 37 octets, so a full tree of the default size costs 9.3 MiB. What
    /// finds no place is not counted and not blocked; nodes that were not hit in this unit nor the
    /// last one make room first.
    pub(super) nodes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        // The hash tables are full at seven eighths of a power of two.
        Limits {
            nodes: SHARDS * 3584,
        }
    }
}

/// Parts of the tree that are locked one by one.
pub(super) const SHARDS: usize = 64;

/// What the tree goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// Requests of one address in a unit that make it red.
    pub(super) density: u32,
    /// The length of a unit in seconds, at least 1.
    pub(super) unit_s: u32,
    /// For so long a node stays after its last request.
    pub(super) latency_s: u32,
    pub(super) limits: Limits,
}

impl Rules {
    /// The number of the unit that a moment lies in.
    pub(super) fn unit(&self, unix_ms: u64) -> u32 {
        // The number goes round after centuries at least.
        (unix_ms / 1000 / u64::from(self.unit_s.max(1))) as u32
    }

    /// Hits of a node that make it grow.
    pub(super) fn growth(&self) -> u32 {
        self.density / 4
    }

    /// Seconds that a node is kept that was hit in the unit `last`; none where it is over.
    pub(super) fn left_s(&self, last: u32, unit: u32) -> Option<u64> {
        let idle_s = u64::from(unit.saturating_sub(last)) * u64::from(self.unit_s);
        let left_s = u64::from(self.latency_s).checked_sub(idle_s);
        left_s.filter(|left_s| *left_s > 0)
    }
}
