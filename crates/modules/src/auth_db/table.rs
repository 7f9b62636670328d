//! An argument that names a table.

use super::AuthDb;
use policy::{Argument, Context, Prepare, Problem, Text, Written};
use store::Name;

/// A table's name: checked at load where it is constant.
pub(super) enum Table {
    Fixed(Name),
    Computed(Text),
}

impl Table {
    /// The name now; none where the text is no name.
    pub(super) fn get(&self, context: &mut Context) -> Option<Name> {
        match self {
            Table::Fixed(name) => Some(name.clone()),
            Table::Computed(text) => {
                let text = text.get(context);
                Name::parse(std::str::from_utf8(&text).ok()?).ok()
            }
        }
    }
}

impl Argument for Table {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Table, Problem> {
        let text = Text::prepare(written, prepare)?;
        let Some(literal) = text.as_literal() else {
            return Ok(Table::Computed(text));
        };
        let name = Name::parse(&String::from_utf8_lossy(literal));
        let name = name.map_err(|error| prepare.problem(error.to_string()))?;
        if let Some(module) = prepare.module::<AuthDb>() {
            module.tables.lock().insert(name.clone());
        }
        Ok(Table::Fixed(name))
    }
}
