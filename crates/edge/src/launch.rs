//! One branch on its way: rendered, placed in response selection, sent.

use crate::Worker;
use crate::failover::fails_over;
use crate::hooked::{HeldLeaving, Hidden, Leaving, Rendered};
use crate::outbound::Aim;
use crate::relay::next_index;
use crate::tx::timers_of;
use bytes::Bytes;
use policy::{Branch, Client, Context, Effect, Failover, Flow, Proto, TlsWay};
use script::RouteId;
use sip::Method;
use stack::location::Target;
use stack::transaction::{Actions, ClientInvite, ClientNonInvite};
use std::sync::Arc;

/// A branch that is rendered and has its way.
pub(crate) struct Leg {
    flow: Flow,
    tls: Option<Arc<TlsWay>>,
    via_branch: Bytes,
    failover: Option<Box<Failover>>,
}

/// One that waits for a message hook.
pub(crate) struct HeldLeg {
    pub(crate) leg: Leg,
    pub(crate) held: Box<HeldLeaving>,
}

/// What became of a branch.
pub(crate) enum Launched {
    /// True where it is on its way.
    Done(bool),
    /// First this must be answered.
    Wait(Effect, Box<HeldLeg>),
}

/// No place for the branch, or it cannot be rendered.
const NO_LEG: (u16, &str) = (500, "Server Internal Error (500/SL)");

impl Worker {
    /// Sends the branch in hand to the first of its targets that a socket of ours can reach. Where a message
    /// hook has to ask first, that is the answer.
    ///
    /// `host` is the name of the next hop, where it has one; `proto` is a transport that the script asked for; `before` is
    /// the reply route armed before the branch route.
    pub(crate) fn launch(
        &mut self,
        context: &mut Context,
        (proto, before): (Option<Proto>, Option<RouteId>),
        host: Option<&Bytes>,
        targets: &[Target],
    ) -> Launched {
        let Some(flow) = self.first_way(context, proto, targets) else {
            context.error = Some((500, "I'm terribly sorry, server error occurred (7/SL)"));
            return Launched::Done(false);
        };
        if self.holds_back(context, &flow) || self.is_dropped_on_send(context, flow) {
            context.error = Some((
                477,
                "Unfortunately error on sending to next hop occurred (477/SL)",
            ));
            return Launched::Done(false);
        }
        let Some((flow, rendered, via_branch)) = self.rendered_leg(context, flow) else {
            context.error = Some(NO_LEG);
            return Launched::Done(false);
        };
        let leg = Leg {
            flow,
            tls: self.tls_way(context, flow.proto, host),
            failover: self.failover(context, targets, &flow, (rendered.bytes(), &via_branch)),
            via_branch,
        };
        let hidden = self.hide_on(Leaving::new(flow, rendered), Some(context), true);
        self.launch_hidden(context, before, leg, hidden)
    }

    /// Sends a leg as far as the message hooks let it.
    pub(crate) fn launch_hidden(
        &mut self,
        context: &mut Context,
        before: Option<RouteId>,
        leg: Leg,
        hidden: Hidden,
    ) -> Launched {
        match hidden {
            Hidden::Done(bytes) => Launched::Done(self.send_leg(context, before, leg, bytes)),
            Hidden::Refused(refusal) => {
                refusal.tell(context);
                Launched::Done(false)
            }
            Hidden::Wait(effect, held) => Launched::Wait(effect, Box::new(HeldLeg { leg, held })),
        }
    }

    fn send_leg(
        &mut self,
        context: &mut Context,
        before: Option<RouteId>,
        leg: Leg,
        bytes: Bytes,
    ) -> bool {
        let branch = new_branch(context, before, leg);
        let is_begun = self.begin_branch(context, branch, bytes);
        if !is_begun {
            context.error = Some(NO_LEG);
        }
        is_begun
    }

