//! Letters to a transaction: what arrives while one of its routes may be running.

use bytes::Bytes;
use policy::Flow;
use script::RouteId;
use sip::Message;
use std::net::IpAddr;
use std::sync::Arc;

/// A letter; whoever owns the transaction opens it.
pub(crate) enum Mail {
    /// The request came again.
    Retransmission,
    /// The ACK of a negative reply came.
    Ack,
    /// The ACK of a 2xx passed.
    AckOfAccepted(Arc<Message>),
    /// A CANCEL for it came, from this address.
    Cancel(Arc<Message>, IpAddr),
    /// A reply to one of its branches came, or to the CANCEL of one.
    Reply(Reply),
    /// A timer is due.
    Timer,
    /// The branch with this Via branch could not be sent.
    SendFailed(Bytes),
    /// `t_continue()`: the suspended request goes on with this route.
    Continue(RouteId),
    /// Somebody outside of it wants something done to it.
    Remote(policy::Remote),
}

/// A reply that found its branch.
pub(crate) struct Reply {
    /// The reply.
    pub(crate) message: Arc<Message>,
    /// The way it came.
    pub(crate) flow: Flow,
    /// Which branch.
    pub(crate) branch: u16,
}
