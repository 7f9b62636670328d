//! The functions that do something.

use super::Tmx;
use bytes::Bytes;
use policy::{
    CancelWhich, Context, Destination, Effect, Flag, Int, Level, Outcome, PlainRoute, Remote, Text,
    TransactionAction, TxId,
};
use sip::Method;

impl Tmx {
    pub(super) fn precheck(&self, context: &mut Context) -> Outcome {
        match context.message.method() {
            Method::Ack | Method::Cancel => Outcome::FALSE,
            _ if !self.params.precheck => Outcome::FALSE,
            _ => wish(TransactionAction::Precheck),
        }
    }

    pub(super) fn suspend(&self, context: &mut Context) -> Outcome {
        match context.request() {
            Some(request) if request.method() != Method::Ack => wish(TransactionAction::Suspend),
            _ => Outcome::FALSE,
        }
    }

    pub(super) fn go_on(
        &self,
        context: &mut Context,
        index: &Text,
        label: &Text,
        route: &PlainRoute,
    ) -> Outcome {
        let index = number(&index.get(context)).and_then(|index| u64::try_from(index).ok());
        let label = number(&label.get(context)).and_then(|label| u32::try_from(label).ok());
        let (Some(index), Some(label)) = (index, label) else {
            context.log(Level::Err, "tmx", || {
                "invalid transaction index or label".to_owned()
            });
            return Outcome::FALSE;
        };
        match route.get(context) {
            Some(route) => wish(TransactionAction::Continue {
                index,
                label,
                route,
            }),
            None => Outcome::FALSE,
        }
    }

    pub(super) fn drop(&self, context: &mut Context, code: &Option<Int>) -> Outcome {
        let code = code
            .as_ref()
            .and_then(|code| code.get(context))
            .unwrap_or(500);
        let code = u16::try_from(code)
            .ok()
            .filter(|code| (200..700).contains(code))
            .unwrap_or(500);
        Outcome::ask_then(
            Effect::Transaction(TransactionAction::Drop),
            move |context, answer| {
                if let Some(transaction) = context.transaction_mut() {
                    transaction.replied = transaction.replied.max(code);
                    transaction.fork.mark_answered();
                }
                Outcome::Code(answer.code())
            },
        )
    }

    pub(super) fn cancel_branches(&self, context: &mut Context, which: &Text) -> Outcome {
        let which = match which.get(context).as_ref() {
            b"all" => CancelWhich::All,
            b"others" => CancelWhich::Others,
            b"this" => CancelWhich::This,
            other => {
                let other = String::from_utf8_lossy(other).into_owned();
                context.log(Level::Err, "tmx", || {
                    format!("t_cancel_branches() knows no \"{other}\"")
                });
                return Outcome::FALSE;
            }
        };
        wish(TransactionAction::CancelBranches(which))
    }

    pub(super) fn cancel_callid(
        &self,
        context: &mut Context,
        call_id: &Text,
        cseq: &Text,
        flag: &Int,
        cause: &Option<Int>,
    ) -> Outcome {
        let Some(id) = self.find(context, call_id, cseq) else {
            return Outcome::FALSE;
        };
        let flag = flag.get_or_0(context);
        let cause = cause.as_ref().and_then(|cause| cause.get(context));
        let what = Remote::Cancel {
            cause: cause
                .and_then(|cause| u16::try_from(cause).ok())
                .filter(|cause| *cause > 0),
            flag: u8::try_from(flag)
                .ok()
                .filter(|bit| (1..32).contains(bit))
                .map(Flag),
        };
        let what = Box::new(what);
        wish(TransactionAction::Remote { id, what })
    }

    pub(super) fn reply_callid(
        &self,
        context: &mut Context,
        call_id: &Text,
        cseq: &Text,
        code: &Int,
        reason: &Text,
    ) -> Outcome {
        let code = code.get(context).and_then(|code| u16::try_from(code).ok());
        let Some(code) = code.filter(|code| (100..700).contains(code)) else {
            return Outcome::FALSE;
        };
        let reason = reason.get(context);
        let Some(id) = self.find(context, call_id, cseq) else {
            return Outcome::FALSE;
        };
        let before = self.transactions.get().and_then(|all| all.replied(id));
        if let Some(before) = before.filter(|code| *code >= 200) {
            context.log(Level::Info, "tmx", || {
                format!("can't generate {code} reply when a final {before} was sent out")
            });
            return Outcome::FALSE;
        }
        let what = Remote::Reply {
            code,
            reason,
            to_tag: None,
            lines: Bytes::new(),
            body: None,
        };
        let what = Box::new(what);
        wish(TransactionAction::Remote { id, what })
    }

    fn find(&self, context: &mut Context, call_id: &Text, cseq: &Text) -> Option<TxId> {
        let call_id = call_id.get(context);
        let cseq = number(&cseq.get(context)).and_then(|cseq| u32::try_from(cseq).ok())?;
        self.transactions.get()?.find(&call_id, cseq)
    }

    pub(super) fn reuse_branch(&self, context: &mut Context) -> bool {
        let failed = context.reply.as_ref().map(|reply| reply.branch);
        let transaction = context.transaction();
        let branch = failed.and_then(|failed| {
            transaction.and_then(|transaction| transaction.branches.get(failed))
        });
        let Some(branch) = branch else {
            context.log(Level::Err, "tmx", || {
                "called in a route without a failed branch".to_owned()
            });
            return false;
        };
        let old = &branch.target;
        let target = Destination {
            uri: old.uri.clone(),
            path: old.path.clone(),
            registered: old.registered.clone(),
            flags: branch.flags,
            ..Destination::default()
        };
        context.target = target;
        context.tried = None;
        true
    }

    pub(super) fn has_transaction(&self, context: &mut Context) -> bool {
        context.transaction().is_some()
    }
}

fn wish(action: TransactionAction) -> Outcome {
    Outcome::ask(Effect::Transaction(action))
}

/// A number that may need all 64 bits, as `$T(id_index)` prints it.
fn number(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let number = text.parse::<i128>().ok()?;
    // What a script holds is signed; the index is not.
    Some(if number < 0 {
        number & i128::from(u64::MAX)
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn an_index_of_64_bits_comes_back() {
        let index = 0xfedc_ba98_7654_3210_u64;
        assert_eq!(number(index.to_string().as_bytes()), Some(index.into()));
        assert_eq!(
            number((index as i64).to_string().as_bytes()),
            Some(index.into())
        );
        assert_eq!(number(b"x"), None);
    }
}
