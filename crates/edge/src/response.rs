//! Replies on their way back: from a branch, through the reply route, to the caller.

use crate::Worker;
use crate::cancel::extra_lines;
use crate::failure::disarm;
use crate::mail::{Mail, Reply};
use crate::outbound::reparse;
use crate::run::Purpose;
use crate::suspend::has_suspended;
use crate::timers::handle_client;
use crate::tx::timers_of;
use crate::watch::tell_progressed;
use bytes::Bytes;
use policy::{Branch, Cancel, Client, Context, ReplyInHand, Routes};
use sip::{Message, Method};
use stack::fork::{Options, Relay, Verdict};
use stack::transaction::{Action, Actions, ClientInput};
use std::sync::Arc;

impl Worker {
    /// Opens a letter to a transaction that this worker owns now. What comes back is to be put to
    /// rest; nothing where a route took it and waits.
    pub(crate) fn open_letter(
        &mut self,
        mut context: Box<Context>,
        mail: Mail,
    ) -> Option<Box<Context>> {
        context.now = self.now;
        match mail {
            Mail::Retransmission => self.retransmit_reply(&mut context),
            Mail::Ack => self.acknowledge(&mut context),
            Mail::AckOfAccepted(ack) => self.tell_acknowledged(&mut context, &ack),
            Mail::Cancel(cancel, source) => self.cancelled(&mut context, &cancel, source),
            Mail::Timer => return self.timer(context),
            Mail::SendFailed(branch) => return self.branch_unsent(context, &branch),
            Mail::Reply(reply) => return self.branch_reply(context, reply),
            Mail::Continue(route) => return self.go_on_suspended(context, route),
            Mail::Remote(what) => self.remote(&mut context, what),
        }
        Some(context)
    }

    fn acknowledge(&mut self, context: &mut Context) {
        let timers = timers_of(context);
        if let Some(transaction) = context.transaction.as_deref_mut() {
            let mut actions = Actions::new();
            let input = stack::transaction::ServerInput::Ack;
            crate::tx::handle_server(
                &mut transaction.server,
                self.now.mono,
                input,
                &timers,
                &mut actions,
            );
        }
    }

    /// A reply came for a branch or for the CANCEL of one.
    fn branch_reply(&mut self, mut context: Box<Context>, reply: Reply) -> Option<Box<Context>> {
        let timers = timers_of(&context);
        let code = reply.message.status()?;
        let input = ClientInput::Reply(code);
        let is_local = context
            .transaction()
            .is_some_and(policy::Transaction::is_local);
        let Some(branch) = answered_branch(&mut context, &reply) else {
            self.edge.counts.stray_replies.inc();
            return Some(context);
        };
        self.edge.counts.received_replies.inc();
        let (now, mut actions) = (self.now.mono, Actions::new());
        if reply.message.method() == Method::Cancel {
            if let Cancel::Sent(machine) = &mut branch.cancel {
                machine.handle(now, input, &timers, &mut actions);
            }
            return Some(context);
        }
        if is_local {
            branch.replied_over = Some(Box::new(reply.flow));
        }
        let sent = sent_bytes(&branch.client);
        handle_client(&mut branch.client, now, input, &timers, &mut actions);
        let (flow, tls) = (branch.flow, branch.tls.clone());
        let deliver = actions.contains(&Action::Deliver);
        if actions.contains(&Action::BuildAck) {
            self.acknowledge_negative(&mut context, &reply, &sent);
        }
        self.send_client(flow, tls, actions);
        if !deliver {
            return Some(context);
        }
        if code == 503 {
            self.list_unavailable(&context, &reply.flow, &reply.message);
        }
        self.reply_route(context, reply, code)
    }

    /// The ACK of a negative reply is ours to send (RFC 3261 section 17.1.1.3).
    fn acknowledge_negative(&mut self, context: &mut Context, reply: &Reply, sent: &Bytes) {
        let timers = timers_of(context);
        let Some(invite) = reparse(sent.clone(), &self.edge.limits.sip) else {
            return;
        };
        let lines = extra_lines(&invite, &context.config.transactions.ac_extra_hdrs);
        let Ok(ack) = sip::build::ack(&invite, &reply.message, &lines) else {
            return;
        };
        let transaction = context.transaction.as_deref_mut();
        if let Some(branch) =
            transaction.and_then(|t| t.branches.get_mut(usize::from(reply.branch)))
        {
            let mut actions = Actions::new();
            handle_client(
                &mut branch.client,
                self.now.mono,
                ClientInput::Ack(ack),
                &timers,
                &mut actions,
            );
            let (flow, tls) = (branch.flow, branch.tls.clone());
            self.send_client(flow, tls, actions);
        }
    }

    /// Runs `onreply_route`, where one is armed and the reply is one it sees.
    fn reply_route(
        &mut self,
        context: Box<Context>,
        reply: Reply,
        code: u16,
    ) -> Option<Box<Context>> {
        let branch = context
            .transaction
            .as_ref()?
            .branches
            .get(usize::from(reply.branch))?;
        let route = branch.on_reply.or(context.armed.on_reply);
        match route {
            Some(route) => {
                let reply_context = self.reply_context(context, &reply, code);
                self.run(reply_context, route, Purpose::Reply(reply))
            }
            None => self.reply_arrived(context, reply, code),
        }
    }

