//! The table of tables.

use crate::Name;

use super::{Table, int, text, unique};

/// `version`, version 1.
pub static VERSION: Table = Table {
    name: Name::fixed("version"),
    version: 1,
    columns: &[text("table_name", 32), int("table_version").default_int(0)],
    indexes: &[unique("table_name_idx", &["table_name"])],
};
