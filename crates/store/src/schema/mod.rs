//! Kamailio's standard tables as data: columns, defaults, keys and version numbers of 5.6.3.
//!
//! Every table has besides a whole number `id` as its primary key, filled in by the database. An
//! engine makes its own DDL from this; a test of `store-sqlite` compares the result with what
//! Kamailio's SQL scripts make.

mod account;
mod accounting;
mod core;
mod dialog;
mod location;
mod ours;
mod permission;
mod routing;

pub use account::*;
pub use accounting::*;
pub use core::*;
pub use dialog::*;
pub use location::*;
pub use ours::*;
pub use permission::*;
pub use routing::*;

use crate::Name;

/// Every table here.
pub static STANDARD: &[&Table] = &[
    &VERSION,
    &SUBSCRIBER,
    &SUBSCRIBER_SHA256,
    &DBALIASES,
    &GRP,
    &RE_GRP,
    &URI,
    &USR_PREFERENCES,
    &UACREG,
    &ACC,
    &ACC_CDRS,
    &MISSED_CALLS,
    &DIALOG,
    &DIALOG_VARS,
    &TOPOS_D,
    &TOPOS_T,
    &LOCATION,
    &LOCATION_ATTRS,
    &ALIASES,
    &DOMAIN,
    &DOMAIN_ATTRS,
    &TRUSTED,
    &ADDRESS,
    &USERBLOCKLIST,
    &GLOBALBLOCKLIST,
    &SECFILTER,
    &DISPATCHER,
    &DIALPLAN,
    &SPEED_DIAL,
    &PL_PIPES,
    &HTABLE,
    &BAN,
    &FRAUD_PREFIX,
];

/// The standard table of this name.
pub fn find(name: &str) -> Option<&'static Table> {
    STANDARD
        .iter()
        .copied()
        .find(|table| table.name.as_str() == name)
}

/// What a column of a standard table holds, its `id` included.
pub fn kind(table: &Name, column: &Name) -> Option<Kind> {
    let table = find(table.as_str())?;
    if column.as_str() == "id" {
        return Some(Kind::Int);
    }
    let own = table.columns.iter().find(|own| own.name == *column);
    own.map(|own| own.kind)
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Its number in the `version` table, by which modules see that a database is of their time.
    pub version: i64,
    /// Its columns after `id`, in order.
    pub columns: &'static [Column],
    /// Its keys and indexes.
    pub indexes: &'static [Index],
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: Name,
    /// What it holds.
    pub kind: Kind,
    /// What it holds where an insert does not say.
    pub default: Default,
    /// Whether it may be without a value.
    pub nullable: bool,
}

impl Kind {
    /// Whether it is text of some length.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text(_) | Self::LongText)
    }

    /// Whether it is a whole number of some size.
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            Self::Int | Self::Unsigned | Self::SmallInt | Self::SmallUnsigned
        )
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of at most so many characters; SQLite does not enforce it, others do.
    Text(u16),
    /// Text without a bound of its own.
    LongText,
    /// A whole number of 32 bits or more.
    Int,
    /// A whole number from 0 to 2^32 - 1. PostgreSQL has no type for it: there it is
    /// stored as an [`Int`](Kind::Int).
    Unsigned,
    /// A whole number of 16 bits or more.
    SmallInt,
    /// A whole number from 0 to 65,535, a port. PostgreSQL has no type for it: there it is stored as a
    /// [`SmallInt`](Kind::SmallInt), as in Kamailio's tables.
    SmallUnsigned,
    /// A number with a fraction. MySQL keeps so many decimals, others all.
    Real(u8),
    /// A point in time.
    Time,
}

/// The value of a column that an insert leaves out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// None: [`Cell::Null`](crate::Cell::Null) if the column may be without a value, else an error.
    None,
    /// This text, or the point in time that it spells out in UTC.
    Text(&'static str),
    /// This whole number.
    Int(i64),
    /// This number.
    Real(f64),
}

/// A key or an index over columns.
#[derive(Debug)]
pub struct Index {
    /// What follows the table's name and `_` in its name.
    pub suffix: &'static str,
    /// The columns, in order.
    pub columns: &'static [&'static str],
    /// Whether no two rows may agree in all of them. Rows without a value in one never agree.
    pub unique: bool,
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name: Name::fixed(name),
            kind,
            default: Default::None,
            nullable: false,
        }
    }

    const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    const fn default_text(mut self, text: &'static str) -> Self {
        self.default = Default::Text(text);
        self
    }

    const fn default_int(mut self, number: i64) -> Self {
        self.default = Default::Int(number);
        self
    }

    const fn default_real(mut self, number: f64) -> Self {
        self.default = Default::Real(number);
        self
    }
}

const fn text(name: &'static str, characters: u16) -> Column {
    Column::new(name, Kind::Text(characters))
}

const fn long_text(name: &'static str) -> Column {
    Column::new(name, Kind::LongText)
}

const fn int(name: &'static str) -> Column {
    Column::new(name, Kind::Int)
}

const fn small_int(name: &'static str) -> Column {
    Column::new(name, Kind::SmallInt)
}

const fn unsigned(name: &'static str) -> Column {
    Column::new(name, Kind::Unsigned)
}

const fn small_unsigned(name: &'static str) -> Column {
    Column::new(name, Kind::SmallUnsigned)
}

const fn real(name: &'static str, decimals: u8) -> Column {
    Column::new(name, Kind::Real(decimals))
}

const fn time(name: &'static str) -> Column {
    Column::new(name, Kind::Time)
}

const fn unique(suffix: &'static str, columns: &'static [&'static str]) -> Index {
    Index {
        suffix,
        columns,
        unique: true,
    }
}

const fn index(suffix: &'static str, columns: &'static [&'static str]) -> Index {
    Index {
        suffix,
        columns,
        unique: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_names_columns_of_its_table() {
        for table in STANDARD {
            for index in table.indexes {
                for column in index.columns {
                    assert!(
                        table.columns.iter().any(|own| own.name.as_str() == *column),
                        "{table:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn tables_are_found_by_name() {
        assert_eq!(find("location").map(|table| table.version), Some(9));
        assert!(find("nosuch").is_none());
    }
}
