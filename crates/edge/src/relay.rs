//! `t_relay()`: one branch after the other, each through its branch route and on its way.

use crate::Worker;
use crate::failover::fails_over;
use crate::launch::{HeldLeg, Launched};
use crate::next_hop::{destination, fenced};
use crate::perform::Performed;
use crate::timers::handle_client;
use crate::tx::{Made, timers_of};
use bytes::Bytes;
use policy::{
    Answer, Context, Continuation, Destination, Effect, NextHop, Outcome, RecordRoute, Relay,
    Routes, go_on,
};
use script::{EndKind, Flow, RouteId};
use sip::{Edits, HeaderId, Method};
use stack::location::{Resolver, Step};
use stack::transaction::{Action, Actions};
use std::collections::VecDeque;

/// A `t_relay()` under way.
pub(crate) struct RelayJob {
    relay: Relay,
    /// The target of the request itself is still to be served.
    own_target: bool,
    /// Targets still to be served besides.
    targets: VecDeque<Destination>,
    /// What the request has before a branch changes it; none where one branch is all there is and nothing
    /// changes it.
    base: Option<Box<Base>>,
    /// The reply route that was armed before any branch route.
    on_reply: Option<RouteId>,
    /// The branch in hand.
    stage: Stage,
    /// What each branch gets of the request's Max-Breadth (RFC 5393), where it has one.
    breadth: VecDeque<u32>,
    sent: usize,
}

enum Stage {
    /// Take the next target.
    Next,
    /// The branch route has run.
    Routed { dropped: bool },
    /// The name servers answered.
    Located {
        resolver: Box<Resolver>,
        answer: stack::location::Answer,
    },
    /// A message hook has its answer.
    Hidden { held: Box<HeldLeg>, answer: Answer },
}

/// What a branch route may change for its branch alone.
#[derive(Clone)]
struct Base {
    target: Destination,
    edits: Edits,
    record_routes: Vec<RecordRoute>,
    on_reply: Option<RouteId>,
    on_branch_failure: Option<RouteId>,
    route: Routes,
}

impl Worker {
    /// Begins to relay the request in hand to its destination set.
    pub(crate) fn relay(
        &mut self,
        context: &mut Context,
        relay: Relay,
        resume: Continuation,
    ) -> Performed {
        match context.message.method() {
            Method::Ack => return self.relay_ack(context, relay, resume),
            Method::Cancel => return self.relay_cancel(context, relay, resume),
            _ => {}
        }
        if context.transaction.is_none() && self.is_loop(context) {
            context.error = Some((482, "Loop Detected"));
            return go_on(context, resume, Answer::Code(-1));
        }
        match self.make_transaction(context) {
            Made::Yes => {}
            Made::Again => return go_on(context, resume, Answer::Code(0)),
            Made::No => {
                context.error = Some((503, "Service Unavailable"));
                return go_on(context, resume, Answer::Code(-1));
            }
        }
        if relay.flags & NO_TRYING == 0 {
            self.trying(context);
        }
        context.armed.no_internal_reply |= relay.flags & NO_INTERNAL_REPLY != 0;
        context.armed.no_failover |= relay.flags & NO_FAILOVER != 0;
        self.tell_relayed(context);
        let job = self.relay_job(context, relay);
        self.relay_step(context, job, resume)
    }

    fn relay_job(&mut self, context: &mut Context, relay: Relay) -> RelayJob {
        save_for_failure(context);
        // A failure route that only called append_branch() does not mean the old target again.
        let target = &context.target;
        let tried = Some((target.uri.clone(), target.dst_uri.clone()));
        let mut own_target = context.tried != tried;
        context.tried = tried;
        let mut targets: VecDeque<Destination> = context.branches.drain(..).collect();
        let shares = shares_of(&context.message, usize::from(own_target) + targets.len());
        if shares.is_none() {
            context.error = Some((440, "Max-Breadth Exceeded"));
            own_target = false;
            targets.clear();
        }
        let breadth = shares.unwrap_or_default();
        let is_changed = !(targets.is_empty() && breadth.is_empty()) || has_branch_scripts(context);
        RelayJob {
            relay,
            own_target,
            targets,
            base: is_changed.then(|| Box::new(Base::of(context))),
            on_reply: context.armed.on_reply,
            stage: Stage::Next,
            breadth,
            sent: 0,
        }
    }

