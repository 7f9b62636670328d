//! What still comes to a transaction that was answered.

use super::{Answered, Resident};
use crate::Worker;
use crate::mail::{Mail, Reply};
use crate::timers::{is_due, server_deadline};
use crate::tx::{handle_server, reminder};
use crate::worker::Hint;
use policy::{Arrival, Context, Remote, Routes, Transaction};
use sip::{Message, Method};
use stack::transaction::{Actions, ClientInput, ServerInput};
use std::sync::Arc;

impl Worker {
    /// Opens a letter to an answered transaction that this worker owns now.
    pub(crate) fn open_late(&mut self, mut answered: Box<Answered>, mail: Mail) {
        answered.seen = self.now.mono;
        match mail {
            Mail::Retransmission => self.tell_server(&mut answered, ServerInput::Request),
            Mail::Ack => self.tell_server(&mut answered, ServerInput::Ack),
            Mail::Timer => self.late_timer(&mut answered),
            Mail::Reply(reply) => match goes_up(&answered, &reply) {
                Some(request) => {
                    let context = self.reopened(*answered, request);
                    return self.open(Resident::Open(context), Mail::Reply(reply));
                }
                None => self.absorb_reply(&mut answered, &reply),
            },
            Mail::Remote(Remote::Cancel {
                flag: Some(flag), ..
            }) => answered.flags |= flag.mask(),
            // It has said its last word.
            Mail::Cancel(..) | Mail::Continue(_) | Mail::Remote(_) => {}
            Mail::AckOfAccepted(ack) => {
                if let Some(request) = answered.heard_request() {
                    let context = self.reopened(*answered, request);
                    return self.open(Resident::Open(context), Mail::AckOfAccepted(ack));
                }
            }
            // The branch has its final reply: the request has arrived.
            Mail::SendFailed(_) => {}
        }
        self.lay_down(answered);
    }

    /// Puts an answered transaction aside, or ends it.
    fn lay_down(&mut self, mut answered: Box<Answered>) {
        self.in_hand = None;
        if answered.is_finished() {
            drop(self.edge.table.remove(answered.id));
            return;
        }
        let (deadline, id) = (answered.next_deadline(), answered.id);
        if let Some(at) = reminder(&mut answered.armed_for, deadline, self.now.mono) {
            self.remind(at, Hint::Transaction(id));
        }
        self.lay_aside(id, Resident::Answered(answered));
    }

    fn tell_server(&mut self, answered: &mut Answered, input: ServerInput) {
        let (timers, mut actions) = (answered.timers(), Actions::new());
        let (server, now) = (&mut answered.server, self.now.mono);
        handle_server(server, now, input, &timers, &mut actions);
        self.send_server(answered.back, false, actions);
    }

    fn late_timer(&mut self, answered: &mut Answered) {
        if is_due(server_deadline(&answered.server), self.now.mono) {
            self.tell_server(answered, ServerInput::Timer);
        }
        let timers = answered.timers();
        for branch in &mut answered.branches {
            if is_due(branch.next_deadline(), self.now.mono) {
                let _nothing_to_send = branch.handle(self.now.mono, ClientInput::Timer, &timers);
            }
        }
    }

    /// A reply that goes no further: a negative one to an INVITE gets its ACK again.
    fn absorb_reply(&mut self, answered: &mut Answered, reply: &Reply) {
        let timers = answered.timers();
        let is_cancel = reply.message.method() == Method::Cancel;
        let Some(branch) = asked(answered, reply) else {
            return self.edge.counts.stray_replies.inc();
        };
        self.edge.counts.received_replies.inc();
        let Some(code) = reply.message.status().filter(|_| !is_cancel) else {
            return;
        };
        let branch = answered.branches.get_mut(branch);
        let input = ClientInput::Reply(code);
        if let Some((flow, tls, actions)) =
            branch.and_then(|branch| branch.handle(self.now.mono, input, &timers))
        {
            self.send_client(flow, tls, actions);
        }
    }

    /// A context again, for a further 2xx of an INVITE or for its ACK.
    fn reopened(&mut self, mut answered: Answered, request: Message) -> Box<Context> {
        let seed = self.rng.u64(..);
        let mut context = Box::new(Context::new(Arrival {
            config: answered.config.clone(),
            now: self.now,
            seed,
            route: Routes::REQUEST,
            message: Arc::new(request),
            flow: answered.back,
        }));
        context.flags = answered.flags;
        context.switches = answered.switches;
        context.armed.timers = answered.timers.as_deref().copied();
        context.attach(std::mem::take(&mut answered.notes));
        let scripted = answered.scripted.take();
        let mut transaction = Box::new(transaction(answered));
        if let Some(scripted) = scripted {
            scripted.restore(&mut context, &mut transaction.branches);
        }
        context.transaction = Some(transaction);
        context
    }
}

/// Which branch a reply is for, where it comes from where the request went.
fn asked(answered: &Answered, reply: &Reply) -> Option<usize> {
    let index = usize::from(reply.branch);
    let branch = answered.branches.get(index)?;
    let method = reply.message.method();
    let is_there = branch.peer == reply.flow.peer.ip();
    let answers = (method == Method::Cancel || method == answered.method)
        && (is_there || !answered.config.transactions.check_source);
    answers.then_some(index)
}

/// The request that a further 2xx is for, which goes up (RFC 6026 section 7.2); none for other replies.
fn goes_up(answered: &Answered, reply: &Reply) -> Option<Message> {
    let is_own = reply.message.method() == answered.method;
    let is_success = is_own && matches!(reply.message.status(), Some(200..=299));
    let branch = answered.branches.get(asked(answered, reply)?)?;
    let waits = is_success && branch.is_accepted();
    waits.then(|| answered.message()).flatten()
}

/// The transaction that an answered one was.
fn transaction(answered: Answered) -> Transaction {
    let statuses = answered.branches.iter().map(|branch| branch.status);
    let is_invite = answered.method == Method::Invite;
    let fork = stack::fork::Context::settled(is_invite, statuses);
    let lost = answered.back;
    let branches = answered.branches.into_iter();
    Transaction {
        branches: branches.map(|branch| branch.reopened(lost)).collect(),
        fork,
        replied: answered.replied,
        cancelled: answered.cancelled,
        expired: answered.expired,
        armed_for: answered.armed_for,
        ..Transaction::new(answered.id, answered.server, is_invite, answered.created)
    }
}
