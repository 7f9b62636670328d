//! Which of our transactions a reply belongs to: RFC 3261 17.1.3 and 18.1.2.

use sip::{Message, Method, Via};

use super::{Branch, Brancher, Decoded, StatelessFields};

/// What a received reply belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// A branch of a transaction. The method tells the reply to a CANCEL of ours from that to its
    /// INVITE: both have one branch.
    Transaction(Branch, Method),
    /// A request that we forwarded statelessly: relay it to the next Via.
    Stateless,
    /// Nothing of ours: drop it.
    Nothing,
}

impl Brancher {
    /// Matches a reply by its top Via, which must be ours by `is_own` and have a branch that we
    /// made.
    pub fn match_reply(&self, reply: &Message, is_own: impl Fn(&Via<'_>) -> bool) -> Matched {
        self.matched(reply, is_own).unwrap_or(Matched::Nothing)
    }

    fn matched(&self, reply: &Message, is_own: impl Fn(&Via<'_>) -> bool) -> Option<Matched> {
        let via = reply.top_via().ok().filter(is_own)?;
        let branch = via.branch?;
        match self.decode(branch)? {
            Decoded::Transaction(decoded) => {
                let method = reply.cseq().ok()?.method;
                Some(Matched::Transaction(decoded, method))
            }
            Decoded::Stateless { .. } => {
                let fields = StatelessFields::of_reply(reply).ok()?;
                self.verify_stateless(branch, &fields)
                    .then_some(Matched::Stateless)
            }
        }
    }
}
