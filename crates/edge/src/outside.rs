//! Transactions as those outside of them see and change them: operators, requests about other ones.

use crate::mail::Mail;
use crate::{Edge, Worker};
use bytes::Bytes;
use policy::{Cancelled, Context, Remote, TableLoad, TransactionSummary, Transactions};
use sip::Message;
use stack::table::{Keyer, Lookup, Table, TxId};
use std::sync::{Arc, Weak};

/// What is told of transactions: looked up in the table, without stopping a worker.
///
/// Modules hold it, and transactions hold the configuration with the modules in it: so it does not keep
/// the table, which ends with the edge. Nothing is told then.
pub(crate) struct Ledger {
    table: Weak<Table<Context, Mail>>,
    keyer: Keyer,
}

impl Ledger {
    pub(crate) fn new(table: &Arc<Table<Context, Mail>>, keyer: Keyer) -> Ledger {
        let table = Arc::downgrade(table);
        Ledger { table, keyer }
    }
}

impl Transactions for Ledger {
    fn find(&self, call_id: &[u8], cseq: u32) -> Option<TxId> {
        let key = self.keyer.local(call_id, cseq);
        self.table.upgrade()?.find(&key, Lookup::Call)
    }

    fn exists(&self, id: TxId) -> bool {
        let table = self.table.upgrade();
        table.is_some_and(|table| table.contains(id))
    }

    fn replied(&self, id: TxId) -> Option<u16> {
        self.table
            .upgrade()?
            .peek(id, |context| Some(context?.transaction.as_deref()?.replied))
    }

    fn list(&self, most: usize) -> Vec<TransactionSummary> {
        let mut all = Vec::new();
        let Some(table) = self.table.upgrade() else {
            return all;
        };
        table.each(|_, context| {
            let summary = context.filter(|_| all.len() < most).and_then(summary_of);
            all.extend(summary);
        });
        all
    }

    fn load(&self) -> TableLoad {
        let Some(table) = self.table.upgrade() else {
            return TableLoad::default();
        };
        let mut waiting = 0;
        table.each(|_, context| {
            let transaction = context.and_then(|context| context.transaction.as_deref());
            waiting += usize::from(transaction.is_some_and(policy::Transaction::is_final));
        });
        let (chains, longest) = table.chains();
        TableLoad {
            current: table.len(),
            waiting,
            chains,
            longest,
        }
    }

    fn cancelled_by(&self, cancel: &Message) -> Option<Cancelled> {
        let key = Edge::key_with(&self.keyer, cancel)?;
        let table = self.table.upgrade()?;
        let id = table.find(&key, Lookup::Cancelled)?;
        table.peek(id, |context| {
            let context = context?;
            Some(Cancelled {
                message: context.message.clone(),
                flags: context.flags,
            })
        })
    }
}

fn summary_of(context: &Context) -> Option<TransactionSummary> {
    let transaction = context.transaction.as_deref()?;
    Some(TransactionSummary {
        id: transaction.id,
        request: context.message.clone(),
        is_received: !transaction.is_local(),
        branches: transaction.branches.len(),
        flags: context.flags,
        age_ms: context.now.mono.ms_since(transaction.created),
    })
}

impl Worker {
    /// Does to the transaction in hand what somebody outside wanted.
    pub(crate) fn remote(&mut self, context: &mut Context, what: Remote) {
        match what {
            Remote::Cancel { cause, flag } => self.cancel_from_outside(context, cause, flag),
            Remote::Reply {
                code,
                reason,
                to_tag,
                lines,
                body,
            } => {
                let open = context.transaction.as_deref_mut();
                let Some(transaction) = open.filter(|transaction| !transaction.is_final()) else {
                    return;
                };
                if let Some(tag) = to_tag {
                    transaction.local_tag = tag;
                }
                context.reply_lines.extend_from_slice(&lines);
                context.reply_body = body;
                self.final_of_ours(context, code, reason);
            }
        }
    }

    fn cancel_from_outside(
        &mut self,
        context: &mut Context,
        cause: Option<u16>,
        flag: Option<policy::Flag>,
    ) {
        if let Some(flag) = flag {
            context.set_flag(flag, true);
        }
        if let (Some(cause), Some(transaction)) = (cause, context.transaction.as_deref_mut()) {
            transaction.cancel_reason = Bytes::from(format!("Reason: SIP;cause={cause}\r\n"));
        }
        self.cancel_pending(context);
    }
}
