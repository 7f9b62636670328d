//! `t_suspend()` and `t_continue()`.
//!
//! A suspended request has a branch that goes nowhere: it ends with the `t_continue()`, or counts as
//! timed out after `fr_timer`. A suspended reply is kept aside and goes on as if its route had waited.

use crate::Worker;
use crate::launch::blind_branch;
use crate::mail::Reply;
use crate::response::options;
use crate::run::Purpose;
use crate::tx::{Made, timers_of};
use policy::{Client, Context, ReplyInHand, Routes, Transaction};
use script::RouteId;

/// The reply route that runs has called `t_suspend()`.
#[derive(Default)]
struct SuspendedHere(bool);

/// A reply that waits for `t_continue()`.
struct Kept {
    context: Box<Context>,
    reply: Reply,
}

impl Worker {
    /// `t_suspend()`.
    pub(crate) fn wish_suspend(&mut self, context: &mut Context) -> i32 {
        let until = self.now.mono.after_ms(
            timers_of(context.home.as_deref().unwrap_or(context))
                .fr_timer_ms
                .into(),
        );
        if let Some(home) = &mut context.home {
            let open = home.transaction.as_deref_mut().filter(|t| !t.suspended);
            let Some(transaction) = open else { return -1 };
            transaction.suspended = true;
            transaction.suspended_until = Some(until);
            context.extension_mut::<SuspendedHere>().0 = true;
            return 1;
        }
        // While branches are being made there is nothing that could go on later.
        let in_between = context.route.meets(Routes::BRANCH.or(Routes::ONSEND));
        if in_between || self.make_transaction(context) != Made::Yes {
            return -1;
        }
        self.trying(context);
        let branch = blind_branch(context);
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return -1;
        };
        let refused = transaction.suspended || transaction.is_final();
        if refused || transaction.fork.add(&self.edge.limits.stack).is_err() {
            return -1;
        }
        transaction.branches.push(branch);
        transaction.suspended = true;
        transaction.suspended_until = Some(until);
        1
    }

    /// `t_continue()`: the suspended request goes on with `route`, as a failure route; a suspended reply
    /// as a reply route.
    pub(crate) fn go_on_suspended(
        &mut self,
        mut context: Box<Context>,
        route: RouteId,
    ) -> Option<Box<Context>> {
        let options = options(&context);
        let transaction = context.transaction.as_deref_mut()?;
        if !transaction.suspended {
            return Some(context);
        }
        if let Some(kept) = wake(transaction) {
            return self.go_on_with_reply(context, kept, route);
        }
        if let Some(index) = end_blind(transaction) {
            let _everything_is_asked_later = transaction
                .fork
                .reply(index, SUSPENDED, None, true, &options);
            transaction.fork.drop_replies(index..index + 1);
        }
        transaction.leg_start = transaction.fork.group_start();
        transaction.fork.begin_group();
        context.reply = Some(ReplyInHand {
            branch: ReplyInHand::NO_BRANCH,
            code: SUSPENDED,
            message: None,
        });
        context.route = Routes::FAILURE;
        context.tried = None;
        self.run(context, route, Purpose::Failure)
    }

    /// Nobody has called `t_continue()`.
    pub(crate) fn suspended_too_long(&mut self, mut context: Box<Context>) -> Option<Box<Context>> {
        let transaction = context.transaction.as_deref_mut()?;
        if let Some(Kept { reply, .. }) = wake(transaction) {
            let code = reply.message.status()?;
            return self.reply_arrived(context, reply, code);
        }
        match blind(transaction) {
            Some(index) => self.branch_failed(context, index, 408),
            None => Some(context),
        }
    }

    /// The reply route ended after a `t_suspend()`.
    pub(crate) fn keep_reply(
        &mut self,
        mut home: Box<Context>,
        context: Box<Context>,
        reply: Reply,
    ) -> Option<Box<Context>> {
        let transaction = home.transaction.as_deref_mut()?;
        transaction.suspended_reply = Some(Box::new(Kept { context, reply }));
        Some(home)
    }

    fn go_on_with_reply(
        &mut self,
        mut home: Box<Context>,
        kept: Kept,
        route: RouteId,
    ) -> Option<Box<Context>> {
        let Kept { mut context, reply } = kept;
        context.now = self.now;
        context.vars = std::mem::take(&mut home.vars);
        context.home = Some(home);
        self.run(context, route, Purpose::Reply(reply))
    }
}

/// True where this reply route has suspended its reply.
pub(crate) fn has_suspended(home: &Context, context: &mut Context) -> bool {
    let suspended = home.transaction.as_deref().is_some_and(|t| t.suspended);
    suspended && std::mem::take(&mut context.extension_mut::<SuspendedHere>().0)
}

/// True where a branch is still under way.
pub(crate) fn has_pending(transaction: &Transaction) -> bool {
    let mut branches = transaction.branches.iter();
    branches.any(|branch| !matches!(branch.client, Client::Gone))
}

/// The status that a suspended request goes on with.
const SUSPENDED: u16 = 500;

/// Ends the suspension, and gives the reply where one was suspended.
fn wake(transaction: &mut Transaction) -> Option<Kept> {
    transaction.suspended = false;
    transaction.suspended_until = None;
    let kept = transaction.suspended_reply.take()?;
    kept.downcast::<Kept>().ok().map(|kept| *kept)
}

fn blind(transaction: &Transaction) -> Option<usize> {
    let mut branches = transaction.branches.iter();
    branches.rposition(|branch| branch.via_branch.is_empty() && branch.status == 0)
}

fn end_blind(transaction: &mut Transaction) -> Option<u16> {
    let index = blind(transaction)?;
    let branch = transaction.branches.get_mut(index)?;
    branch.status = SUSPENDED;
    branch.is_local = true;
    u16::try_from(index).ok()
}
