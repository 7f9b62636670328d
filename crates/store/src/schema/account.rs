//! Accounts and who may do what: auth_db, alias_db, group, uri_db, avpops, uac.

use crate::Name;

use super::{Table, index, int, text, time, unique};

/// `subscriber`, version 7.
pub static SUBSCRIBER: Table = Table {
    name: Name::fixed("subscriber"),
    version: 7,
    columns: &[
        text("username", 64).default_text(""),
        text("domain", 64).default_text(""),
        text("password", 64).default_text(""),
        text("ha1", 128).default_text(""),
        text("ha1b", 128).default_text(""),
    ],
    indexes: &[
        unique("account_idx", &["username", "domain"]),
        index("username_idx", &["username"]),
    ],
};

/// `dbaliases`, version 1.
pub static DBALIASES: Table = Table {
    name: Name::fixed("dbaliases"),
    version: 1,
    columns: &[
        text("alias_username", 64).default_text(""),
        text("alias_domain", 64).default_text(""),
        text("username", 64).default_text(""),
        text("domain", 64).default_text(""),
    ],
    indexes: &[
        index("alias_user_idx", &["alias_username"]),
        index("alias_idx", &["alias_username", "alias_domain"]),
        index("target_idx", &["username", "domain"]),
    ],
};

/// `grp`, version 2.
pub static GRP: Table = Table {
    name: Name::fixed("grp"),
    version: 2,
    columns: &[
        text("username", 64).default_text(""),
        text("domain", 64).default_text(""),
        text("grp", 64).default_text(""),
        time("last_modified").default_text("2000-01-01 00:00:01"),
    ],
    indexes: &[unique("account_group_idx", &["username", "domain", "grp"])],
};

/// `re_grp`, version 1.
pub static RE_GRP: Table = Table {
    name: Name::fixed("re_grp"),
    version: 1,
    columns: &[
        text("reg_exp", 128).default_text(""),
        int("group_id").default_int(0),
    ],
    indexes: &[index("group_idx", &["group_id"])],
};

/// `uri`, version 1.
pub static URI: Table = Table {
    name: Name::fixed("uri"),
    version: 1,
    columns: &[
        text("username", 64).default_text(""),
        text("domain", 64).default_text(""),
        text("uri_user", 64).default_text(""),
        time("last_modified").default_text("2000-01-01 00:00:01"),
    ],
    indexes: &[unique("account_idx", &["username", "domain", "uri_user"])],
};

/// `usr_preferences`, version 2.
pub static USR_PREFERENCES: Table = Table {
    name: Name::fixed("usr_preferences"),
    version: 2,
    columns: &[
        text("uuid", 64).default_text(""),
        text("username", 255).default_int(0),
        text("domain", 64).default_text(""),
        text("attribute", 32).default_text(""),
        int("type").default_int(0),
        text("value", 128).default_text(""),
        time("last_modified").default_text("2000-01-01 00:00:01"),
    ],
    indexes: &[
        index("ua_idx", &["uuid", "attribute"]),
        index("uda_idx", &["username", "domain", "attribute"]),
    ],
};

/// `uacreg`, version 5.
pub static UACREG: Table = Table {
    name: Name::fixed("uacreg"),
    version: 5,
    columns: &[
        text("l_uuid", 64).default_text(""),
        text("l_username", 64).default_text(""),
        text("l_domain", 64).default_text(""),
        text("r_username", 64).default_text(""),
        text("r_domain", 64).default_text(""),
        text("realm", 64).default_text(""),
        text("auth_username", 64).default_text(""),
        text("auth_password", 64).default_text(""),
        text("auth_ha1", 128).default_text(""),
        text("auth_proxy", 255).default_text(""),
        int("expires").default_int(0),
        int("flags").default_int(0),
        int("reg_delay").default_int(0),
        text("contact_addr", 255).default_text(""),
        text("socket", 128).default_text(""),
    ],
    indexes: &[unique("l_uuid_idx", &["l_uuid"])],
};
