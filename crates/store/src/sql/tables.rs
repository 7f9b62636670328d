//! Tables from the schema, as Kamailio's SQL scripts make them.

use std::fmt::Write as _;

use super::Dialect;
use crate::schema::{Column, Default, Index, Table};

/// The statements that make a table and its indexes.
pub fn create<D: Dialect>(table: &Table) -> Vec<String> {
    let mut lines = vec![D::ID.to_owned()];
    lines.extend(table.columns.iter().map(column::<D>));
    let unique = table.indexes.iter().filter(|index| index.unique);
    lines.extend(unique.map(|index| {
        let (name, columns) = (index_name::<D>(table, index), columns::<D>(index));
        format!("CONSTRAINT {name} UNIQUE ({columns})")
    }));
    let (of, lines) = (quoted::<D>(table.name.as_str()), lines.join(",\n    "));
    let mut statements = vec![format!("CREATE TABLE {of} (\n    {lines}\n)")];
    let others = table.indexes.iter().filter(|index| !index.unique);
    statements.extend(others.map(|index| {
        let (name, columns) = (index_name::<D>(table, index), columns::<D>(index));
        format!("CREATE INDEX {name} ON {of} ({columns})")
    }));
    statements
}

fn column<D: Dialect>(column: &Column) -> String {
    let name = quoted::<D>(column.name.as_str());
    let mut line = format!("{name} {}", D::column_type(column.kind));
    // Writing to a string cannot fail.
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

fn index_name<D: Dialect>(table: &Table, index: &Index) -> String {
    match D::INDEXES_OF_TABLE {
        true => index.suffix.to_owned(),
        false => format!("{}_{}", table.name, index.suffix),
    }
}

fn columns<D: Dialect>(index: &Index) -> String {
    let columns = index.columns.iter().map(|column| quoted::<D>(column));
    columns.collect::<Vec<_>>().join(", ")
}

fn quoted<D: Dialect>(name: &str) -> String {
    format!("{0}{name}{0}", D::QUOTE)
}
