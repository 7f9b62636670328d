//! The table argument of script functions, found once where it is constant.

use super::Registrar;
use bytes::Bytes;
use policy::{Argument, Context, Location, LocationTable, Prepare, Problem, Text, Written};
use std::sync::{Arc, OnceLock};

/// The name of a location table.
pub(super) struct TableArg {
    name: Text,
    known: OnceLock<Arc<dyn LocationTable>>,
}

impl TableArg {
    /// The table now.
    pub(super) fn get(
        &self,
        context: &mut Context,
        location: &dyn Location,
    ) -> Arc<dyn LocationTable> {
        let find = |name: &Bytes| location.table(name);
        match self.name.as_literal() {
            Some(name) => self.known.get_or_init(|| find(name)).clone(),
            None => find(&self.name.get(context)),
        }
    }
}

impl Argument for TableArg {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<TableArg, Problem> {
        let name = Text::prepare(written, prepare)?;
        let known = OnceLock::new();
        // Before the start, so that the table is checked and read then.
        if let (Some(name), Some(module)) = (name.as_literal(), prepare.module::<Registrar>()) {
            known.get_or_init(|| module.inner.location.table(name));
        }
        Ok(TableArg { name, known })
    }
}