    /// Goes on relaying until a branch has to wait, or all are served.
    pub(crate) fn relay_step(
        &mut self,
        context: &mut Context,
        mut job: RelayJob,
        resume: Continuation,
    ) -> Performed {
        loop {
            match std::mem::replace(&mut job.stage, Stage::Next) {
                Stage::Next => {
                    if !job.aims_next(context) {
                        return self.relay_done(context, job, resume);
                    }
                    limit_breadth(context, job.breadth.pop_front());
                    context.branch_index = next_index(context);
                    match context.armed.on_branch {
                        None => job.stage = Stage::Routed { dropped: false },
                        Some(route) => {
                            context.route = Routes::BRANCH;
                            return Flow::Run(route, after_branch_route(job, resume));
                        }
                    }
                }
                Stage::Routed { dropped: true } => job.reset(context),
                Stage::Routed { dropped: false } => {
                    if let Some(wait) = self.aim(context, &mut job) {
                        return Flow::Wait(wait, after_wait(job, resume));
                    }
                }
                Stage::Located {
                    mut resolver,
                    answer,
                } => {
                    let step = resolver.answer(answer);
                    if let Some(wait) = self.located(context, &mut job, *resolver, step) {
                        return Flow::Wait(wait, after_wait(job, resume));
                    }
                }
                Stage::Hidden { held, answer } => {
                    let HeldLeg { leg, held } = *held;
                    let hidden = self.hide_after(*held, answer, context);
                    let launched = self.launch_hidden(context, job.on_reply, leg, hidden);
                    if let Some(wait) = job.launched(context, launched) {
                        return Flow::Wait(wait, after_wait(job, resume));
                    }
                }
            }
        }
    }

    fn relay_done(
        &mut self,
        context: &mut Context,
        job: RelayJob,
        resume: Continuation,
    ) -> Performed {
        if job.sent > 0 {
            return go_on(context, resume, Answer::Code(1));
        }
        context.error = context.error.or(Some((
            500,
            "I'm terribly sorry, server error occurred (1/SL)",
        )));
        // Before anything went out the request can be answered without its transaction.
        if let Some(transaction) = context.transaction.as_deref_mut() {
            transaction.is_over |= transaction.branches.is_empty() && transaction.replied < 200;
        }
        let code = failure_code(context.error);
        go_on(context, resume, Answer::Code(code))
    }

    /// Finds where the branch in hand goes; a question to the name servers where that is needed.
    fn aim(&mut self, context: &mut Context, job: &mut RelayJob) -> Option<Effect> {
        let destination = match destination(context, &job.relay) {
            Ok(destination) => destination,
            Err(error) => {
                context.error = Some(error);
                job.reset(context);
                return None;
            }
        };
        let resolver = self.resolver(context, destination);
        let mut resolver = match fails_over(context) {
            true => resolver.gathering(),
            false => resolver,
        };
        let step = resolver.next();
        self.located(context, job, resolver, step)
    }

    fn located(
        &mut self,
        context: &mut Context,
        job: &mut RelayJob,
        resolver: Resolver,
        step: Step,
    ) -> Option<Effect> {
        match fenced(context, &job.relay, step) {
            Err(error) => context.error = Some(error),
            Ok(Step::Ask(query)) => {
                job.stage = Stage::Located {
                    resolver: Box::new(resolver),
                    answer: stack::location::Answer::Nothing,
                };
                return Some(Effect::Lookup(query));
            }
            Ok(Step::Unreachable) => {
                context.error = Some((478, "Unresolvable destination (478/SL)"));
            }
            Ok(Step::Done(targets)) => {
                let asked = (job.relay.proto, job.on_reply);
                let launched = self.launch(context, asked, resolver.host(), &targets);
                return job.launched(context, launched);
            }
        }
        job.reset(context);
        None
    }

    /// `t_replicate()`: the request goes elsewhere too; what comes back goes no further.
    pub(crate) fn replicate(
        &mut self,
        context: &mut Context,
        to: Option<NextHop>,
        resume: Continuation,
    ) -> Performed {
        let relay = Relay {
            to,
            ..Relay::default()
        };
        let performed = self.relay(context, relay, resume);
        if let Some(transaction) = context.transaction.as_deref_mut() {
            transaction.is_replica = true;
        }
        performed
    }

    /// 100 for an INVITE as soon as its transaction exists (`auto_inv_100`).
    pub(crate) fn trying(&mut self, context: &mut Context) {
        let params = &context.config.transactions;
        let wanted = context.armed.auto_100.unwrap_or(params.auto_inv_100);
        let fresh = context
            .transaction
            .as_ref()
            .is_some_and(|transaction| transaction.is_invite() && transaction.replied == 0);
        if !(wanted && fresh) {
            return;
        }
        let reason = params.auto_inv_100_reason.clone();
        if let Some(reply) = self.render_reply(context, 100, reason) {
            self.reply_through(context, 100, reply, true);
        }
    }

    /// The branch could not be sent, or its connection is gone.
    pub(crate) fn branch_unsent(
        &mut self,
        mut context: Box<Context>,
        via_branch: &Bytes,
    ) -> Option<Box<Context>> {
        let timers = timers_of(&context);
        let transaction = context.transaction.as_deref_mut()?;
        let found = transaction
            .branches
            .iter_mut()
            .enumerate()
            .find(|(_, branch)| branch.via_branch == *via_branch);
        let Some((index, branch)) = found else {
            return Some(context);
        };
        let mut actions = Actions::new();
        let input = stack::transaction::ClientInput::TransportError;
        handle_client(
            &mut branch.client,
            self.now.mono,
            input,
            &timers,
            &mut actions,
        );
        let flow = branch.flow;
        match actions.contains(&Action::TransportFailed) {
            true => {
                self.list_unsent(&context, &flow);
                let code = match context.config.transactions.failure_exec_mode {
                    true => 408,
                    false => stack::fork::UNSENT,
                };
                self.branch_failed(context, index, code)
            }
            false => Some(context),
        }
    }
}

