//! An argument that names a table.

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
        match text.as_literal() {
            Some(literal) => Name::parse(&String::from_utf8_lossy(literal))
                .map(Table::Fixed)
                .map_err(|error| prepare.problem(error.to_string())),
            None => Ok(Table::Computed(text)),
        }
    }
}
