//! What stays of a transaction when it is answered.

use super::{Answered, Branch};
use bytes::Bytes;
use policy::{Context, Flow, Remains, Transaction};
use sip::{HeaderId, Message};

impl Answered {
    /// What is left of the transaction of this request, whose replies go `back`; none where its context is still
    /// needed.
    pub(crate) fn of(
        context: &mut Context,
        back: impl FnOnce(&Context) -> Flow,
    ) -> Option<Answered> {
        let transaction = context.transaction.as_deref()?;
        if !is_settled(transaction) {
            return None;
        }
        let remains = remains(context, transaction);
        if remains == Remains::Context {
            return None;
        }
        let mut branches = Vec::with_capacity(transaction.branches.len());
        for branch in &transaction.branches {
            branches.push(Branch::of(branch)?);
        }
        let request = match remains {
            Remains::Names => names(&context.message),
            _ => context.message.bytes().clone(),
        };
        let back = back(context);
        let transaction = context.transaction.take()?;
        Some(Answered {
            id: transaction.id,
            config: context.config.clone(),
            request,
            method: context.message.method(),
            back,
            server: transaction.server,
            branches: branches.into(),
            timers: context.armed.timers.map(Box::new),
            created: transaction.created,
            seen: context.now.mono,
            armed_for: transaction.armed_for,
            flags: context.flags,
            replied: transaction.replied,
            switches: context.switches,
            cancelled: transaction.cancelled,
            expired: transaction.expired,
        })
    }
}

/// True where the final reply went and no route of the transaction waits for anything.
fn is_settled(transaction: &Transaction) -> bool {
    let waits = transaction.suspended || transaction.suspended_reply.is_some();
    transaction.is_final()
        && !(waits || transaction.is_local() || transaction.is_replica || transaction.is_over)
}

/// What late events need: those of an INVITE with a 2xx are seen by scripts and modules, others by nobody.
fn remains(context: &Context, transaction: &Transaction) -> Remains {
    if !transaction.is_invite() {
        return Remains::Names;
    }
    let watchers = context.config.installed.transaction_hooks.iter();
    let wanted = watchers.map(|hook| hook.remains(context)).max();
    let wanted = wanted.unwrap_or(Remains::Names);
    match transaction.replied < 300 {
        true if context_is_needed(context, transaction) => Remains::Context,
        true => wanted,
        false => wanted.min(Remains::Request),
    }
}

/// True where a further 2xx meets a script that may ask for anything, or a message hook.
fn context_is_needed(context: &Context, transaction: &Transaction) -> bool {
    let mut branches = transaction.branches.iter();
    let is_scripted = context.armed.on_reply.is_some() || branches.any(|b| b.on_reply.is_some());
    is_scripted || !context.config.installed.message_hooks.is_empty()
}

/// The lines of a request that tell which one it is, as a message: operators see them.
fn names(request: &Message) -> Bytes {
    const LINES: [(HeaderId, &[u8]); 4] = [
        (HeaderId::From, b"From: "),
        (HeaderId::To, b"To: "),
        (HeaderId::CallId, b"Call-ID: "),
        (HeaderId::CSeq, b"CSeq: "),
    ];
    let line = |(id, name)| request.header(id).map(|header| [name, header.value]);
    let lines = LINES.map(line);
    let values: usize = lines.iter().flatten().map(|[_, value]| value.len()).sum();
    let mut octets = Vec::with_capacity(request.start_line().len() + values + NAMES_AND_ENDS);
    octets.extend_from_slice(request.start_line());
    for parts in lines.iter().flatten() {
        octets.extend_from_slice(b"\r\n");
        parts.iter().for_each(|part| octets.extend_from_slice(part));
    }
    octets.extend_from_slice(b"\r\n\r\n");
    octets.into()
}

/// Octets of the names in [`names`], and of the line ends.
const NAMES_AND_ENDS: usize = 6 + 4 + 9 + 6 + 6 * 2;
