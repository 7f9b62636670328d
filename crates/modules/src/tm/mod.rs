//! Transactions: relaying with state, replies, failure routes, serial forking.

mod arm;
mod ask;
mod commands;
mod contacts;
mod declare;
mod params;
mod relay;
mod reply;
#[cfg(test)]
mod tests;

use commands::Counts;
use params::Params;
use policy::{Declaration, Entry, Init, Module, Problem, RichRedirect};
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Tm>();

struct Tm {
    /// `contacts_avp`, empty where serial forking is off.
    contacts: bytes::Bytes,
    /// `contact_flows_avp`.
    flows: bytes::Bytes,
    rich_redirect: RichRedirect,
    counts: Counts,
}

impl Module for Tm {
    const NAME: &'static str = "tm";
    type Params = Params;

    fn declare(d: &mut Declaration<Tm>) {
        d.doc("Keeps the state of requests that are relayed: retransmissions, forking, replies, failure routes.");
        params::declare(d);
        declare::functions(d);
        commands::declare(d);
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Tm, Problem> {
        let counts = Counts::new(init);
        init.observe_transactions(Arc::new(counts.clone()));
        let tm = Tm {
            contacts: params.edge.contacts_avp.clone(),
            flows: params.edge.contact_flows_avp.clone(),
            rich_redirect: params.rich_redirect,
            counts,
        };
        init.set_transaction_params(params.edge);
        Ok(tm)
    }
}
