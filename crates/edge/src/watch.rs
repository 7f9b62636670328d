//! Telling modules that watch transactions what has happened (accounting, dialogs).

use crate::Worker;
use policy::{Context, Replied};
use sip::Message;

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
        let reason = reply.map_or(&b"Request Timeout"[..], |reply| reply.reason());
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
