//! More text operations: changes applied at once, reply status, single header values, iterators.

mod apply;
mod body_lines;
mod field;
mod fnmatch;
mod header_lines;
mod keep;
mod status;
mod values;

use policy::{Declaration, Entry, Init, Module, Problem};

pub(crate) const ENTRY: Entry = Entry::of::<TextOpsX>();

struct TextOpsX;

impl Module for TextOpsX {
    const NAME: &'static str = "textopsx";
    type Params = ();

    fn declare(d: &mut Declaration<TextOpsX>) {
        d.doc("More text operations: apply changes now, change a reply's status, work on single header values.");
        apply::declare(d);
        status::declare(d);
        keep::declare(d);
        fnmatch::declare(d);
        values::declare(d);
        header_lines::declare(d);
        body_lines::declare(d);
    }

    fn init(_: (), _: &mut Init<'_>) -> Result<TextOpsX, Problem> {
        Ok(TextOpsX)
    }
}
