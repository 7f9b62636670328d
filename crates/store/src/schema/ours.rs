//! Tables of Ringwall's own, beside Kamailio's: those are never given a column that Kamailio does
//! not know.

use crate::Name;

use super::{Table, int, small_int, text, time, unique};

/// `subscriber_sha256`, version 1: what `ha1` and `ha1b` of `subscriber` are for MD5, for SHA-256
/// (RFC 7616), in 64 lower-case hexadecimal digits. A user may have a row here, there, or in both.
pub static SUBSCRIBER_SHA256: Table = Table {
    name: Name::fixed("subscriber_sha256"),
    version: 1,
    columns: &[
        text("username", 64).default_text(""),
        text("domain", 64).default_text(""),
        text("ha1", 128).default_text(""),
        text("ha1b", 128).default_text(""),
    ],
    indexes: &[unique("account_idx", &["username", "domain"])],
};

/// `ban`, version 1: sources that are not heard, and those that are never banned.
pub static BAN: Table = Table {
    name: Name::fixed("ban"),
    version: 1,
    columns: &[
        // 192.0.2.1, 192.0.2.0/24, 2001:db8::/64, 192.0.2.1 port 5060.
        text("source", 50),
        // 1 where the source is never banned; then the other columns mean nothing.
        small_int("never").default_int(0),
        text("reason", 64).default_text(""),
        time("since").nullable(),
        // Null is for ever.
        time("until").nullable(),
        // Bans of this source before.
        int("strikes").default_int(0),
        // 1 where the source was proved, 2 where an operator wrote it.
        small_int("proof").default_int(1),
    ],
    indexes: &[unique("source_idx", &["source"])],
};

/// `fraud_prefix`, version 1: destinations by how their numbers begin.
pub static FRAUD_PREFIX: Table = Table {
    name: Name::fixed("fraud_prefix"),
    version: 1,
    columns: &[
        // +882 for international numbers, else digits as they are dialled.
        text("prefix", 32),
        // 0 where the destination is no risk; the longest prefix decides.
        small_int("risk").default_int(1),
        text("description", 128).default_text(""),
    ],
    indexes: &[unique("prefix_idx", &["prefix"])],
};