impl RelayJob {
    /// Notes what became of a branch, and turns to the next one; what is to be asked first, where that is so.
    fn launched(&mut self, context: &mut Context, launched: Launched) -> Option<Effect> {
        match launched {
            Launched::Done(is_sent) => {
                self.sent += usize::from(is_sent);
                self.reset(context);
                None
            }
            Launched::Wait(effect, held) => {
                let answer = Answer::TimedOut;
                self.stage = Stage::Hidden { held, answer };
                Some(effect)
            }
        }
    }

    /// Aims the request at the next target; false where all are served.
    fn aims_next(&mut self, context: &mut Context) -> bool {
        if std::mem::take(&mut self.own_target) {
            return true;
        }
        let next = self.targets.pop_front();
        next.map(|target| context.target = target).is_some()
    }

    /// Back to what the request has, for the next branch.
    fn reset(&mut self, context: &mut Context) {
        self.stage = Stage::Next;
        let is_last = !self.own_target && self.targets.is_empty();
        let base = match is_last {
            true => self.base.take(),
            false => self.base.clone(),
        };
        if let Some(base) = base {
            base.restore(context);
        }
    }
}

impl Base {
    fn of(context: &Context) -> Base {
        Base {
            target: context.target.clone(),
            edits: context.edits.clone(),
            record_routes: context.record_routes.clone(),
            on_reply: context.armed.on_reply,
            on_branch_failure: context.armed.on_branch_failure,
            route: context.route,
        }
    }

    fn restore(self, context: &mut Context) {
        context.target = self.target;
        context.edits = self.edits;
        context.record_routes = self.record_routes;
        context.armed.on_reply = self.on_reply;
        context.armed.on_branch_failure = self.on_branch_failure;
        context.route = self.route;
    }
}

/// True where a script runs for each branch, which may change the request for it.
fn has_branch_scripts(context: &Context) -> bool {
    context.armed.on_branch.is_some() || context.config.entry.onsend.is_some()
}

/// The return code of a `t_relay()` that sent nothing, as Kamailio 5.6.3 gives it.
fn failure_code(error: Option<(u16, &'static str)>) -> i32 {
    match error {
        Some((478, _)) => -478,
        Some((500, text)) if text.ends_with("(7/SL)") => -7,
        _ => -1,
    }
}

/// Flags of `t_relay_to()`.
const NO_TRYING: u32 = 1;
const NO_INTERNAL_REPLY: u32 = 2;
const NO_FAILOVER: u32 = 4;

/// A failure route begins with what the request was when it was relayed first.
fn save_for_failure(context: &mut Context) {
    if context.armed.on_failure.is_some() && context.armed.saved_target.is_none() {
        context.armed.saved_target = Some(Box::new(context.target.clone()));
        context
            .armed
            .saved_edits
            .get_or_insert_with(|| Box::new(context.edits.clone()));
    }
}

fn after_branch_route(mut job: RelayJob, resume: Continuation) -> Continuation {
    Box::new(move |_, answer| {
        let dropped = matches!(answer, Answer::Route(end) if end.kind == EndKind::Drop);
        job.stage = Stage::Routed { dropped };
        Outcome::Ask(Effect::Step(Box::new(job)), resume)
    })
}

fn after_wait(mut job: RelayJob, resume: Continuation) -> Continuation {
    Box::new(move |_, answer| {
        match (&mut job.stage, answer) {
            (Stage::Located { answer: slot, .. }, Answer::Names(names)) => *slot = names,
            (Stage::Hidden { answer: slot, .. }, answer) => *slot = answer,
            _ => {}
        }
        Outcome::Ask(Effect::Step(Box::new(job)), resume)
    })
}

/// Shares the request's Max-Breadth out; empty where it has none. None where there are more branches
/// than breadth.
fn shares_of(message: &sip::Message, branches: usize) -> Option<VecDeque<u32>> {
    match message.number_of(HeaderId::MaxBreadth) {
        Ok(Some(most)) => Some(stack::branch::shares(most, branches)?.collect()),
        _ => Some(VecDeque::new()),
    }
}

fn limit_breadth(context: &mut Context, share: Option<u32>) {
    let header = context.message.header(HeaderId::MaxBreadth);
    if let (Some(share), Some(span)) = (share, header.map(|header| header.value_span)) {
        context.edits.replace(span, share.to_string());
    }
}

pub(crate) fn next_index(context: &Context) -> usize {
    context
        .transaction
        .as_ref()
        .map_or(0, |transaction| transaction.branches.len())
}
