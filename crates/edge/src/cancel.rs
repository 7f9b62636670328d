//! CANCEL: from the caller, hop by hop, and to losing branches.

use crate::Worker;
use crate::answered::Resident;
use crate::mail::Mail;
use crate::outbound::reparse;
use crate::perform::Performed;
use crate::response::options;
use crate::suspend::has_pending;
use crate::timers::handle_client;
use crate::tx::timers_of;
use bytes::Bytes;
use policy::{Answer, Cancel, CancelWhich, Client, Context, Continuation, Relay, go_on};
use sip::{HeaderId, Message};
use stack::table::Lookup;
use stack::transaction::{Actions, ClientInput, ClientInviteState, ClientNonInvite};
use std::net::IpAddr;

impl Worker {
    /// `t_relay()` of a CANCEL: it is answered here, and its INVITE is cancelled branch by branch.
    pub(crate) fn relay_cancel(
        &mut self,
        context: &mut Context,
        relay: Relay,
        resume: Continuation,
    ) -> Performed {
        if self.wish_relay_cancel(context) == 0 {
            return go_on(context, resume, Answer::Code(1));
        }
        match context.config.transactions.unmatched_cancel {
            2 => go_on(context, resume, Answer::Code(0)),
            _ => self.forward(context, relay.to, resume),
        }
    }

    /// `t_relay_cancel()`: 0 where the INVITE was found and is being cancelled, 1 where not.
    pub(crate) fn wish_relay_cancel(&mut self, context: &mut Context) -> i32 {
        let Some(id) = self.find(context, Lookup::Cancelled) else {
            return 1;
        };
        let pends = self
            .edge
            .table
            .peek(id, |invite| invite.is_none_or(Resident::has_pending));
        let reason = Bytes::from_static(match pends {
            true => b"canceling",
            false => b"ok -- no more pending branches",
        });
        self.edge.counts.transactions.inc();
        self.answer_cancel(context, reason.clone());
        self.tell_replied(context, 200, &reason, None);
        self.post(
            id,
            Mail::Cancel(context.message.clone(), context.flow.peer.ip()),
        );
        0
    }

    /// The caller cancelled the transaction.
    pub(crate) fn cancelled(&mut self, context: &mut Context, cancel: &Message, source: IpAddr) {
        let is_there = context.flow.peer.ip() == source;
        if !is_there && context.config.transactions.check_source {
            return;
        }
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        if transaction.is_final() || std::mem::replace(&mut transaction.cancelled, true) {
            return;
        }
        let nothing_pends = !has_pending(transaction);
        let lines = reason_lines(context, cancel);
        if nothing_pends {
            let reason = Bytes::from_static(b"Request canceled");
            self.final_of_ours(context, 487, reason);
            return;
        }
        if let Some(transaction) = context.transaction.as_deref_mut() {
            transaction.cancel_reason = lines.into();
        }
        self.cancel_pending(context);
    }

    /// `t_cancel_branches(which)`.
    pub(crate) fn cancel_branches(&mut self, context: &mut Context, which: CancelWhich) -> i32 {
        let this = context.reply.as_ref().map(|reply| reply.branch);
        let Some(mut home) = context.home.take() else {
            return -1;
        };
        let branches = home
            .transaction
            .as_ref()
            .map_or(0, |transaction| transaction.branches.len());
        for index in 0..branches {
            let wanted = match which {
                CancelWhich::All => true,
                CancelWhich::Others => Some(index) != this,
                CancelWhich::This => Some(index) == this,
            };
            if wanted {
                self.cancel_branch(&mut home, index);
            }
        }
        context.home = Some(home);
        1
    }

    /// Cancels every branch that has no final reply yet.
    pub(crate) fn cancel_pending(&mut self, context: &mut Context) {
        let options = options(context);
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        let verdict = transaction.fork.cancel_all(&options);
        for branch in &verdict.cancel {
            self.cancel_branch(context, usize::from(*branch));
        }
        for branch in &verdict.stop {
            self.stop_branch(context, usize::from(*branch));
        }
    }

