//! Transactions: relaying with state, replies, failure routes, serial forking.

mod arm;
mod ask;
mod commands;
mod contacts;
mod counts;
mod declare;
mod params;
mod relay;
mod reply;
#[cfg(test)]
mod tests;
mod uac;

use counts::Counts;
use params::Params;
use policy::{Declaration, Entry, Init, Module, Outbox, Problem, RichRedirect, TransactionsLink};
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Tm>();

struct Tm {
    /// `contacts_avp`, empty where serial forking is off.
    contacts: bytes::Bytes,
    /// `contact_flows_avp`.
    flows: bytes::Bytes,
    rich_redirect: RichRedirect,
    counts: Counts,
    transactions: TransactionsLink,
    outbox: Outbox,
}

fn deviations(d: &mut Declaration<Tm>) {
    for sentence in [
        "A refused connection, or a datagram that cannot be sent, is known only after t_relay() has returned 1: that branch ends with 477, and the failure route runs; Kamailio 5.6.3 returns -1 and answers 477 at once.",
        "A reply that answers neither a request of this process nor one that module topoh or topos knows goes nowhere, and is counted; 5.6.3 sends it to the Via below its own, whoever made it up.",
        "event_route[tm:local-response] runs for every reply; in Kamailio 5.6.3 only for the first of each process, whose relaying it can break.",
        "t_precheck_trans() of module tmx and t_check_trans() see the same transactions; Kamailio 5.6.3 forgets a request in its precheck as soon as its route has ended.",
        "t_grep_status() sees the reply in hand too, as Kamailio's documentation says; 5.6.3 sees it only where the branch had replied before.",
        "Where relaying fails and the script answers with sl_reply_error(), the transaction does not answer too; Kamailio 5.6.3 sends both.",
        "t_set_max_lifetime() and t_set_retr() hold for branches sent after them.",
        "t_uac_send() and tm.t_uac_start answer before the next hop is looked up; a name that leads nowhere and a socket that is not ours are told in the log, or as the final reply.",
        "The From of a request of ours that has a tag keeps it alone; Kamailio 5.6.3 adds another one where an RPC command gave it.",
        "The ACK of a 2xx for an INVITE of ours has a branch of its own (RFC 3261 section 13.2.2.4); where its next hop is a name it goes where the INVITE went.",
        "tm.hash_stats tells how the table is filled; Debian's Kamailio 5.6.3 answers 500. tm.list has no cell and ref_count; lifetime is the age in seconds.",
    ] {
        d.deviation(sentence);
    }
}

impl Module for Tm {
    const NAME: &'static str = "tm";
    type Params = Params;

    fn declare(d: &mut Declaration<Tm>) {
        d.doc("Keeps the state of requests that are relayed: retransmissions, forking, replies, failure routes.");
        deviations(d);
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
            transactions: init.transactions(),
            outbox: init.outbox(),
        };
        init.observe_transactions(Arc::new(params.timer_avps));
        init.set_transaction_params(params.edge);
        Ok(tm)
    }
}
