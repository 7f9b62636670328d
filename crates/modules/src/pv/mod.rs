//! `pv`: the pseudo-variables of the message in hand, variables of the script, and the
//! transformations of text.
//!
//! What stands in the message is answered as a slice of its buffer; addresses and numbers are the
//! only values that are made.

mod auth;
mod avp;
mod branch;
mod count;
mod from_to;
mod functions;
mod header;
mod identity;
mod message;
mod misc;
mod network;
mod params;
mod part;
mod request;
mod sbranch;
mod script_var;
mod shared;
mod strftime;
mod time;
mod transform;
mod via;
mod xavp;
mod xavp_functions;
mod xavp_path;
mod xavp_print;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;

use params::{Alias, Preset};
use policy::{Counters, Declaration, Init, Module, Problem};
use shared::SharedVars;
use std::sync::Arc;

pub(crate) const ENTRY: policy::Entry = policy::Entry::of::<Pv>();

/// The module: what its variables and functions need beside the message.
pub(crate) struct Pv {
    shared: Arc<SharedVars>,
    presets: Vec<Preset>,
    aliases: Vec<Alias>,
    numbered: Arc<shared::Sequence>,
    counters: Counters,
}

impl Module for Pv {
    const NAME: &'static str = "pv";
    type Params = params::Params;

    fn declare(declaration: &mut Declaration<Self>) {
        declaration
            .doc("Pseudo-variables of the message, variables of the script, transformations.");
        params::declare(declaration);
        request::declare(declaration);
        from_to::declare(declaration);
        network::declare(declaration);
        message::declare(declaration);
        header::declare(declaration);
        identity::declare(declaration);
        auth::declare(declaration);
        via::declare(declaration);
        time::declare(declaration);
        script_var::declare(declaration);
        shared::declare(declaration);
        avp::declare(declaration);
        xavp::declare(declaration);
        count::declare(declaration);
        branch::declare(declaration);
        sbranch::declare(declaration);
        misc::declare(declaration);
        functions::declare(declaration);
        xavp_functions::declare(declaration);
        transform::declare(declaration);
        deviations(declaration);
    }

    fn init(params: params::Params, init: &mut Init<'_>) -> Result<Pv, Problem> {
        let shared = init.state("shv", SharedVars::default);
        for (name, value) in params.shared {
            shared.set_if_new(&name, value);
        }
        Ok(Pv {
            shared,
            presets: params.presets,
            aliases: params.aliases,
            numbered: init.state("messages", shared::Sequence::default),
            counters: init.counters(),
        })
    }
}

fn deviations(declaration: &mut Declaration<Pv>) {
    for sentence in [
        "$var(x) starts anew with each message; Kamailio keeps it in the process.",
        "$ru and its kin refuse a value that is no URI; Kamailio takes it and reads <null> ever after.",
        "A negative index of $avp and $hfl counts from the end, -1 is the last; 5.6.3 is off by one.",
        "$hfl(Contact) has the order of the header; 5.6.3 turns it round.",
        "White space around a header value is no part of it; Kamailio keeps what follows it.",
        "$mi counts the messages that were asked for it; Kamailio counts those of a process.",
        "{uri.duri}, {uri.suri} and {uri.saor} are clean; 5.6.3 puts a stray octet behind the scheme.",
        "{s.escape.common} follows the rules of the database of module sqlops, where that is loaded; Kamailio always writes backslashes.",
        "{s.rbefore} works; 5.6.3 prints what lies behind the text.",
    ] {
        declaration.deviation(sentence);
    }
}
