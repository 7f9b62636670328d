//! Transactions as those outside of them see and change them: operators, requests about other ones.

use crate::answered::Resident;
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
    table: Weak<Table<Resident, Mail>>,
    keyer: Keyer,
}

impl Ledger {
    pub(crate) fn new(table: &Arc<Table<Resident, Mail>>, keyer: Keyer) -> Ledger {
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
            .peek(id, |kept| kept.and_then(Resident::replied))
    }

    fn list(&self, most: usize) -> Vec<TransactionSummary> {
        let mut all = Vec::new();
        let Some(table) = self.table.upgrade() else {
            return all;
        };
        table.each(|id, kept| {
            let kept = kept.filter(|_| all.len() < most);
            let summary = kept.and_then(|kept| summary_of(id, kept));
            all.extend(summary);
        });
        all
    }

    fn load(&self) -> TableLoad {
        let Some(table) = self.table.upgrade() else {
            return TableLoad::default();
        };
        let mut waiting = 0;
        table.each(|_, kept| {
            let replied = kept.and_then(Resident::replied);
            waiting += usize::from(replied.is_some_and(|code| code >= 200));
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
        table.peek(id, |kept| {
            let kept = kept?;
            Some(Cancelled {
                message: kept.request()?,
                flags: kept.flags(),
            })
        })
    }
}

fn summary_of(id: TxId, kept: &Resident) -> Option<TransactionSummary> {
    let (is_received, branches, age_ms) = match kept {
        Resident::Open(context) => {
            let transaction = context.transaction.as_deref()?;
            let age_ms = context.now.mono.ms_since(transaction.created);
            (!transaction.is_local(), transaction.branches.len(), age_ms)
        }
        Resident::Answered(answered) => (true, answered.branches(), answered.age_ms()),
    };
    Some(TransactionSummary {
        id,
        request: kept.request()?,
        is_received,
        branches,
        flags: kept.flags(),
        age_ms,
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
                    transaction.local_tag = Some(tag);
                }
                context.reply_lines.extend_from_slice(&lines);
                context.reply_body = body.map(Box::new);
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