    /// Cancels one branch that has lost, now.
    pub(crate) fn cancel_branch(&mut self, context: &mut Context, index: usize) {
        let reason = context
            .transaction
            .as_ref()
            .map(|transaction| transaction.cancel_reason.clone());
        self.send_cancel(context, index, &reason.unwrap_or_default());
    }

    /// Notes the final reply that ends the other branches, for the Reason of their CANCELs
    /// (`local_cancel_reason`, RFC 3326).
    pub(crate) fn note_cause(&mut self, context: &mut Context, code: u16) {
        let wanted = context.config.transactions.local_cancel_reason;
        let Some(transaction) = context.transaction.as_deref_mut().filter(|_| wanted) else {
            return;
        };
        transaction.cancel_reason = match code {
            200..=299 => {
                Bytes::from_static(b"Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n")
            }
            _ => format!("Reason: SIP;cause={code}\r\n").into(),
        };
    }

    /// Ends a branch without a word (`cancel_b_method` 0).
    pub(crate) fn stop_branch(&mut self, context: &mut Context, index: usize) {
        let branch = context
            .transaction
            .as_deref_mut()
            .and_then(|t| t.branches.get_mut(index));
        if let Some(branch) = branch {
            branch.client = Client::Gone;
        }
    }

    /// Sends the CANCEL of a branch: same Request-URI, branch and route as its INVITE.
    fn send_cancel(&mut self, context: &mut Context, index: usize, lines: &[u8]) {
        let timers = timers_of(context);
        let Some(branch) = context
            .transaction
            .as_deref_mut()
            .and_then(|t| t.branches.get_mut(index))
        else {
            return;
        };
        let Client::Invite(machine) = &branch.client else {
            return;
        };
        let waits = matches!(
            machine.state(),
            ClientInviteState::Calling | ClientInviteState::Proceeding
        );
        if !waits || matches!(branch.cancel, Cancel::Sent(_) | Cancel::Done) {
            return;
        }
        let Some(invite) = reparse(machine.buffer().clone(), &self.edge.limits.sip) else {
            return;
        };
        let lines = [
            lines,
            &extra_lines(&invite, &context.config.transactions.ac_extra_hdrs),
        ]
        .concat();
        let Ok(cancel) = sip::build::cancel(&invite, &lines) else {
            return;
        };
        let (now, reliable) = (self.now.mono, branch.flow.proto.is_reliable());
        let mut actions = Actions::new();
        let end_of_life = now.after_ms(timers.fr_timer_ms.into());
        let machine =
            ClientNonInvite::start(now, cancel, reliable, end_of_life, &timers, &mut actions);
        branch.cancel = Cancel::Sent(Box::new(machine));
        handle_client(
            &mut branch.client,
            now,
            ClientInput::Cancelled,
            &timers,
            &mut Actions::new(),
        );
        let (flow, tls) = (branch.flow, branch.tls.clone());
        self.send_client(flow, tls, actions);
    }
}

/// The headers of an INVITE of ours that its CANCEL and ACK carry too (`ac_extra_hdrs`).
pub(crate) fn extra_lines(invite: &Message, prefix: &[u8]) -> Vec<u8> {
    let begins = |name: &[u8]| {
        name.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let wanted = invite
        .headers()
        .filter(|header| !prefix.is_empty() && begins(header.name));
    wanted.fold(Vec::new(), |mut lines, header| {
        for part in [header.name, b": ", header.value, b"\r\n"] {
            lines.extend_from_slice(part);
        }
        lines
    })
}

/// The Reason headers of a CANCEL that go on with ours (`e2e_cancel_reason`).
fn reason_lines(context: &Context, cancel: &Message) -> Vec<u8> {
    let wanted = context.config.transactions.e2e_cancel_reason && !context.armed.no_cancel_reason;
    let headers = cancel.all(HeaderId::Reason).filter(|_| wanted);
    let mut lines = Vec::new();
    for header in headers {
        lines.extend_from_slice(b"Reason: ");
        lines.extend_from_slice(header.value);
        lines.extend_from_slice(b"\r\n");
    }
    lines
}
