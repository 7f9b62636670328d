//! How far the list grows.

/// The bounds of [`Bans`](super::Bans) and what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanLimits {
    /// Single sources in the list, two places of a hash table of 65 octets and a reason of at most 80 octets each:
    /// 13.8 MB for the default. When it is full, what has ended goes first. After that an unvalidated ban is not made,
    /// and a founded one takes the place of an unvalidated one, or of that which ends next; what an
    /// operator wrote stays.
    pub sources: usize,
    /// Networks in the list, and networks that are never banned. One more is refused.
    pub networks: usize,
    /// Users and ports that proved themselves. A phone is both: 48 octets, and two places of a hash table of 73
    /// octets where nobody else is behind its address, which makes 25 MB of 131,072 phones, as many as the
    /// default has room for. When it is full new ones are as strangers; the old ones stay known.
    pub known: usize,
    /// Changes that wait for the database. One more is kept in memory alone.
    pub unsaved: usize,
}

impl Default for BanLimits {
    fn default() -> BanLimits {
        BanLimits {
            sources: 65_536,
            networks: 1024,
            known: 262_144,
            unsaved: 65_536,
        }
    }
}
