//! What transactions tell of the calls that are counted.

use super::book::Book;
use super::functions::call_of;
use super::moment;
use policy::{
    Context, DialogHook, EndedBy, FollowedDialog, Replied, Surroundings, TransactionHook,
};
use sip::{Message, Method};
use std::sync::Arc;

/// Watches INVITEs and BYEs, and the dialogs of module `dialog`.
pub(super) struct Watch {
    pub(super) book: Arc<Book>,
    pub(super) surroundings: Surroundings,
}

impl TransactionHook for Watch {
    fn replied(&self, context: &mut Context, outcome: &Replied<'_>) {
        match context.message.method() {
            Method::Invite => self.invited(context, outcome),
            Method::Bye => self.said_bye(context, outcome),
            _ => {}
        }
    }
}

impl DialogHook for Watch {
    /// What the server ended has no BYE of a party. A party's BYE counts when it is answered: one that is
    /// refused ends no call.
    fn ended(&self, dialog: &dyn FollowedDialog, by: EndedBy, now_ms: u64) {
        if by == EndedBy::Server {
            let tags = (dialog.caller_tag(), dialog.callee_tag());
            let at = moment(&self.surroundings, now_ms / 1000);
            self.book.ended(dialog.call_id(), (tags.0, &tags.1), at);
        }
    }
}

impl Watch {
    fn invited(&self, context: &Context, outcome: &Replied<'_>) {
        let is_within = context.message.to().is_ok_and(|to| to.tag().is_some());
        let Some(call) = call_of(&self.book, &context.message).filter(|_| !is_within) else {
            return;
        };
        if outcome.code >= 300 {
            self.book.given_up(call);
            return;
        }
        let reply = outcome.reply.and_then(|reply| reply.to().ok());
        let callee = reply.as_ref().and_then(|to| to.tag()).unwrap_or_default();
        let at = moment(&self.surroundings, context.now.unix_s());
        self.book.answered(call, callee, at);
    }

    /// A BYE that was accepted, or whose receiver does not know the call any more or is gone (RFC 3261
    /// section 15.1.1).
    fn said_bye(&self, context: &Context, outcome: &Replied<'_>) {
        if !matches!(outcome.code, 200..=299 | 408 | 481) {
            return;
        }
        let Some((call_id, from_tag, to_tag)) = names(&context.message) else {
            return;
        };
        let at = moment(&self.surroundings, context.now.unix_s());
        if !self.book.ended(call_id, (from_tag, to_tag), at) {
            self.book.ended(call_id, (to_tag, from_tag), at);
        }
    }
}

/// Call-ID, tag of the sender, tag of the receiver.
fn names(message: &Message) -> Option<(&[u8], &[u8], &[u8])> {
    let (from, to) = (message.from().ok()?, message.to().ok()?);
    let call_id = message.call_id().ok()?;
    Some((
        call_id,
        from.tag().unwrap_or_default(),
        to.tag().unwrap_or_default(),
    ))
}
