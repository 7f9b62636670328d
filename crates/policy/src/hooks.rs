//! What modules may watch.

use crate::Context;
use script::Span;
use sip::Message;

/// Watches transactions: accounting, dialogs.
///
/// The context is that of the request, with its transaction, flags and AVPs. Hooks run where the
/// transaction is owned, so they must not wait.
pub trait TransactionHook: Send + Sync {
    /// A request got its transaction and is about to be relayed.
    fn relayed(&self, _context: &mut Context) {}

    /// The final reply goes to the caller; `reply` is none where it was made here. Also for a CANCEL,
    /// which has no transaction of its own.
    fn replied(&self, _context: &mut Context, _outcome: &Replied<'_>) {}

    /// A 2xx of an INVITE goes to the caller who has got one already, this one or another (RFC 6026 section 7.2).
    fn accepted_again(&self, _code: u16) {}

    /// A branch ended without success; `reply` is none where the status was made up here.
    fn branch_failed(&self, _context: &mut Context, _outcome: &Replied<'_>) {}

    /// Every branch ended without success, before a failure route or the reply to the caller;
    /// `outcome` is the reply that was selected.
    fn failed(&self, _context: &mut Context, _outcome: &Replied<'_>) {}

    /// A provisional reply above 100 goes to the caller.
    fn progressed(&self, _context: &mut Context, _outcome: &Replied<'_>) {}

    /// A reply was sent without a transaction, or could not be.
    fn replied_statelessly(&self, _code: u16, _sent: bool) {}

    /// The ACK of a reply that was sent without a transaction came and ends here.
    fn ack_filtered(&self) {}

    /// The ACK of a 2xx passed, as far as its transaction is still known and a hook [keeps its
    /// context](TransactionHook::remains).
    fn acknowledged(&self, _context: &mut Context, _ack: &Message) {}

    /// What must stay of an INVITE whose final reply has gone, for [`TransactionHook::acknowledged`] and for who reads
    /// it by its transaction. Of other requests only [`Remains::Names`] stay. It is asked whenever
    /// the transaction is put aside and waits for nothing else.
    fn remains(&self, _context: &Context) -> Remains {
        Remains::Names
    }
}

/// What stays of a request when it is answered; the later ones hold the earlier. What modules keep with a request
/// ([`Context::extension`]) stays with the last one, and wherever there are message hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remains {
    /// The request line, From, To, Call-ID, CSeq, where there are message hooks Record-Route, and the flags: some
    /// 250 octets. No Via.
    Names,
    /// The whole request, and the flags.
    Request,
    /// AVPs too, the target and what belongs to its branches, and the ACK is told: some 400 octets more.
    Context,
}

/// Watches the script statement by statement (module `debugger`, `cfgtrace`).
pub trait Tracer: Send + Sync {
    /// A statement begins.
    fn step(&self, context: &mut Context, at: Span);
}

/// A reply as hooks see it.
#[derive(Clone, Copy)]
pub struct Replied<'a> {
    /// The status code.
    pub code: u16,
    /// The reason phrase.
    pub reason: &'a [u8],
    /// The reply as received.
    pub reply: Option<&'a Message>,
}
