//! Domains, addresses, lists and filters: domain, permissions, userblocklist, secfilter.

use crate::Name;

use super::{Table, index, int, small_int, small_unsigned, text, time, unique, unsigned};

/// `domain`, version 2.
pub static DOMAIN: Table = Table {
    name: Name::fixed("domain"),
    version: 2,
    columns: &[
        text("domain", 64),
        text("did", 64).nullable(),
        time("last_modified").default_text("2000-01-01 00:00:01"),
    ],
    indexes: &[unique("domain_idx", &["domain"])],
};

/// `domain_attrs`, version 1.
pub static DOMAIN_ATTRS: Table = Table {
    name: Name::fixed("domain_attrs"),
    version: 1,
    columns: &[
        text("did", 64),
        text("name", 32),
        unsigned("type"),
        text("value", 255),
        time("last_modified").default_text("2000-01-01 00:00:01"),
    ],
    indexes: &[index("domain_attrs_idx", &["did", "name"])],
};

/// `trusted`, version 6.
pub static TRUSTED: Table = Table {
    name: Name::fixed("trusted"),
    version: 6,
    columns: &[
        text("src_ip", 50),
        text("proto", 4),
        text("from_pattern", 64).nullable(),
        text("ruri_pattern", 64).nullable(),
        text("tag", 64).nullable(),
        int("priority").default_int(0),
    ],
    indexes: &[index("peer_idx", &["src_ip"])],
};

/// `address`, version 6.
pub static ADDRESS: Table = Table {
    name: Name::fixed("address"),
    version: 6,
    columns: &[
        unsigned("grp").default_int(1),
        text("ip_addr", 50),
        int("mask").default_int(32),
        small_unsigned("port").default_int(0),
        text("tag", 64).nullable(),
    ],
    indexes: &[],
};

/// `userblocklist`, version 1.
pub static USERBLOCKLIST: Table = Table {
    name: Name::fixed("userblocklist"),
    version: 1,
    columns: &[
        text("username", 64).default_text(""),
        text("domain", 64).default_text(""),
        text("prefix", 64).default_text(""),
        small_int("allowlist").default_int(0),
    ],
    indexes: &[index(
        "userblocklist_idx",
        &["username", "domain", "prefix"],
    )],
};

/// `globalblocklist`, version 1.
pub static GLOBALBLOCKLIST: Table = Table {
    name: Name::fixed("globalblocklist"),
    version: 1,
    columns: &[
        text("prefix", 64).default_text(""),
        small_int("allowlist").default_int(0),
        text("description", 255).nullable(),
    ],
    indexes: &[index("globalblocklist_idx", &["prefix"])],
};

/// `secfilter`, version 1.
pub static SECFILTER: Table = Table {
    name: Name::fixed("secfilter"),
    version: 1,
    columns: &[
        small_int("action").default_int(0),
        small_int("type").default_int(0),
        text("data", 64).default_text(""),
    ],
    indexes: &[index("secfilter_idx", &["action", "type", "data"])],
};
