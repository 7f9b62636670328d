//! Destinations that failed: which failures list them, and what is not sent to them.

use crate::Worker;
use policy::{Client, Context, Flow};
use sip::{Message, Method};
use stack::blocklist::{Place, reason};
use stack::transaction::ClientNonInviteState;

impl Worker {
    /// True where a request of a transaction does not go this way, for what is there failed before.
    pub(crate) fn holds_back(&self, context: &Context, way: &Flow) -> bool {
        let asked = context.config.transactions.blocklist.methods_lookup;
        asked & context.message.method().bit() != 0 && self.is_listed(context, way)
    }

    /// The same for a request without a transaction. An ACK goes: without it the call that was just
    /// answered would end.
    pub(crate) fn holds_back_stateless(&self, context: &Context, way: &Flow) -> bool {
        context.message.method() != Method::Ack && self.is_listed(context, way)
    }

    fn is_listed(&self, context: &Context, way: &Flow) -> bool {
        let params = &context.core().blocklist;
        params.holds_back(&self.edge.blocklist, way.proto, way.peer, self.now)
    }

    /// A request of this branch did not leave.
    pub(crate) fn list_unsent(&self, context: &Context, way: &Flow) {
        let reasons = match way.proto.is_reliable() {
            true => reason::SEND | reason::CONNECT,
            false => reason::SEND,
        };
        self.list(context, way, reasons, None);
    }

    /// A request of this branch was never answered.
    pub(crate) fn list_silent(&self, context: &Context, way: &Flow) {
        let adding = context.config.transactions.blocklist.methods_add;
        if adding & context.message.method().bit() != 0 {
            self.list(context, way, reason::TIMEOUT, None);
        }
    }

    /// A 503 came from there.
    pub(crate) fn list_unavailable(&self, context: &Context, way: &Flow, reply: &Message) {
        let rules = &context.config.transactions.blocklist;
        if let Some(seconds) = rules.seconds_of(reply) {
            self.list(context, way, reason::UNAVAILABLE, Some(seconds));
        }
    }

    fn list(&self, context: &Context, way: &Flow, reasons: u8, for_s: Option<u32>) {
        let place = Place {
            address: way.peer,
            transport: Some(way.proto),
        };
        let counting = reasons & !context.armed.unlisted_reasons;
        let params = &context.core().blocklist;
        params.note(&self.edge.blocklist, place, counting, for_s, self.now);
    }
}

/// True where a provisional reply came.
pub(crate) fn has_spoken(client: &Client) -> bool {
    match client {
        Client::Invite(machine) => {
            machine.state() == stack::transaction::ClientInviteState::Proceeding
        }
        Client::NonInvite(machine) => machine.state() == ClientNonInviteState::Proceeding,
        Client::Gone => false,
    }
}
