//! Who is registered where: usrloc, registrar.

use crate::Name;

use super::{Table, index, int, real, text, time, unique};

/// `location`, version 9.
pub static LOCATION: Table = Table {
    name: Name::fixed("location"),
    version: 9,
    columns: &[
        text("ruid", 64).default_text(""),
        text("username", 64).default_text(""),
        text("domain", 64).nullable(),
        text("contact", 512).default_text(""),
        text("received", 128).nullable(),
        text("path", 512).nullable(),
        time("expires").default_text("2030-05-28 21:32:15"),
        real("q", 2).default_real(1.0),
        text("callid", 255).default_text("Default-Call-ID"),
        int("cseq").default_int(1),
        time("last_modified").default_text("2000-01-01 00:00:01"),
        int("flags").default_int(0),
        int("cflags").default_int(0),
        text("user_agent", 255).default_text(""),
        text("socket", 64).nullable(),
        int("methods").nullable(),
        text("instance", 255).nullable(),
        int("reg_id").default_int(0),
        int("server_id").default_int(0),
        int("connection_id").default_int(0),
        int("keepalive").default_int(0),
        int("partition").default_int(0),
    ],
    indexes: &[
        unique("ruid_idx", &["ruid"]),
        index("account_contact_idx", &["username", "domain", "contact"]),
        index("expires_idx", &["expires"]),
        index("tcpcon_idx", &["connection_id"]),
        index("connection_idx", &["server_id", "connection_id"]),
    ],
};

/// `location_attrs`, version 1.
pub static LOCATION_ATTRS: Table = Table {
    name: Name::fixed("location_attrs"),
    version: 1,
    columns: &[
        text("ruid", 64).default_text(""),
        text("username", 64).default_text(""),
        text("domain", 64).nullable(),
        text("aname", 64).default_text(""),
        int("atype").default_int(0),
        text("avalue", 512).default_text(""),
        time("last_modified").default_text("2000-01-01 00:00:01"),
    ],
    indexes: &[
        index("account_record_idx", &["username", "domain", "ruid"]),
        index("last_modified_idx", &["last_modified"]),
    ],
};

/// `aliases`, version 8.
pub static ALIASES: Table = Table {
    name: Name::fixed("aliases"),
    version: 8,
    columns: &[
        text("ruid", 64).default_text(""),
        text("username", 64).default_text(""),
        text("domain", 64).nullable(),
        text("contact", 255).default_text(""),
        text("received", 255).nullable(),
        text("path", 512).nullable(),
        time("expires").default_text("2030-05-28 21:32:15"),
        real("q", 2).default_real(1.0),
        text("callid", 255).default_text("Default-Call-ID"),
        int("cseq").default_int(1),
        time("last_modified").default_text("2000-01-01 00:00:01"),
        int("flags").default_int(0),
        int("cflags").default_int(0),
        text("user_agent", 255).default_text(""),
        text("socket", 64).nullable(),
        int("methods").nullable(),
        text("instance", 255).nullable(),
        int("reg_id").default_int(0),
        int("server_id").default_int(0),
        int("connection_id").default_int(0),
        int("keepalive").default_int(0),
        int("partition").default_int(0),
    ],
    indexes: &[
        unique("ruid_idx", &["ruid"]),
        index("account_contact_idx", &["username", "domain", "contact"]),
        index("expires_idx", &["expires"]),
    ],
};
