//! Making transactions, replying through them, looking them up.

use super::Tm;
use bytes::Bytes;
use policy::{
    Answer, Context, Effect, Int, Level, Outcome, Reply, ReplyHow, Text, TransactionAction,
};
use sip::Method;

impl Tm {
    pub(super) fn newtran(&self, context: &mut Context) -> Outcome {
        if context.transaction().is_some() {
            context.log(Level::Notice, "tm", || {
                "transaction already in process".to_owned()
            });
            return Outcome::Code(-10);
        }
        match context.message.method() {
            Method::Ack => Outcome::TRUE,
            _ => wish(TransactionAction::New),
        }
    }

    pub(super) fn reply(&self, context: &mut Context, code: &Int, reason: &Text) -> Outcome {
        if context.transaction().is_none() {
            context.log(Level::Err, "tm", || {
                "cannot send a t_reply to a message for which no T-state has been established"
                    .to_owned()
            });
            return Outcome::FALSE;
        }
        self.send(context, code, reason)
    }

    pub(super) fn send_reply(&self, context: &mut Context, code: &Int, reason: &Text) -> Outcome {
        self.send(context, code, reason)
    }

    pub(super) fn retransmit_reply(&self, context: &mut Context) -> Outcome {
        match context.transaction() {
            Some(transaction) if transaction.replied > 0 => {
                wish(TransactionAction::RetransmitReply)
            }
            _ => Outcome::FALSE,
        }
    }

    pub(super) fn release(&self, _: &mut Context) -> Outcome {
        wish(TransactionAction::Release)
    }

    pub(super) fn lookup_request(&self, _: &mut Context) -> Outcome {
        wish(TransactionAction::LookupRequest)
    }

    pub(super) fn lookup_cancel(&self, context: &mut Context, flags: &Option<Int>) -> Outcome {
        let wanted = flags
            .as_ref()
            .is_some_and(|flags| flags.get_or_0(context) == 1);
        let invite = self.transactions.get().filter(|_| wanted);
        if let Some(invite) = invite.and_then(|all| all.cancelled_by(&context.message)) {
            context.flags = invite.flags;
        }
        wish(TransactionAction::LookupCancel)
    }

    pub(super) fn check_trans(&self, context: &mut Context) -> Outcome {
        if context.message.is_request() {
            return wish(TransactionAction::Check);
        }
        Outcome::from(context.transaction().is_some())
    }

    pub(super) fn is_suspended(&self, context: &mut Context) -> bool {
        context
            .transaction()
            .is_some_and(|transaction| transaction.suspended)
    }

    /// Asks for a reply through the transaction, which is made where there is none.
    fn send(&self, context: &mut Context, code: &Int, reason: &Text) -> Outcome {
        let (code, reason) = evaluate(context, code, reason);
        let Some(code) = u16::try_from(code)
            .ok()
            .filter(|code| (100..700).contains(code))
        else {
            context.log(Level::Err, "tm", || format!("invalid reply code {code}"));
            return Outcome::FALSE;
        };
        if let Some(before) = context
            .transaction()
            .map(|transaction| transaction.replied)
            .filter(|code| *code >= 200)
        {
            context.log(Level::Info, "tm", || {
                format!("can't generate {code} reply when a final {before} was sent out")
            });
            return Outcome::FALSE;
        }
        let before = context.reply_lines.len();
        if (300..400).contains(&code) {
            let contact = policy::redirect_contact(context, self.rich_redirect);
            context.reply_lines.extend_from_slice(&contact);
        }
        let reply = Reply {
            code,
            reason,
            how: ReplyHow::Transaction,
        };
        Outcome::ask_then(Effect::Reply(reply), move |context, answer: Answer| {
            // The Contact belongs to this reply alone.
            context.reply_lines.truncate(before);
            Outcome::Code(answer.code())
        })
    }
}

fn evaluate(context: &mut Context, code: &Int, reason: &Text) -> (i64, Bytes) {
    let params = context.config.transactions.clone();
    let reason = match reason.value(context) {
        script::Value::Null => params.default_reason.clone(),
        text => text.to_text(),
    };
    (
        code.get(context).unwrap_or(params.default_code.into()),
        reason,
    )
}

fn wish(action: TransactionAction) -> Outcome {
    Outcome::ask(Effect::Transaction(action))
}
