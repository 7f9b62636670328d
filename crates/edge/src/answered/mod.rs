//! Transactions after their final reply (Completed, Confirmed and Accepted of RFC 3261 section 17.2 and RFC 6026):
//! what retransmissions and late replies need, and nothing else.
//!
//! For every call that stands there are seconds or half a minute of such a transaction, so that most of the table
//! consists of them. The context of the request is given back when it is answered. Only a further 2xx of an INVITE
//! needs a context again, or its ACK where a module wants to hear of it. It is made of what is left: what somebody may
//! ask for by then ([`policy::Remains`]).

mod branch;
mod late;
mod remains;
mod scripted;

use crate::timers::{is_server_over, server_deadline};
use branch::Branch;
use bytes::Bytes;
use policy::{Config, Context, Flow, Note, Server, Switches};
use scripted::Scripted;
use sip::{Message, Method};
use stack::Instant;
use stack::table::TxId;
use stack::transaction::Timers;
use std::net::IpAddr;
use std::sync::Arc;

/// What lies in the transaction table.
pub(crate) enum Resident {
    /// The context of the request, with its transaction.
    Open(Box<Context>),
    /// What is left of a transaction after its final reply.
    Answered(Box<Answered>),
}

/// A transaction after its final reply.
pub(crate) struct Answered {
    pub(crate) id: TxId,
    pub(crate) config: Arc<Config>,
    /// The request, or the lines that name it ([`remains::names`]): both can be read as a message.
    request: Bytes,
    pub(crate) method: Method,
    /// The way replies go.
    back: Flow,
    pub(crate) server: Server,
    branches: Box<[Branch]>,
    /// What modules keep with the request, where a message hook may ask for it.
    notes: Box<[Note]>,
    /// What routes may ask for, where one sees a further 2xx.
    scripted: Option<Box<Scripted>>,
    /// Those of [`policy::Armed`].
    timers: Option<Box<Timers>>,
    created: Instant,
    /// When something happened in it last.
    seen: Instant,
    armed_for: Option<Instant>,
    pub(crate) flags: u32,
    pub(crate) replied: u16,
    switches: Switches,
    cancelled: bool,
    expired: bool,
}

impl Resident {
    /// The status of the last reply sent to the caller; none where there is no transaction.
    pub(crate) fn replied(&self) -> Option<u16> {
        match self {
            Resident::Open(context) => Some(context.transaction.as_deref()?.replied),
            Resident::Answered(answered) => Some(answered.replied),
        }
    }

    /// Where the request came from; an IPv4 address also where the socket serves both families.
    pub(crate) fn source(&self) -> IpAddr {
        let peer = match self {
            Resident::Open(context) => context.flow.peer,
            // Replies go to the address that the request came from, if to another port.
            Resident::Answered(answered) => answered.back.peer,
        };
        peer.ip().to_canonical()
    }

    /// True where a branch is still under way, or absorbs what comes late.
    pub(crate) fn has_pending(&self) -> bool {
        match self {
            Resident::Open(context) => context
                .transaction
                .as_deref()
                .is_none_or(crate::suspend::has_pending),
            Resident::Answered(answered) => !answered.branches.iter().all(Branch::is_over),
        }
    }

    /// The request, or of one that was answered what is left of it.
    pub(crate) fn request(&self) -> Option<Arc<Message>> {
        match self {
            Resident::Open(context) => Some(context.message.clone()),
            Resident::Answered(answered) => answered.message().map(Arc::new),
        }
    }

    /// The flags of the request.
    pub(crate) fn flags(&self) -> u32 {
        match self {
            Resident::Open(context) => context.flags,
            Resident::Answered(answered) => answered.flags,
        }
    }
}

impl Answered {
    /// How many branches it has.
    pub(crate) fn branches(&self) -> usize {
        self.branches.len()
    }

    /// Milliseconds from when it was made to its last event.
    pub(crate) fn age_ms(&self) -> u64 {
        self.seen.ms_since(self.created)
    }

    /// The request, where a module wants to hear of its ACK.
    fn heard_request(&self) -> Option<Message> {
        let hears_ack = self.scripted.as_ref()?.hears_ack;
        hears_ack.then(|| self.message()).flatten()
    }

    fn message(&self) -> Option<Message> {
        crate::outbound::reparse(self.request.clone(), &sip::Limits::default())
    }

    fn timers(&self) -> Timers {
        let own = self.timers.as_deref().copied();
        own.unwrap_or(self.config.transactions.timers)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let branches = self.branches.iter().filter_map(Branch::next_deadline);
        branches.chain(server_deadline(&self.server)).min()
    }

    fn is_finished(&self) -> bool {
        is_server_over(&self.server) && self.branches.iter().all(Branch::is_over)
    }
}
