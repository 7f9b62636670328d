//! `setflag`, `resetflag`, `isflagset`: the flags of the message.

use super::Core;
use policy::{Context, Declaration, Flag, Routes};

pub(super) fn declare(d: &mut Declaration<Core>) {
    let any = Routes::ANY;
    d.function(
        "setflag(flag)",
        "Sets a flag of the message.",
        any,
        |_: &Core, context: &mut Context, flag: &Flag| {
            context.set_flag(*flag, true);
            true
        },
    );
    d.function(
        "resetflag(flag)",
        "Clears a flag of the message.",
        any,
        |_: &Core, context: &mut Context, flag: &Flag| {
            context.set_flag(*flag, false);
            true
        },
    );
    d.function(
        "isflagset(flag)",
        "1 where the flag of the message is set, else -1.",
        any,
        |_: &Core, context: &mut Context, flag: &Flag| context.has_flag(*flag),
    );
}
