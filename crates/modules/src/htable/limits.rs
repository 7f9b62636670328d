//! What bounds tables.

/// How large tables grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Octets of all keys and values of one table, with [`ITEM`] for each item: 64 MiB hold about
    /// 440,000 banned addresses. `maxbytes` of the declaration changes it. A table that is full takes no
    /// new item until one is gone; updates that do not grow still work.
    pub(super) table_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            table_bytes: 64 << 20,
        }
    }
}

/// What an item costs besides its octets: its place in the hash table, which may be half empty, and two
/// allocations.
pub(super) const ITEM: usize = 128;
