//! Accounting: acc.

use crate::Name;

use super::{Table, index, real, text, time};

/// `acc`, version 5.
pub static ACC: Table = Table {
    name: Name::fixed("acc"),
    version: 5,
    columns: &[
        text("method", 16).default_text(""),
        text("from_tag", 128).default_text(""),
        text("to_tag", 128).default_text(""),
        text("callid", 255).default_text(""),
        text("sip_code", 3).default_text(""),
        text("sip_reason", 128).default_text(""),
        time("time"),
    ],
    indexes: &[index("callid_idx", &["callid"])],
};

/// `acc_cdrs`, version 2.
pub static ACC_CDRS: Table = Table {
    name: Name::fixed("acc_cdrs"),
    version: 2,
    columns: &[
        time("start_time").default_text("2000-01-01 00:00:00"),
        time("end_time").default_text("2000-01-01 00:00:00"),
        real("duration", 3).default_int(0),
    ],
    indexes: &[index("start_time_idx", &["start_time"])],
};

/// `missed_calls`, version 4.
pub static MISSED_CALLS: Table = Table {
    name: Name::fixed("missed_calls"),
    version: 4,
    columns: &[
        text("method", 16).default_text(""),
        text("from_tag", 128).default_text(""),
        text("to_tag", 128).default_text(""),
        text("callid", 255).default_text(""),
        text("sip_code", 3).default_text(""),
        text("sip_reason", 128).default_text(""),
        time("time"),
    ],
    indexes: &[index("callid_idx", &["callid"])],
};
