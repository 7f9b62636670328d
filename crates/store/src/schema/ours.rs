//! Tables of Ringwall's own, beside Kamailio's: those are never given a column that Kamailio does
//! not know.

use crate::Name;

use super::{Table, text, unique};

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
