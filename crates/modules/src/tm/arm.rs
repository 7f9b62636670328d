//! What happens to the transaction later: routes, timers, switches.

use super::Tm;
use policy::{
    BranchFailureRoute, BranchRoute, Client, Context, FailureRoute, Int, ReplyRoute, Text, Timers,
};

impl Tm {
    pub(super) fn on_failure(&self, context: &mut Context, route: &FailureRoute) -> bool {
        let route = route.get(context);
        context.armed_mut().on_failure = route;
        true
    }

    pub(super) fn on_branch_failure(
        &self,
        context: &mut Context,
        route: &BranchFailureRoute,
    ) -> bool {
        let route = route.get(context);
        context.armed_mut().on_branch_failure = route;
        true
    }

    pub(super) fn on_reply(&self, context: &mut Context, route: &ReplyRoute) -> bool {
        let route = route.get(context);
        context.armed_mut().on_reply = route;
        true
    }

    pub(super) fn on_branch(&self, context: &mut Context, route: &BranchRoute) -> bool {
        let route = route.get(context);
        context.armed_mut().on_branch = route;
        true
    }

    pub(super) fn is_set(&self, context: &mut Context, target: &Text) -> bool {
        let target = target.get(context);
        let armed = context.armed();
        match target.as_ref() {
            b"branch_route" => armed.on_branch.is_some(),
            b"failure_route" => armed.on_failure.is_some(),
            b"onreply_route" => armed.on_reply.is_some(),
            _ => false,
        }
    }

    pub(super) fn set_fr(&self, context: &mut Context, inv_ms: &Int, ms: &Option<Int>) -> bool {
        let (inv_ms, ms) = (number(context, Some(inv_ms)), number(context, ms.as_ref()));
        change(context, |timers| {
            keep_or_set(&mut timers.fr_inv_timer_ms, inv_ms);
            keep_or_set(&mut timers.fr_timer_ms, ms);
        });
        restart(context);
        true
    }

    pub(super) fn reset_fr(&self, context: &mut Context) -> bool {
        reset(context, |timers, own| {
            (timers.fr_inv_timer_ms, timers.fr_timer_ms) = (own.fr_inv_timer_ms, own.fr_timer_ms);
        });
        restart(context);
        true
    }

    pub(super) fn set_max_lifetime(
        &self,
        context: &mut Context,
        inv_ms: &Int,
        noninv_ms: &Int,
    ) -> bool {
        let (inv_ms, noninv_ms) = (
            number(context, Some(inv_ms)),
            number(context, Some(noninv_ms)),
        );
        change(context, |timers| {
            keep_or_set(&mut timers.max_inv_lifetime_ms, inv_ms);
            keep_or_set(&mut timers.max_noninv_lifetime_ms, noninv_ms);
        })
    }

    pub(super) fn reset_max_lifetime(&self, context: &mut Context) -> bool {
        reset(context, |timers, own| {
            timers.max_inv_lifetime_ms = own.max_inv_lifetime_ms;
            timers.max_noninv_lifetime_ms = own.max_noninv_lifetime_ms;
        })
    }

    pub(super) fn set_retr(&self, context: &mut Context, t1_ms: &Int, t2_ms: &Int) -> bool {
        let (t1_ms, t2_ms) = (number(context, Some(t1_ms)), number(context, Some(t2_ms)));
        change(context, |timers| {
            keep_or_set(&mut timers.retr_timer1_ms, t1_ms);
            keep_or_set(&mut timers.retr_timer2_ms, t2_ms);
        })
    }

    pub(super) fn reset_retr(&self, context: &mut Context) -> bool {
        reset(context, |timers, own| {
            (timers.retr_timer1_ms, timers.retr_timer2_ms) =
                (own.retr_timer1_ms, own.retr_timer2_ms);
        })
    }

    pub(super) fn set_auto_100(&self, context: &mut Context, on: &Int) -> bool {
        let on = is_on(context, on);
        context.armed_mut().auto_100 = Some(on);
        true
    }

    pub(super) fn set_no_6xx(&self, context: &mut Context, on: &Int) -> bool {
        let on = is_on(context, on);
        context.armed_mut().no_6xx = on;
        true
    }

    pub(super) fn set_no_failover(&self, context: &mut Context, on: &Int) -> bool {
        let on = is_on(context, on);
        context.armed_mut().no_failover = on;
        true
    }

    pub(super) fn set_no_internal_reply(&self, context: &mut Context, on: &Int) -> bool {
        let on = is_on(context, on);
        context.armed_mut().no_internal_reply = on;
        true
    }

    pub(super) fn set_no_cancel_reason(&self, context: &mut Context, on: &Int) -> bool {
        let on = is_on(context, on);
        context.armed_mut().no_cancel_reason = on;
        true
    }
}

/// The branches under way begin to wait anew, by the timers as they are now.
fn restart(context: &mut Context) {
    let (now, own) = (context.now.mono, context.config.transactions.timers);
    let timers = context.armed().timers.unwrap_or(own);
    // The reply in hand is not counted yet.
    let in_hand = context.reply.as_ref().map(|reply| reply.branch);
    let branches = context
        .transaction_mut()
        .map(|transaction| &mut transaction.branches);
    for (index, branch) in branches.into_iter().flatten().enumerate() {
        if let Client::Invite(machine) = &mut branch.client {
            let rings = branch.replies > 0 || Some(index) == in_hand;
            let wait_ms = match rings {
                true => timers.fr_inv_timer_ms,
                false => timers.fr_timer_ms,
            };
            machine.set_deadline(now.after_ms(wait_ms.into()));
        }
    }
}

fn is_on(context: &mut Context, on: &Int) -> bool {
    on.get_or_0(context) != 0
}

/// The number of milliseconds; 0 where it is left out or none.
fn number(context: &mut Context, value: Option<&Int>) -> u32 {
    let value = value.map_or(0, |value| value.get_or_0(context));
    u32::try_from(value).unwrap_or(0)
}

fn keep_or_set(slot: &mut u32, ms: u32) {
    if ms > 0 {
        *slot = ms;
    }
}

fn change(context: &mut Context, with: impl FnOnce(&mut Timers)) -> bool {
    let own = context.config.transactions.timers;
    with(context.armed_mut().timers.get_or_insert(own));
    true
}

fn reset(context: &mut Context, with: impl FnOnce(&mut Timers, &Timers)) -> bool {
    let own = context.config.transactions.timers;
    if let Some(timers) = &mut context.armed_mut().timers {
        with(timers, &own);
    }
    true
}
