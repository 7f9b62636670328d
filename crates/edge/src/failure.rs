//! When every branch has ended without success: failure route, then the best reply.

use crate::Worker;
use crate::response::options;
use crate::run::Purpose;
use crate::watch::tell_failed;
use bytes::Bytes;
use policy::{Context, Forget, ReplyInHand, Routes};
use script::RouteId;
use stack::fork::Best;

impl Worker {
    /// Every branch has ended: the failure route may try others, else the best reply goes up.
    pub(crate) fn all_branches_ended(&mut self, mut context: Box<Context>) -> Option<Box<Context>> {
        let best = context.transaction.as_ref()?.fork.best(&options(&context));
        let Some(best) = best else {
            return Some(context);
        };
        tell_failed(&mut context, &best);
        match context.armed.on_failure.take() {
            Some(route) => self.failure_route(context, route, &best),
            None if is_silent_end(&context, &best) => {
                let transaction = context.transaction.as_deref_mut()?;
                transaction.is_over = true;
                transaction.fork.mark_answered();
                Some(context)
            }
            None => {
                self.send_best(&mut context, &best);
                Some(context)
            }
        }
    }

    fn failure_route(
        &mut self,
        mut context: Box<Context>,
        route: RouteId,
        best: &Best,
    ) -> Option<Box<Context>> {
        let branch = usize::from(best.branch);
        let message = context
            .transaction
            .as_ref()?
            .fork
            .stored(best.branch)
            .cloned()
            .flatten();
        context.reply = Some(ReplyInHand {
            branch,
            code: best.code,
            message,
        });
        context.route = Routes::FAILURE;
        context.branches.clear();
        context.branch_index = branch;
        disarm(&mut context);
        if let Some(edits) = context.armed.saved_edits.clone() {
            context.edits = *edits;
        }
        if let Some(target) = context.armed.saved_target.as_deref().cloned() {
            context.tried = Some((target.uri.clone(), target.dst_uri.clone()));
            context.target = target;
        }
        let forget = forget_by(context.config.transactions.failure_reply_mode);
        if let Some(transaction) = context.transaction.as_deref_mut() {
            transaction.forget = forget;
            transaction.leg_start = transaction.fork.group_start();
            transaction.fork.begin_group();
        }
        self.run(context, route, Purpose::Failure)
    }

    /// The failure route has ended: with new branches under way it goes on, else the best reply
    /// goes up.
    pub(crate) fn failure_route_ended(&mut self, mut context: Box<Context>) -> Box<Context> {
        context.reply = None;
        let options = options(&context);
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return context;
        };
        let started = transaction.fork.len() > usize::from(transaction.fork.group_start());
        if started {
            forget_replies(transaction);
        }
        if transaction.is_final() || transaction.suspended || !transaction.fork.all_ended() {
            return context;
        }
        match transaction.fork.best(&options) {
            Some(best) => self.send_best(&mut context, &best),
            // The route threw the replies away and sent none.
            None => {
                let reason =
                    Bytes::from_static(b"I'm terribly sorry, server error occurred (1/TM)");
                self.final_of_ours(&mut context, 500, reason);
            }
        }
        context
    }

    /// Sends the best reply up: as it came, or made here where the status was made up.
    pub(crate) fn send_best(&mut self, context: &mut Context, best: &Best) {
        let stored = context
            .transaction
            .as_ref()
            .and_then(|t| t.fork.stored(best.branch).cloned().flatten());
        if let Some(transaction) = context.transaction.as_deref_mut() {
            transaction.fork.mark_answered();
            // What comes of a copy goes no further.
            transaction.is_over |= transaction.is_replica;
            if transaction.is_replica {
                return;
            }
        }
        match stored {
            // A 503 says something about its sender alone: the caller gets a 500 of ours (16.7 step 6).
            Some(_) if best.code_up != best.code => {
                let reason = Bytes::from_static(made_up_reason(best.code).as_bytes());
                self.final_of_ours(context, best.code_up, reason);
            }
            Some(reply) => {
                let reply = self.with_challenges(context, reply, best);
                self.forward_reply(context, &reply);
            }
            None => {
                let reason = Bytes::from_static(made_up_reason(best.code).as_bytes());
                self.final_of_ours(context, best.code, reason);
            }
        }
    }

    /// Adds the challenges of the other branches (RFC 3261 section 16.7 step 7).
    fn with_challenges(
        &self,
        context: &Context,
        reply: std::sync::Arc<sip::Message>,
        best: &Best,
    ) -> std::sync::Arc<sip::Message> {
        let Some(transaction) = context
            .transaction
            .as_ref()
            .filter(|_| !best.challenges.is_empty())
        else {
            return reply;
        };
        let mut edits = sip::Edits::new();
        for branch in best
            .challenges
            .iter()
            .filter(|branch| **branch != best.branch)
        {
            let Some(Some(other)) = transaction.fork.stored(*branch) else {
                continue;
            };
            for id in [
                sip::HeaderId::WwwAuthenticate,
                sip::HeaderId::ProxyAuthenticate,
            ] {
                other.all(id).for_each(|header| {
                    edits.append_header(&reply, &other.bytes()[header.span.range()])
                });
            }
        }
        self.edited(&reply, &edits)
    }
}

/// True where the caller is not told of a time-out (`noisy_ctimer`): its only branch never answered.
fn is_silent_end(context: &Context, best: &Best) -> bool {
    let only = context
        .transaction
        .as_ref()
        .filter(|transaction| transaction.is_invite() && transaction.branches.len() == 1);
    let silent = only.is_some_and(|transaction| {
        transaction
            .branches
            .iter()
            .all(|branch| branch.replies == 0)
    });
    !context.config.transactions.noisy_ctimer && best.faked && best.code == 408 && silent
}

/// A route armed for branches of one relaying says nothing about those of the next.
pub(crate) fn disarm(context: &mut Context) {
    context.armed.on_branch = None;
    context.armed.on_branch_failure = None;
}

/// What `failure_reply_mode` means.
fn forget_by(mode: u8) -> Forget {
    match mode {
        0 => Forget::Nothing,
        2 => Forget::Last,
        _ => Forget::All,
    }
}

/// New branches are under way: replies of the earlier ones go.
fn forget_replies(transaction: &mut policy::Transaction) {
    let (start, end) = (transaction.leg_start, transaction.fork.group_start());
    match transaction.forget {
        Forget::Nothing => {}
        Forget::Last => transaction.fork.drop_replies(start..end),
        Forget::All => transaction.fork.drop_replies(0..end),
    }
}

/// Reason phrases of statuses that are made up here.
pub(crate) fn made_up_reason(code: u16) -> &'static str {
    match code {
        408 => "Request Timeout",
        477 => "Unfortunately error on sending to next hop occurred (477/TM)",
        487 => "Request Terminated",
        503 => "Service Unavailable",
        _ => "Server Internal Error",
    }
}