    /// Gives a branch its place in response selection and its machine, and sends it; false where there is
    /// no place.
    pub(crate) fn begin_branch(
        &mut self,
        context: &mut Context,
        mut branch: Branch,
        bytes: Bytes,
    ) -> bool {
        let limits = &self.edge.limits.stack;
        let has_place = context
            .transaction
            .as_deref_mut()
            .is_some_and(|transaction| transaction.fork.add(limits).is_ok());
        if !has_place {
            return false;
        }
        let timers = timers_of(context);
        let mut actions = Actions::new();
        let (flow, tls) = (branch.flow, branch.tls.clone());
        branch.client = self.client(context, bytes, &flow, &timers, &mut actions);
        if let Some(transaction) = context.transaction.as_deref_mut() {
            transaction.branches.push(branch);
        }
        self.edge.counts.forwarded_requests.inc();
        self.send_client(flow, tls, actions);
        true
    }

    /// The way to the first target that a socket of ours can reach; with `use_dns_failover` to the first of
    /// them that is not listed as failed, where there is one.
    fn first_way(
        &self,
        context: &Context,
        proto: Option<Proto>,
        targets: &[Target],
    ) -> Option<Flow> {
        let (socket, connection) = (context.target.socket, context.target.connection);
        let mut ways = targets.iter().filter_map(|target| {
            let aim = Aim {
                proto: proto.unwrap_or(target.transport),
                address: target.address,
                socket,
                connection,
            };
            self.way_to(context, aim)
        });
        let first = ways.next()?;
        if !(fails_over(context) && self.holds_back(context, &first)) {
            return Some(first);
        }
        let other = ways.find(|way| !self.holds_back(context, way));
        Some(other.unwrap_or(first))
    }

    /// Renders the branch in hand.
    fn rendered_leg(
        &mut self,
        context: &mut Context,
        flow: Flow,
    ) -> Option<(Flow, Rendered, Bytes)> {
        let index = u16::try_from(next_index(context)).ok()?;
        let (mut flow, mut rendered) = (flow, self.render_branch(context, &flow, index)?);
        if let Some(way) = self.way_for_large(context, &flow, rendered.0.bytes().len()) {
            flow = way;
            rendered = self.render_branch(context, &flow, index)?;
        }
        Some((flow, rendered.0, rendered.1))
    }

    /// The way of a request that is too large for a datagram (`udp_mtu`, RFC 3261 section 18.1.1); none
    /// where it goes as it is.
    fn way_for_large(&self, context: &Context, flow: &Flow, octets: usize) -> Option<Flow> {
        let core = context.core();
        if flow.proto != Proto::Udp || core.udp_mtu == 0 || octets <= core.udp_mtu {
            return None;
        }
        let proto = core
            .udp_mtu_try_proto
            .filter(|proto| *proto != Proto::Udp)?;
        let aim = Aim {
            proto,
            address: flow.peer,
            socket: None,
            connection: None,
        };
        self.way_to(context, aim)
    }

    fn client(
        &self,
        context: &Context,
        bytes: Bytes,
        flow: &Flow,
        timers: &stack::transaction::Timers,
        actions: &mut Actions,
    ) -> Client {
        let (now, reliable) = (self.now.mono, flow.proto.is_reliable());
        let created = context
            .transaction
            .as_ref()
            .map_or(now, |transaction| transaction.created);
        if context.message.method() == Method::Invite {
            let end_of_life = created.after_ms(timers.max_inv_lifetime_ms.into());
            Client::Invite(ClientInvite::start(
                now,
                bytes,
                reliable,
                end_of_life,
                timers,
                actions,
            ))
        } else {
            let end_of_life = created.after_ms(timers.max_noninv_lifetime_ms.into());
            Client::NonInvite(ClientNonInvite::start(
                now,
                bytes,
                reliable,
                end_of_life,
                timers,
                actions,
            ))
        }
    }
}

/// A branch that goes nowhere, for a request that is suspended.
pub(crate) fn blind_branch(context: &Context) -> Branch {
    let leg = Leg {
        flow: context.flow,
        tls: None,
        via_branch: Bytes::new(),
        failover: None,
    };
    new_branch(context, context.armed.on_reply, leg)
}

/// A branch without its machine.
fn new_branch(context: &Context, before: Option<RouteId>, leg: Leg) -> Branch {
    let armed = &context.armed;
    Branch {
        target: context.target.clone(),
        tls: leg.tls,
        on_reply: armed.on_reply.filter(|route| before != Some(*route)),
        on_branch_failure: armed.on_branch_failure,
        flags: context.target.flags,
        via_branch: leg.via_branch,
        failover: leg.failover,
        ..Branch::new(leg.flow)
    }
}
