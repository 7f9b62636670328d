//! Questions about the transaction in hand.

use super::Tm;
use policy::{Branch, Context, Forget, Int, Level, Pattern, Routes, Text, Transaction};

impl Tm {
    pub(super) fn check_status(&self, context: &mut Context, pattern: &Pattern) -> bool {
        let Some(code) = status(context) else {
            context.log(Level::Err, "tm", || {
                "cannot check status for a reply which has no T-state established".to_owned()
            });
            return false;
        };
        let code = code.to_string();
        pattern
            .with(context, |_, regex| {
                regex.matches(code.as_bytes()).unwrap_or(false)
            })
            .unwrap_or(false)
    }

    pub(super) fn status_code(&self, context: &mut Context) -> i32 {
        status(context)
            .filter(|code| *code > 0)
            .map_or(-1, i32::from)
    }

    pub(super) fn grep_status(&self, context: &mut Context, code: &Int) -> bool {
        let code = code.get(context).and_then(|code| u16::try_from(code).ok());
        let Some(transaction) = transaction(context) else {
            return false;
        };
        code.is_some_and(|code| {
            transaction
                .branches
                .iter()
                .any(|branch| ended_with(branch) == Some(code))
        })
    }

    pub(super) fn branch_timeout(&self, context: &mut Context) -> bool {
        in_hand(context).is_some_and(timed_out)
    }

    pub(super) fn branch_replied(&self, context: &mut Context) -> bool {
        let of_failure = context
            .reply
            .as_ref()
            .is_some_and(|reply| reply.message.is_some());
        in_hand(context).is_some_and(|branch| before(branch, of_failure))
    }

    pub(super) fn any_timeout(&self, context: &mut Context) -> bool {
        transaction(context).is_some_and(|transaction| transaction.branches.iter().any(timed_out))
    }

    /// The reply in hand does not count: in reply routes it is not counted yet, in failure routes
    /// it is the last of its branch.
    pub(super) fn any_replied(&self, context: &mut Context) -> bool {
        let failed = context
            .reply
            .as_ref()
            .filter(|reply| reply.message.is_some() && is_failure(context));
        let failed = failed.map(|reply| reply.branch);
        transaction(context).is_some_and(|transaction| {
            let mut branches = transaction.branches.iter().enumerate();
            branches.any(|(index, branch)| before(branch, Some(index) == failed))
        })
    }

    pub(super) fn is_canceled(&self, context: &mut Context) -> bool {
        if let Some(transaction) = transaction(context) {
            return transaction.cancelled;
        }
        context.log(Level::Err, "tm", || {
            "cannot check a message for which no T-state has been established".to_owned()
        });
        false
    }

    pub(super) fn is_expired(&self, context: &mut Context) -> bool {
        transaction(context).is_some_and(|transaction| transaction.expired)
    }

    pub(super) fn drop_replies(&self, context: &mut Context, mode: &Option<Text>) -> bool {
        let mode = mode
            .as_ref()
            .map(|mode| mode.get(context))
            .unwrap_or_default();
        let Some(transaction) = context.transaction_mut() else {
            return false;
        };
        let end = u16::try_from(transaction.branches.len()).unwrap_or(u16::MAX);
        match mode.first() {
            Some(b'n') => transaction.forget = Forget::Nothing,
            Some(b'l') => transaction.fork.drop_replies(transaction.leg_start..end),
            _ => transaction.fork.drop_replies(0..end),
        }
        true
    }

    pub(super) fn save_lumps(&self, context: &mut Context) -> bool {
        if context.transaction().is_none() {
            context.log(Level::Err, "tm", || {
                "transaction has not been created yet: t_newtran() comes first".to_owned()
            });
            return false;
        }
        context.armed.saved_edits = Some(Box::new(context.edits.clone()));
        true
    }
}

/// The status in hand: of the reply, of the failure, else of the last reply sent (0 while there is
/// none); none where there is no transaction.
fn status(context: &Context) -> Option<u16> {
    if let Some(reply) = &context.reply {
        return Some(reply.code);
    }
    if !context.message.is_request() {
        return context.message.status();
    }
    transaction(context).map(|transaction| transaction.replied)
}

fn transaction(context: &Context) -> Option<&Transaction> {
    context.transaction()
}

fn is_failure(context: &Context) -> bool {
    Routes::FAILURE
        .or(Routes::BRANCH_FAILURE)
        .contains(context.route)
}

/// The branch that failed.
fn in_hand(context: &Context) -> Option<&Branch> {
    let reply = context.reply.as_ref()?;
    transaction(context)?.branches.get(reply.branch)
}

/// How a branch ended, if it has.
fn ended_with(branch: &Branch) -> Option<u16> {
    Some(branch.status).filter(|code| *code >= 200)
}

fn timed_out(branch: &Branch) -> bool {
    branch.is_local && branch.status == 408
}

/// True where replies came, without the last one if that is in hand.
fn before(branch: &Branch, without_last: bool) -> bool {
    branch.replies > u16::from(without_last)
}