    /// A context for the reply, which owns the request's while the route runs.
    fn reply_context(&mut self, mut home: Box<Context>, reply: &Reply, code: u16) -> Box<Context> {
        let mut context = self.arrive(reply.flow, reply.message.clone(), Routes::REPLY);
        context.config = home.config.clone();
        context.vars = std::mem::take(&mut home.vars);
        context.flags = home.flags;
        let index = usize::from(reply.branch);
        context.branch_index = index;
        context.target.flags = home
            .transaction
            .as_ref()
            .and_then(|t| t.branches.get(index))
            .map_or(0, |branch| branch.flags);
        context.reply = Some(ReplyInHand {
            branch: index,
            code,
            message: Some(reply.message.clone()),
        });
        context.home = Some(home);
        context
    }

    /// `onreply_route` has ended: what it changed goes with the reply. Only provisional replies
    /// can be dropped.
    pub(crate) fn reply_route_ended(
        &mut self,
        mut context: Box<Context>,
        mut reply: Reply,
        dropped: bool,
    ) -> Option<Box<Context>> {
        let mut home = context.home.take()?;
        home.vars = std::mem::take(&mut context.vars);
        home.flags = context.flags;
        if let Some(branch) = home
            .transaction
            .as_deref_mut()
            .and_then(|t| t.branches.get_mut(context.branch_index))
        {
            branch.flags = context.target.flags;
        }
        if has_suspended(&home, &mut context) {
            return self.keep_reply(home, context, reply);
        }
        reply.message = self.with_edits(&context);
        let code = reply.message.status()?;
        if dropped && code < 200 {
            self.edge.counts.dropped_replies.inc();
            return Some(home);
        }
        self.reply_arrived(home, reply, code)
    }

    /// The message of a context with its edits made, for where only the result counts.
    pub(crate) fn with_edits(&self, context: &Context) -> Arc<Message> {
        self.edited(&context.message, &context.edits)
    }

    /// A message with edits made, as a message again.
    pub(crate) fn edited(&self, message: &Arc<Message>, edits: &sip::Edits) -> Arc<Message> {
        if edits.is_empty() {
            return message.clone();
        }
        let mut out = Vec::with_capacity(message.bytes().len() + 256);
        edits.render(message, &mut out);
        reparse(out.into(), &self.edge.limits.sip).map_or_else(|| message.clone(), Arc::new)
    }

    /// A reply counts: it goes up, or waits for those of the other branches (RFC 3261 section 16.7).
    pub(crate) fn reply_arrived(
        &mut self,
        mut context: Box<Context>,
        reply: Reply,
        code: u16,
    ) -> Option<Box<Context>> {
        let index = usize::from(reply.branch);
        if let Some(branch) = context.transaction.as_deref_mut()?.branches.get_mut(index) {
            // A branch that was given up has said its last already; this is the end of its CANCEL.
            if branch.is_local && code >= 300 {
                return Some(context);
            }
            branch.status = branch.status.max(code);
            branch.replies = branch.replies.saturating_add(1);
        }
        let end = BranchEnd {
            index: reply.branch,
            code,
            reply: Some(reply.message),
        };
        if code >= 300 {
            self.branch_ended(context, end)
        } else {
            self.count(context, end)
        }
    }

    /// A branch ended with a status made up here: 408 or 503.
    pub(crate) fn branch_failed(
        &mut self,
        mut context: Box<Context>,
        index: usize,
        code: u16,
    ) -> Option<Box<Context>> {
        let transaction = context.transaction.as_deref_mut()?;
        // A cancelled branch that never answers is over as if it had said so (RFC 3261 section 9.1).
        let code = if transaction.cancelled && code == 408 {
            487
        } else {
            code
        };
        if let Some(branch) = transaction.branches.get_mut(index) {
            branch.status = branch.status.max(code);
            branch.is_local = true;
        }
        self.branch_ended(
            context,
            BranchEnd {
                index: u16::try_from(index).ok()?,
                code,
                reply: None,
            },
        )
    }

    /// A branch has ended without success: its failure route sees it first.
    fn branch_ended(&mut self, mut context: Box<Context>, end: BranchEnd) -> Option<Box<Context>> {
        if self.goes_elsewhere(&mut context, end.index, end.code) {
            return Some(context);
        }
        self.tell_branch_failed(&mut context, end.code, end.reply.as_deref());
        let branch = context
            .transaction
            .as_ref()?
            .branches
            .get(usize::from(end.index))?;
        let Some(route) = branch.on_branch_failure else {
            return self.count(context, end);
        };
        let branch = usize::from(end.index);
        context.reply = Some(ReplyInHand {
            branch,
            code: end.code,
            message: end.reply.clone(),
        });
        disarm(&mut context);
        context.route = Routes::BRANCH_FAILURE;
        context.branch_index = branch;
        context.branches.clear();
        self.run(context, route, Purpose::BranchFailure(end))
    }

