//! Transactions: making them, finding them, replying through them.

use crate::answered::Resident;
use crate::hooked::Rendered;
use crate::mail::Mail;
use crate::worker::Hint;
use crate::{Edge, Output, Transmit, Worker};
use policy::{Context, Flow, Server, Transaction};
use sip::{Message, Method};
use stack::Instant;
use stack::table::{Key, Keyer, Lookup, Refused, RequestId, TxId};
use stack::transaction::{Action, Actions, ServerInput, ServerInvite, ServerNonInvite, Timers};

/// What came of the wish for a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// It is there now, or was already.
    Yes,
    /// The request is a retransmission, which is absorbed now.
    Again,
    /// A bound is reached, or the message lacks what a transaction needs.
    No,
}

impl Worker {
    /// The place of a request's transaction in the table.
    pub(crate) fn key(&self, context: &mut Context) -> Option<Key> {
        if context.key.is_none() {
            context.key = self.key_of(context.request()?);
        }
        context.key
    }

    pub(crate) fn key_of(&self, message: &Message) -> Option<Key> {
        Edge::key_with(&self.edge.keyer, message)
    }
}

impl Edge {
    /// The place of a request's transaction in the table.
    pub(crate) fn key_with(keyer: &Keyer, message: &Message) -> Option<Key> {
        let id = RequestId::of(message).ok()?;
        Some(keyer.request(&id))
    }
}

impl Worker {
    /// Makes the transaction of the request in hand (`t_newtran`).
    pub(crate) fn make_transaction(&mut self, context: &mut Context) -> Made {
        if context.transaction.is_some() {
            return Made::Yes;
        }
        let Some(key) = self.key(context) else {
            return Made::No;
        };
        let id = match context.reserved.take() {
            Some(id) => {
                self.edge.reserved.give_up(id);
                id
            }
            None => match self.edge.table.insert_busy(&key) {
                Ok(id) => id,
                Err(Refused::Exists(id)) => {
                    self.absorb(id);
                    return Made::Again;
                }
                Err(_) => return Made::No,
            },
        };
        self.in_hand = Some(id);
        self.edge.counts.transactions.inc();
        context.transaction = Some(Box::new(self.new_transaction(context, id)));
        Made::Yes
    }

    pub(crate) fn new_transaction(&self, context: &Context, id: TxId) -> Transaction {
        let invite = context.message.method() == Method::Invite;
        let reliable = context.flow.proto.is_reliable();
        let server = match invite {
            true => Server::Invite(ServerInvite::new(reliable)),
            false => Server::NonInvite(ServerNonInvite::new()),
        };
        Transaction::new(id, server, invite, self.now.mono)
    }

    /// The request came again: its transaction answers with what it said last.
    pub(crate) fn absorb(&mut self, id: TxId) {
        self.edge.counts.absorbed.inc();
        self.post(id, Mail::Retransmission);
    }

    /// The transaction that a request belongs to.
    pub(crate) fn find(&mut self, context: &mut Context, lookup: Lookup) -> Option<TxId> {
        let key = self.key(context)?;
        let id = self.edge.table.find(&key, lookup)?;
        let is_cancel = matches!(lookup, Lookup::Cancelled);
        (!is_cancel || self.may_cancel(context, id)).then_some(id)
    }

    /// False for a CANCEL from elsewhere than its INVITE, where that is checked. One whose INVITE another
    /// worker has in hand is checked by that worker.
    fn may_cancel(&self, context: &Context, id: TxId) -> bool {
        let source = context.flow.peer.ip().to_canonical();
        let same =
            |invite: Option<&Resident>| invite.is_none_or(|invite| invite.source() == source);
        !context.config.transactions.check_source || self.edge.table.peek(id, same)
    }

    /// Sends a rendered reply through the transaction of `context`.
    pub(crate) fn reply_through(
        &mut self,
        context: &mut Context,
        code: u16,
        reply: impl Into<Rendered>,
        is_ours: bool,
    ) {
        let timers = timers_of(context);
        let flow = self.way_back(context);
        let close = context.switches.reply_close;
        let reply: Rendered = reply.into();
        let rendered = (is_ours && context.config.entry.local_response.is_some())
            .then(|| reply.bytes().clone());
        let bytes = self.hide(flow, reply, Some(context)).unwrap_or_default();
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        transaction.replied = transaction.replied.max(code);
        match is_ours {
            true => self.edge.counts.generated_replies.inc(),
            false => self.edge.counts.relayed_replies.inc(),
        }
        let local_accept = is_ours && (200..300).contains(&code);
        let input = match local_accept {
            true => ServerInput::LocalAccept(code, bytes),
            false => ServerInput::Reply(code, bytes),
        };
        let mut actions = Actions::new();
        handle_server(
            &mut transaction.server,
            self.now.mono,
            input,
            &timers,
            &mut actions,
        );
        self.send_server(flow, close, actions);
        if let Some(bytes) = rendered {
            let route = context.config.entry.local_response;
            self.see_response(context, route, bytes);
        }
    }

    /// Does what the machine towards the caller asks for. A reply that a message hook withheld is empty.
    pub(crate) fn send_server(&mut self, flow: Flow, close: bool, actions: Actions) {
        for action in actions {
            if let Action::Send(bytes) = action
                && !bytes.is_empty()
            {
                self.put(Output::Transmit(Transmit {
                    flow,
                    bytes,
                    no_connect: false,
                    close,
                    tls: None,
                }));
            }
        }
    }

    /// Reminds the wheel of the transaction's next deadline.
    pub(crate) fn arm(&mut self, context: &mut Context) {
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        let (deadline, id) = (crate::timers::next_deadline(transaction), transaction.id);
        if let Some(at) = reminder(&mut transaction.armed_for, deadline, self.now.mono) {
            self.remind(at, Hint::Transaction(id));
        }
    }
}

/// When a transaction is to be reminded of its next deadline; none where it is already.
pub(crate) fn reminder(
    armed_for: &mut Option<Instant>,
    deadline: Option<Instant>,
    now: Instant,
) -> Option<Instant> {
    let at = deadline?;
    // An earlier reminder that is still to come will look again; a later one is no use.
    let is_missing = armed_for.is_none_or(|armed| armed > at || armed <= now);
    is_missing.then(|| *armed_for.insert(at))
}

/// The timers of a transaction: what the script set, else what module `tm` has.
pub(crate) fn timers_of(context: &Context) -> Timers {
    context
        .armed
        .timers
        .unwrap_or(context.config.transactions.timers)
}

pub(crate) fn handle_server(
    server: &mut Server,
    now: Instant,
    input: ServerInput,
    timers: &Timers,
    actions: &mut Actions,
) {
    match server {
        Server::Invite(machine) => machine.handle(now, input, timers, actions),
        Server::NonInvite(machine) => machine.handle(now, input, timers, actions),
        Server::Local(local) => match input {
            ServerInput::Reply(code, _) if code >= 200 => {
                let until = now.after_ms(timers.wt_timer_ms.into());
                local.over_at.get_or_insert(until);
            }
            ServerInput::Timer => local.is_over = true,
            _ => {}
        },
    }
}
