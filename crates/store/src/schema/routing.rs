//! Destinations and rules: dispatcher, dialplan, speeddial, pipelimit, htable.

use crate::Name;

use super::{Table, int, text, unique};

/// `dispatcher`, version 4.
pub static DISPATCHER: Table = Table {
    name: Name::fixed("dispatcher"),
    version: 4,
    columns: &[
        int("setid").default_int(0),
        text("destination", 192).default_text(""),
        int("flags").default_int(0),
        int("priority").default_int(0),
        text("attrs", 128).default_text(""),
        text("description", 64).default_text(""),
    ],
    indexes: &[],
};

/// `dialplan`, version 2.
pub static DIALPLAN: Table = Table {
    name: Name::fixed("dialplan"),
    version: 2,
    columns: &[
        int("dpid"),
        int("pr"),
        int("match_op"),
        text("match_exp", 64),
        int("match_len"),
        text("subst_exp", 64),
        text("repl_exp", 256),
        text("attrs", 64),
    ],
    indexes: &[],
};

/// `speed_dial`, version 2.
pub static SPEED_DIAL: Table = Table {
    name: Name::fixed("speed_dial"),
    version: 2,
    columns: &[
        text("username", 64).default_text(""),
        text("domain", 64).default_text(""),
        text("sd_username", 64).default_text(""),
        text("sd_domain", 64).default_text(""),
        text("new_uri", 255).default_text(""),
        text("fname", 64).default_text(""),
        text("lname", 64).default_text(""),
        text("description", 64).default_text(""),
    ],
    indexes: &[unique(
        "speed_dial_idx",
        &["username", "domain", "sd_domain", "sd_username"],
    )],
};

/// `pl_pipes`, version 1.
pub static PL_PIPES: Table = Table {
    name: Name::fixed("pl_pipes"),
    version: 1,
    columns: &[
        text("pipeid", 64).default_text(""),
        text("algorithm", 32).default_text(""),
        int("plimit").default_int(0),
    ],
    indexes: &[],
};

/// `htable`, version 2.
pub static HTABLE: Table = Table {
    name: Name::fixed("htable"),
    version: 2,
    columns: &[
        text("key_name", 64).default_text(""),
        int("key_type").default_int(0),
        int("value_type").default_int(0),
        text("key_value", 128).default_text(""),
        int("expires").default_int(0),
    ],
    indexes: &[],
};
