//! The four transaction machines of RFC 3261 section 17, with the Accepted state of RFC 6026.
//!
//! A machine takes the time and an input and appends to [`Actions`] what its owner has to do. It
//! holds one buffer: the rendered request of a client, the last reply of a server. After each input
//! the owner asks `next_deadline()` and arms a timer for it; a timer that comes too early or twice
//! does nothing, so nobody has to cancel one.

mod client_invite;
mod client_non_invite;
mod retransmit;
mod server_invite;
mod server_non_invite;
mod timers;

use bytes::Bytes;
use smallvec::SmallVec;

pub use client_invite::{ClientInvite, ClientInviteState};
pub use client_non_invite::{ClientNonInvite, ClientNonInviteState};
pub use server_invite::{ServerInvite, ServerInviteState};
pub use server_non_invite::{ServerNonInvite, ServerNonInviteState};
pub use timers::Timers;

/// What happens to a client machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientInput {
    /// A reply with this status code matched the transaction.
    Reply(u16),
    /// INVITE only: the ACK that [`Action::BuildAck`] asked for. It is sent and kept for
    /// retransmitted replies.
    Ack(Bytes),
    /// INVITE only: a CANCEL was sent for this branch. It waits for the final reply no longer than
    /// `fr_timer` (RFC 3261 9.1).
    Cancelled,
    /// Time has passed.
    Timer,
    /// The transport could not send or lost the connection.
    TransportError,
}

/// What happens to a server machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerInput {
    /// The request came again.
    Request,
    /// INVITE only: an ACK for its final reply.
    Ack,
    /// The owner replies with this status code and rendered reply.
    Reply(u16, Bytes),
    /// INVITE only: the owner made this 2xx itself, so nobody else will retransmit it (RFC 3261
    /// 13.3.1.4).
    LocalAccept(u16, Bytes),
    /// Time has passed.
    Timer,
    /// The transport could not send or lost the connection.
    TransportError,
}

/// What the owner of a machine has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes, first or again.
    Send(Bytes),
    /// Client: hand the reply of this input on.
    Deliver,
    /// Client INVITE: build the ACK for this negative reply and put it in as [`ClientInput::Ack`].
    BuildAck,
    /// No final reply in time, or no ACK in time. A client's owner acts as on a 408.
    Timeout,
    /// The transport failed. A client's owner acts as on a 503 (RFC 3261 16.9).
    TransportFailed,
    /// The machine is done and may be dropped.
    Terminated,
}

/// The actions of one input. More than two are rare.
pub type Actions = SmallVec<[Action; 2]>;
