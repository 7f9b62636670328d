//! What stays of a transaction when it is answered.

use super::scripted::Scripted;
use super::{Answered, Branch};
use bytes::Bytes;
use policy::{Context, Flow, Note, Remains, Transaction};
use sip::HeaderId;
use smallvec::SmallVec;

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
        let mut branches = Vec::with_capacity(transaction.branches.len());
        for branch in &transaction.branches {
            branches.push(Branch::of(branch)?);
        }
        let wanted = wanted(context, transaction);
        let is_scripted = is_scripted(context, transaction);
        let request = match wanted {
            Remains::Names if !is_scripted => names(context),
            _ => context.message.bytes().clone(),
        };
        let back = back(context);
        let transaction = context.transaction.take()?;
        let hears_ack = wanted == Remains::Context;
        let scripted = (hears_ack || is_scripted)
            .then(|| Box::new(Scripted::of(context, &transaction.branches, hears_ack)));
        Some(Answered {
            id: transaction.id,
            config: context.config.clone(),
            request,
            method: context.message.method(),
            back,
            server: transaction.server,
            branches: branches.into(),
            notes: notes(context, scripted.is_some()),
            scripted,
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

/// What modules need of a request; what is no INVITE or was refused has no further 2xx and no ACK that passes.
fn wanted(context: &Context, transaction: &Transaction) -> Remains {
    if !transaction.is_invite() {
        return Remains::Names;
    }
    let watchers = context.config.installed.transaction_hooks.iter();
    let wanted = watchers.map(|hook| hook.remains(context)).max();
    let most = match transaction.replied < 300 {
        true => Remains::Context,
        false => Remains::Request,
    };
    wanted.unwrap_or(Remains::Names).min(most)
}

/// True where a further 2xx meets a route, which may ask for anything.
fn is_scripted(context: &Context, transaction: &Transaction) -> bool {
    let mut branches = transaction.branches.iter();
    let is_armed = context.armed.on_reply.is_some() || branches.any(|b| b.on_reply.is_some());
    is_armed && transaction.is_invite() && transaction.replied < 300
}

/// What modules keep with the request: routes and message hooks may ask for it.
fn notes(context: &mut Context, is_scripted: bool) -> Box<[Note]> {
    let stay = is_scripted || is_hooked(context);
    let notes = stay.then(|| context.detach());
    notes.map_or_else(Box::default, |notes| notes.into_boxed_slice())
}

fn is_hooked(context: &Context) -> bool {
    !context.config.installed.message_hooks.is_empty()
}

/// The lines of a request that tell which one it is, as a message: operators see them. Message hooks count the
/// Record-Routes that a reply had before.
fn names(context: &Context) -> Bytes {
    const LINES: [(HeaderId, &[u8]); 4] = [
        (HeaderId::From, b"From: "),
        (HeaderId::To, b"To: "),
        (HeaderId::CallId, b"Call-ID: "),
        (HeaderId::CSeq, b"CSeq: "),
    ];
    let request = &context.message;
    let line = |(id, name)| request.header(id).map(|header| [name, header.value]);
    let lines = LINES.map(line);
    let mut routes: SmallVec<[[&[u8]; 2]; 2]> = SmallVec::new();
    if is_hooked(context) {
        let recorded = request.all(HeaderId::RecordRoute);
        routes.extend(recorded.map(|route| [&b"Record-Route: "[..], route.value]));
    }
    let lines = || lines.iter().flatten().chain(&routes);
    let all: usize = lines()
        .map(|[name, value]| name.len() + value.len() + 2)
        .sum();
    let mut octets = Vec::with_capacity(request.start_line().len() + all + 4);
    octets.extend_from_slice(request.start_line());
    for [name, value] in lines() {
        octets.extend_from_slice(b"\r\n");
        octets.extend_from_slice(name);
        octets.extend_from_slice(value);
    }
    octets.extend_from_slice(b"\r\n\r\n");
    octets.into()
}
