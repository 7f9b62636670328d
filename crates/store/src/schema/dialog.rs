//! Calls in progress: dialog, topos.

use crate::Name;

use super::{Table, index, int, long_text, text, time, unsigned};

/// `dialog`, version 7.
pub static DIALOG: Table = Table {
    name: Name::fixed("dialog"),
    version: 7,
    columns: &[
        unsigned("hash_entry"),
        unsigned("hash_id"),
        text("callid", 255),
        text("from_uri", 255),
        text("from_tag", 128),
        text("to_uri", 255),
        text("to_tag", 128),
        text("caller_cseq", 20),
        text("callee_cseq", 20),
        text("caller_route_set", 512).nullable(),
        text("callee_route_set", 512).nullable(),
        text("caller_contact", 255),
        text("callee_contact", 255),
        text("caller_sock", 64),
        text("callee_sock", 64),
        unsigned("state"),
        unsigned("start_time"),
        unsigned("timeout").default_int(0),
        unsigned("sflags").default_int(0),
        unsigned("iflags").default_int(0),
        text("toroute_name", 32).nullable(),
        text("req_uri", 255),
        text("xdata", 512).nullable(),
    ],
    indexes: &[index("hash_idx", &["hash_entry", "hash_id"])],
};

/// `dialog_vars`, version 1.
pub static DIALOG_VARS: Table = Table {
    name: Name::fixed("dialog_vars"),
    version: 1,
    columns: &[
        unsigned("hash_entry"),
        unsigned("hash_id"),
        text("dialog_key", 128),
        text("dialog_value", 512),
    ],
    indexes: &[index("hash_idx", &["hash_entry", "hash_id"])],
};

/// `topos_d`, version 2.
pub static TOPOS_D: Table = Table {
    name: Name::fixed("topos_d"),
    version: 2,
    columns: &[
        time("rectime"),
        text("x_context", 64).default_text(""),
        text("s_method", 64).default_text(""),
        text("s_cseq", 64).default_text(""),
        text("a_callid", 255).default_text(""),
        text("a_uuid", 255).default_text(""),
        text("b_uuid", 255).default_text(""),
        text("a_contact", 512).default_text(""),
        text("b_contact", 512).default_text(""),
        text("as_contact", 512).default_text(""),
        text("bs_contact", 512).default_text(""),
        text("a_tag", 255).default_text(""),
        text("b_tag", 255).default_text(""),
        long_text("a_rr").nullable(),
        long_text("b_rr").nullable(),
        long_text("s_rr").nullable(),
        unsigned("iflags").default_int(0),
        text("a_uri", 255).default_text(""),
        text("b_uri", 255).default_text(""),
        text("r_uri", 255).default_text(""),
        text("a_srcaddr", 128).default_text(""),
        text("b_srcaddr", 128).default_text(""),
        text("a_socket", 128).default_text(""),
        text("b_socket", 128).default_text(""),
    ],
    indexes: &[
        index("rectime_idx", &["rectime"]),
        index("a_callid_idx", &["a_callid"]),
        index("a_uuid_idx", &["a_uuid"]),
        index("b_uuid_idx", &["b_uuid"]),
    ],
};

/// `topos_t`, version 2.
pub static TOPOS_T: Table = Table {
    name: Name::fixed("topos_t"),
    version: 2,
    columns: &[
        time("rectime"),
        text("x_context", 64).default_text(""),
        text("s_method", 64).default_text(""),
        text("s_cseq", 64).default_text(""),
        text("a_callid", 255).default_text(""),
        text("a_uuid", 255).default_text(""),
        text("b_uuid", 255).default_text(""),
        int("direction").default_int(0),
        long_text("x_via").nullable(),
        text("x_vbranch", 255).default_text(""),
        long_text("x_rr").nullable(),
        long_text("y_rr").nullable(),
        long_text("s_rr").nullable(),
        text("x_uri", 255).default_text(""),
        text("a_contact", 512).default_text(""),
        text("b_contact", 512).default_text(""),
        text("as_contact", 512).default_text(""),
        text("bs_contact", 512).default_text(""),
        text("x_tag", 255).default_text(""),
        text("a_tag", 255).default_text(""),
        text("b_tag", 255).default_text(""),
        text("a_srcaddr", 255).default_text(""),
        text("b_srcaddr", 255).default_text(""),
        text("a_socket", 128).default_text(""),
        text("b_socket", 128).default_text(""),
    ],
    indexes: &[
        index("rectime_idx", &["rectime"]),
        index("a_callid_idx", &["a_callid"]),
        index("x_vbranch_idx", &["x_vbranch"]),
        index("a_uuid_idx", &["a_uuid"]),
    ],
};
