//! When every branch has ended without success: failure route, then the best reply.

use crate::Worker;
use crate::response::options;
use crate::run::Purpose;
use bytes::Bytes;
use policy::{Context, ReplyInHand, Routes};
use script::RouteId;
use stack::fork::Best;

impl Worker {
    /// Every branch has ended: the failure route may try others, else the best reply goes up.
    pub(crate) fn all_branches_ended(&mut self, mut context: Box<Context>) -> Option<Box<Context>> {
        let best = context.transaction.as_ref()?.fork.best(&options(&context));
        let Some(best) = best else {
            return Some(context);
        };
        match context.armed.on_failure.take() {
            Some(route) => self.failure_route(context, route, &best),
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
        let mode = context.config.transactions.failure_reply_mode;
        if let Some(transaction) = context.transaction.as_deref_mut() {
            forget_replies(transaction, mode);
            transaction.fork.begin_group();
        }
        self.run(context, route, Purpose::Failure)
    }

    /// The failure route has ended: with new branches under way it goes on, else the best reply
    /// goes up.
    pub(crate) fn failure_route_ended(&mut self, mut context: Box<Context>) -> Box<Context> {
        let held = context.reply.take();
        let Some(transaction) = context.transaction.as_deref() else {
            return context;
        };
        let started = transaction.fork.len() > usize::from(transaction.fork.group_start());
        if transaction.is_final()
            || transaction.suspended
            || (started && !transaction.fork.all_ended())
        {
            return context;
        }
        match transaction.fork.best(&options(&context)) {
            Some(best) => self.send_best(&mut context, &best),
            None => self.send_held(&mut context, held),
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
        }
        match stored {
            Some(reply) => {
                let as_code = (best.code_up != best.code).then_some(best.code_up);
                let reply = self.with_challenges(context, reply, best);
                self.forward_reply(context, &reply, as_code);
            }
            None => {
                let reason = Bytes::from_static(made_up_reason(best.code).as_bytes());
                self.final_of_ours(context, best.code, reason);
            }
        }
    }

    /// The failure route threw the replies away and sent none: the one it was called for goes up.
    fn send_held(&mut self, context: &mut Context, held: Option<ReplyInHand>) {
        let Some(held) = held else {
            return;
        };
        if let Some(transaction) = context.transaction.as_deref_mut() {
            transaction.fork.mark_answered();
        }
        match held.message {
            Some(reply) => self.forward_reply(context, &reply, None),
            None => {
                let reason = Bytes::from_static(made_up_reason(held.code).as_bytes());
                self.final_of_ours(context, held.code, reason);
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
        if edits.is_empty() {
            return reply;
        }
        let mut out = Vec::with_capacity(reply.bytes().len() + 256);
        edits.render(&reply, &mut out);
        crate::outbound::reparse(out.into(), &self.edge.limits.sip)
            .map_or(reply, std::sync::Arc::new)
    }

    /// `t_continue()`: the suspended request goes on with `route`.
    pub(crate) fn go_on_suspended(
        &mut self,
        mut context: Box<Context>,
        route: RouteId,
    ) -> Option<Box<Context>> {
        let transaction = context.transaction.as_deref_mut()?;
        if !std::mem::take(&mut transaction.suspended) {
            return Some(context);
        }
        context.route = Routes::REQUEST;
        self.run(context, route, Purpose::Request)
    }
}

/// `failure_reply_mode`: 0 keeps the replies of earlier groups, others let them go when a new
/// group begins.
fn forget_replies(transaction: &mut policy::Transaction, mode: u8) {
    let end = u16::try_from(transaction.fork.len()).unwrap_or(u16::MAX);
    match mode {
        1 => transaction
            .fork
            .drop_replies(transaction.fork.group_start()..end),
        3 => transaction.fork.drop_replies(0..end),
        _ => {}
    }
}

/// Reason phrases of statuses that are made up here.
pub(crate) fn made_up_reason(code: u16) -> &'static str {
    match code {
        408 => "Request Timeout",
        487 => "Request Terminated",
        503 => "Service Unavailable",
        _ => "Server Internal Error",
    }
}
