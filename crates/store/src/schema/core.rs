//! The table of tables.

use crate::Name;

use super::{Table, text, unique, unsigned};

/// `version`, version 1.
pub static VERSION: Table = Table {
    name: Name::fixed("version"),
    version: 1,
    columns: &[
        text("table_name", 32),
        unsigned("table_version").default_int(0),
    ],
    indexes: &[unique("table_name_idx", &["table_name"])],
};
