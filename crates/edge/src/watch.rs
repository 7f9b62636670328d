//! Telling modules that watch transactions what has happened (accounting, dialogs).

use crate::Worker;
use crate::failure::made_up_reason;
use policy::{Context, Replied};
use sip::Message;
use stack::fork::Best;

impl Worker {
    pub(crate) fn tell_replied(
        &mut self,
        context: &mut Context,
        code: u16,
        reason: &[u8],
        reply: Option<&Message>,
    ) {
        let config = context.config.clone();
        for hook in &config.installed.transaction_hooks {
            hook.replied(
                context,
                &Replied {
                    code,
                    reason,
                    reply,
                },
            );
        }
    }

    pub(crate) fn tell_accepted_again(&mut self, context: &Context, code: u16) {
        for hook in &context.config.installed.transaction_hooks {
            hook.accepted_again(code);
        }
    }

    pub(crate) fn tell_relayed(&mut self, context: &mut Context) {
        let config = context.config.clone();
        for hook in &config.installed.transaction_hooks {
            hook.relayed(context);
        }
    }

    pub(crate) fn tell_acknowledged(&mut self, context: &mut Context, ack: &Message) {
        let config = context.config.clone();
        for hook in &config.installed.transaction_hooks {
            hook.acknowledged(context, ack);
        }
    }

    pub(crate) fn tell_branch_failed(
        &mut self,
        context: &mut Context,
        code: u16,
        reply: Option<&Message>,
    ) {
        let config = context.config.clone();
        let made_up = made_up_reason(code).as_bytes();
        let reason = reply.map_or(made_up, |reply| reply.reason());
        for hook in &config.installed.transaction_hooks {
            hook.branch_failed(
                context,
                &Replied {
                    code,
                    reason,
                    reply,
                },
            );
        }
    }
}

pub(crate) fn tell_progressed(context: &mut Context, code: u16, reply: &Message) {
    let config = context.config.clone();
    let outcome = Replied {
        code,
        reason: reply.reason(),
        reply: Some(reply),
    };
    for hook in &config.installed.transaction_hooks {
        hook.progressed(context, &outcome);
    }
}

/// Tells who watches, before a failure route may try other targets.
pub(crate) fn tell_failed(context: &mut Context, best: &Best) {
    let config = context.config.clone();
    let stored = context
        .transaction
        .as_ref()
        .and_then(|t| t.fork.stored(best.branch).cloned().flatten());
    let outcome = Replied {
        code: best.code,
        reason: stored
            .as_ref()
            .map_or(made_up_reason(best.code).as_bytes(), |reply| reply.reason()),
        reply: stored.as_deref(),
    };
    for hook in &config.installed.transaction_hooks {
        hook.failed(context, &outcome);
    }
}
