//! Tables from the schema, as Kamailio's SQL scripts for MySQL make them. They take the character set
//! of the database.

use std::fmt::Write as _;

use store::schema::{Column, Default, Index, Kind, Table};

/// The statements that make a table and its indexes.
pub(crate) fn create(table: &Table) -> Vec<String> {
    let mut lines = vec!["`id` INT(10) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL".to_owned()];
    lines.extend(table.columns.iter().map(column));
    let unique = table.indexes.iter().filter(|index| index.unique);
    lines.extend(
        unique.map(|index| format!("CONSTRAINT {} UNIQUE ({})", index.suffix, columns(index))),
    );
    let mut statements = vec![format!(
        "CREATE TABLE `{}` (\n    {}\n)",
        table.name,
        lines.join(",\n    ")
    )];
    let others = table.indexes.iter().filter(|index| !index.unique);
    statements.extend(others.map(|index| {
        let (name, table, columns) = (index.suffix, &table.name, columns(index));
        format!("CREATE INDEX {name} ON `{table}` ({columns})")
    }));
    statements
}

fn column(column: &Column) -> String {
    let mut line = format!("`{}` ", column.name);
    // Writing to a string cannot fail.
    let _ = match column.kind {
        Kind::Text(characters) => write!(line, "VARCHAR({characters})"),
        Kind::LongText => write!(line, "MEDIUMTEXT"),
        Kind::Int => write!(line, "INT(11)"),
        Kind::Unsigned => write!(line, "INT(10) UNSIGNED"),
        Kind::SmallInt => write!(line, "SMALLINT"),
        Kind::SmallUnsigned => write!(line, "SMALLINT(5) UNSIGNED"),
        Kind::Real(decimals) => write!(line, "FLOAT(10,{decimals})"),
        Kind::Time => write!(line, "DATETIME"),
    };
    let _ = match column.default {
        Default::None => Ok(()),
        Default::Text(text) => write!(line, " DEFAULT '{text}'"),
        Default::Int(number) => write!(line, " DEFAULT {number}"),
        Default::Real(number) => write!(line, " DEFAULT {number:?}"),
    };
    if !column.nullable {
        line.push_str(" NOT NULL");
    }
    line
}

fn columns(index: &Index) -> String {
    let quoted: Vec<String> = index.columns.iter().map(|it| format!("`{it}`")).collect();
    quoted.join(", ")
}
