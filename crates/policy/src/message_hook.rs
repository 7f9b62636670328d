//! Modules between the wire and everything else: topology hiding.

use crate::{Answer, Config, Context, Effect, Flow, Now};
use bytes::Bytes;
use sip::{Edits, Message, Rewritten};
use smallvec::SmallVec;
use std::any::Any;
use std::sync::Arc;

/// Sees each message when it comes and when it leaves, and may put another in its place.
///
/// Script, transactions and other modules see only what [`MessageHook::on_receive`] made of a message,
/// and what [`MessageHook::on_send`] makes of one is what leaves, what is sent again when it is lost, and
/// what CANCEL and the ACK of a negative reply are built from. Several hooks see incoming messages in the
/// order they were installed, outgoing ones in the opposite order.
pub trait MessageHook: Send + Sync {
    /// The event routes that run first.
    fn routes(&self) -> HookRoutes {
        HookRoutes::default()
    }

    /// A request or reply came that is well formed; no transaction and no script knows of it.
    fn on_receive(&self, incoming: &Incoming<'_>) -> Received;

    /// A message is about to be rendered for [`MessageHook::on_send`]: [`Outgoing::message`] is what it is made of, with
    /// these edits. A hook that can say by more edits what it would change there does so and answers true, and the
    /// message is rendered once; else it changes nothing. It is asked only where no event route of its own runs and
    /// every hook that would see the message before it has answered true.
    fn on_render(&self, _outgoing: &Outgoing<'_>, _edits: &mut Edits) -> bool {
        false
    }

    /// A request or reply is about to leave, once for all its retransmissions.
    fn on_send(&self, outgoing: &Outgoing<'_>) -> Sent;

    /// Whether replies of ours to this request leave as they are where they have nothing but its Vias, From, To, Call-ID
    /// and CSeq and what the configuration puts into every reply; they are not read again for [`MessageHook::on_send`]
    /// then. It is asked where no event route of the hook runs.
    fn passes_bare_replies(&self, _request: &Context) -> bool {
        false
    }

    /// Whether what this hook noted of a reply says that the Vias below ours are those of a request that we let
    /// through, or another server with the same key or storage did. Such a reply finds its way without a
    /// transaction (RFC 3261 section 16.7); others that match nothing of this process go nowhere.
    fn vouches(&self, _notes: &Notes) -> bool {
        false
    }
}

/// The names of a hook's event routes; none where the script has none, so that nothing is prepared.
///
/// A `drop` in one of them lets the message pass as it is. Nothing can wait there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookRoutes {
    /// Before [`MessageHook::on_receive`], without the message.
    pub incoming: Option<&'static str>,
    /// Before [`MessageHook::on_receive`], with the message as it came.
    pub receiving: Option<&'static str>,
    /// Before [`MessageHook::on_send`], without the message: `$sndto()` is where it goes.
    pub outgoing: Option<&'static str>,
    /// Before [`MessageHook::on_send`], with the message as it would leave.
    pub sending: Option<&'static str>,
}

impl HookRoutes {
    /// Whether one runs before [`MessageHook::on_send`].
    pub fn any_on_send(&self) -> bool {
        self.outgoing.is_some() || self.sending.is_some()
    }
}

/// A message that came.
pub struct Incoming<'a> {
    /// The message as it came, or as an earlier hook made it.
    pub message: &'a Arc<Message>,
    /// The way it came.
    pub flow: Flow,
    /// When.
    pub now: Now,
    /// The configuration that will run it.
    pub config: &'a Config,
}

/// What becomes of a message that came.
pub enum Received {
    /// It goes on as it is, with what the hook wants to know of it later.
    Unchanged(Option<Note>),
    /// These octets are the message from here on, made of the one that came. They are read and checked as if
    /// they had come; what does not pass is refused with 400.
    Replaced(Rewritten, Option<Note>),
    /// A request is answered so and goes no further; a reply and an ACK are dropped.
    Refused {
        /// The status code, 400 to 699.
        code: u16,
        /// The reason phrase.
        reason: &'static str,
        /// After how many seconds it is worth another try, where that is known (`Retry-After`).
        retry_after_s: Option<u32>,
    },
    /// It is forgotten.
    Dropped,
    /// The world outside must answer first; the limits of waiting routes hold. Retransmissions that come
    /// meanwhile wait by themselves and are absorbed later.
    Wait(Effect, ThenReceived),
}

/// Goes on with a message that came.
pub type ThenReceived = Box<dyn FnOnce(Answer) -> Received + Send>;

/// What a hook keeps with a message from [`MessageHook::on_receive`] on. That of a request is an extension of
/// its context ([`Context::extension`]), also when the request or a reply to it leaves. That of a reply is in
/// [`Outgoing::notes`] where the reply finds its way without a transaction.
pub type Note = Box<dyn Any + Send>;

/// The notes of all hooks on one message.
pub type Notes = SmallVec<[Note; 2]>;

/// A message about to leave.
pub struct Outgoing<'a> {
    /// The message.
    pub message: &'a Arc<Message>,
    /// The way it goes.
    pub flow: Flow,
    /// When.
    pub now: Now,
    /// The configuration that runs it.
    pub config: &'a Config,
    /// The request that it is, made from that in hand, or that it answers; none for a reply that finds its
    /// way back without a transaction.
    pub request: Option<&'a Context>,
    /// What was noted of a reply that finds its way back without a transaction.
    pub notes: &'a Notes,
    /// Whether [`Sent::Wait`] is heard: only for requests that a script relays or forwards. For replies, for
    /// the next target of a branch and for the ACK of a request of our own it is not: what those need must be
    /// known, or written, when the message comes in.
    pub may_wait: bool,
}

/// What becomes of a message about to leave.
pub enum Sent {
    /// It leaves as it is.
    Unchanged,
    /// This leaves.
    Replaced(Bytes),
    /// Nothing leaves. A relayed request has failed with this status; a reply is lost.
    Refused {
        /// The status code, 400 to 699.
        code: u16,
        /// The reason phrase.
        reason: &'static str,
        /// After how many seconds it is worth another try, where that is known (`Retry-After`).
        retry_after_s: Option<u32>,
    },
    /// The world outside must answer first.
    Wait(Effect, ThenSent),
}

/// Goes on with a message about to leave.
pub type ThenSent = Box<dyn FnOnce(Answer) -> Sent + Send>;