    /// `event_route[tm:branch-failure:…]` has ended.
    pub(crate) fn branch_failure_route_ended(
        &mut self,
        mut context: Box<Context>,
        end: BranchEnd,
    ) -> Option<Box<Context>> {
        context.reply = None;
        self.count(context, end)
    }

    fn count(&mut self, mut context: Box<Context>, end: BranchEnd) -> Option<Box<Context>> {
        let options = options(&context);
        let BranchEnd { index, code, reply } = end;
        let fork = &mut context.transaction.as_deref_mut()?.fork;
        let verdict = fork.reply(index, code, reply.clone(), reply.is_none(), &options);
        self.act_on(context, verdict, reply.as_ref())
    }

    fn act_on(
        &mut self,
        mut context: Box<Context>,
        verdict: Verdict,
        reply: Option<&Arc<Message>>,
    ) -> Option<Box<Context>> {
        let code = reply.and_then(|reply| reply.status());
        if let Some(code) = code.filter(|code| *code >= 200 && !verdict.cancel.is_empty()) {
            self.note_cause(&mut context, code);
        }
        for branch in &verdict.cancel {
            self.cancel_branch(&mut context, usize::from(*branch));
        }
        for branch in &verdict.stop {
            self.stop_branch(&mut context, usize::from(*branch));
        }
        match (verdict.relay, reply) {
            // What a branch says that is cancelled for saying it does not go on.
            (Relay::This, Some(_)) if code < Some(200) && !verdict.cancel.is_empty() => {
                Some(context)
            }
            (Relay::This, Some(reply)) => {
                self.forward_reply(&mut context, reply);
                Some(context)
            }
            (Relay::Best, _) => self.all_branches_ended(context),
            _ => Some(context),
        }
    }

    /// Passes a reply on to the caller.
    pub(crate) fn forward_reply(&mut self, context: &mut Context, reply: &Arc<Message>) {
        let Some(code) = reply.status() else {
            return;
        };
        let is_answered = match context.transaction.as_deref_mut() {
            None => return,
            // What comes of a copy goes no further.
            Some(transaction) if transaction.is_replica => {
                transaction.is_over |= code >= 200;
                return;
            }
            Some(transaction) if transaction.is_local() => {
                return self.local_reply(context, reply, code);
            }
            Some(transaction) => transaction.is_final(),
        };
        let mut edits = sip::Edits::new();
        edits.drop_top_via();
        if context.flow.proto.is_reliable() {
            edits.ensure_content_length();
        }
        let flow = self.way_back(context);
        let rendered = self.rendered(reply, &mut edits, flow, context);
        if code >= 200 {
            match is_answered {
                true => self.tell_accepted_again(context, code),
                false => self.tell_replied(context, code, reply.reason(), Some(reply)),
            }
            if let Ok(tag @ [_, ..]) = reply.to_tag() {
                self.note_tag(context, tag);
            }
        } else {
            tell_progressed(context, code, reply);
        }
        self.edge.counts.forwarded_replies.inc();
        self.reply_through(context, code, rendered, false);
    }

    /// The ACK of a 2xx will come with this tag.
    fn note_tag(&self, context: &Context, tag: &[u8]) {
        if let Some(transaction) = &context.transaction {
            self.edge
                .table
                .note_to_tag(transaction.id, self.edge.keyer.tag(tag));
        }
    }
}

/// What a branch has come to, or its latest provisional reply.
pub(crate) struct BranchEnd {
    index: u16,
    code: u16,
    /// None where the status was made up here.
    reply: Option<Arc<Message>>,
}

/// What module `tm` says about response selection.
pub(crate) fn options(context: &Context) -> Options {
    let params = &context.config.transactions;
    Options {
        relay_100: params.relay_100,
        disable_6xx_block: params.disable_6xx_block || context.armed.no_6xx,
        aggregate_challenges: params.aggregate_challenges,
        remap_503_500: params.remap_503_500,
        faked_reply_prio: i32::try_from(params.faked_reply_prio).unwrap_or(i32::MAX),
        cancel_silent: match params.cancel_b_method {
            0 => stack::fork::CancelSilent::Fake487,
            1 => stack::fork::CancelSilent::WhenProvisional,
            _ => stack::fork::CancelSilent::AtOnce,
        },
    }
}

/// The branch that a reply is for; none where it is for another request, or from who was not asked.
fn answered_branch<'a>(context: &'a mut Context, reply: &Reply) -> Option<&'a mut Branch> {
    let check_source = context.config.transactions.check_source;
    let method = reply.message.method();
    let is_own = method == context.message.method();
    let branches = &mut context.transaction.as_deref_mut()?.branches;
    let branch = branches.get_mut(usize::from(reply.branch))?;
    let is_there = branch.flow.peer.ip() == reply.flow.peer.ip();
    ((method == Method::Cancel || is_own) && (is_there || !check_source)).then_some(branch)
}

fn sent_bytes(client: &Client) -> Bytes {
    match client {
        Client::Invite(machine) => machine.buffer().clone(),
        Client::NonInvite(machine) => machine.buffer().clone(),
        Client::Gone => Bytes::new(),
    }
}
