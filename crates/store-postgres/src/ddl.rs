//! Tables from the schema, as Kamailio's SQL scripts for PostgreSQL make them.

use std::fmt::Write as _;

use store::schema::{Column, Default, Index, Kind, Table};

/// The statements that make a table and its indexes.
pub(crate) fn create(table: &Table) -> Vec<String> {
    let mut lines = vec!["id SERIAL PRIMARY KEY NOT NULL".to_owned()];
    lines.extend(table.columns.iter().map(column));
    let name = &table.name;
    let unique = table.indexes.iter().filter(|index| index.unique);
    lines.extend(unique.map(|index| {
        let (suffix, columns) = (index.suffix, columns(index));
        format!("CONSTRAINT {name}_{suffix} UNIQUE ({columns})")
    }));
    let mut statements = vec![format!(
        "CREATE TABLE {name} (\n    {}\n)",
        lines.join(",\n    ")
    )];
    let others = table.indexes.iter().filter(|index| !index.unique);
    statements.extend(others.map(|index| {
        let (suffix, columns) = (index.suffix, columns(index));
        format!("CREATE INDEX {name}_{suffix} ON {name} ({columns})")
    }));
    statements
}

fn column(column: &Column) -> String {
    let mut line = format!("\"{}\" ", column.name);
    // Writing to a string cannot fail.
    let _ = match column.kind {
        Kind::Text(characters) => write!(line, "VARCHAR({characters})"),
        Kind::LongText => write!(line, "TEXT"),
        Kind::Int | Kind::Unsigned => write!(line, "INTEGER"),
        Kind::SmallInt | Kind::SmallUnsigned => write!(line, "SMALLINT"),
        Kind::Real(_) => write!(line, "REAL"),
        Kind::Time => write!(line, "TIMESTAMP WITHOUT TIME ZONE"),
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
    let quoted: Vec<String> = index.columns.iter().map(|it| format!("\"{it}\"")).collect();
    quoted.join(", ")
}
