//! Requests of our own: made, seen by `event_route[tm:local-request]`, sent like relayed ones.

use crate::Worker;
use crate::outbound::reparse;
use crate::own_message::{ack_of, aim_of};
use crate::run::{Purpose, Run};
use crate::tx::{handle_server, timers_of};
use crate::{Output, Transmit};
use bytes::Bytes;
use policy::{
    Context, Continuation, Effect, Flow, Level, LocalRequest, LocalServer, Outcome, Relay, Routes,
    Server, TransactionAction,
};
use script::{End, EndKind, Machine, Step};
use sip::Message;
use stack::transaction::{Actions, ServerInput};
use std::sync::Arc;

impl Worker {
    /// Sends a request of our own; false where it is none that can be sent.
    pub(crate) fn local_request(&mut self, mut request: LocalRequest) -> bool {
        let (on_reply, on_end) = (request.on_reply.take(), request.on_end.take());
        let made = self.local_context(request);
        let Some(mut context) = made.and_then(|context| self.with_transaction(context)) else {
            return self.local_refused(on_end);
        };
        if let Some(Server::Local(local)) =
            context.transaction.as_deref_mut().map(|t| &mut t.server)
        {
            (local.on_reply, local.on_end) = (on_reply, on_end);
        }
        self.edge.counts.local_transactions.inc();
        let rest = match context.config.entry.local_request {
            Some(route) => self.run(context, route, Purpose::LocalRequest),
            None => self.send_local(context),
        };
        if let Some(context) = rest {
            self.rest(context);
        }
        true
    }

    /// It names no socket of ours, is no message, or the table is full.
    fn local_refused(&mut self, on_end: Option<policy::OnEnd>) -> bool {
        self.config.logger.log(Level::Err, "tm", || {
            "a request of ours cannot be sent: no such socket, or no SIP message".to_owned()
        });
        if let Some(on_end) = on_end {
            on_end(500, b"Server Internal Error", None);
        }
        false
    }

    /// `event_route[tm:local-request]` has ended.
    pub(crate) fn local_route_ended(
        &mut self,
        mut context: Box<Context>,
        end: End,
    ) -> Option<Box<Context>> {
        if end.kind == EndKind::Drop {
            self.local_ended(&mut context, 500, b"Dropped", None);
            return Some(context);
        }
        self.send_local(context)
    }

    /// Relays it, as a script does with `t_relay()`.
    fn send_local(&mut self, mut context: Box<Context>) -> Option<Box<Context>> {
        if !context.config.transactions.enable_uac_fr {
            context.armed.on_failure = None;
        }
        let limits = self.script_limits(&context.config);
        let relay = Effect::Transaction(TransactionAction::Relay(Relay::default()));
        let resume: Continuation = Box::new(|_, answer| Outcome::Code(answer.code()));
        let machine = Machine::waiting(resume, limits);
        let config = context.config.clone();
        let mut run = Run::new(context, machine, Purpose::LocalSent);
        let stop = self.drive(&config, &mut run, Step::Waiting(relay));
        self.stopped(run, stop)
    }

    /// It is on its way, or could not be sent.
    pub(crate) fn local_sent(&mut self, mut context: Box<Context>, end: End) -> Box<Context> {
        if end.code < 0 {
            let (code, text) = context.error.unwrap_or((500, "Server Internal Error"));
            self.local_ended(&mut context, code, text.as_bytes(), None);
        }
        context
    }

    /// A reply came for a request of our own.
    pub(crate) fn local_reply(&mut self, context: &mut Context, reply: &Arc<Message>, code: u16) {
        if code < 200 {
            return;
        }
        let wants_ack = match context.transaction.as_deref().map(|t| &t.server) {
            Some(Server::Local(local)) => local.is_invite && code < 300,
            _ => false,
        };
        if wants_ack {
            self.acknowledge_accepted(context, reply);
        }
        self.show_reply(context, reply);
        self.local_ended(context, code, reply.reason(), Some(reply));
    }

    /// Whoever wants to see the reply gets it as a message in hand.
    fn show_reply(&mut self, context: &mut Context, reply: &Arc<Message>) {
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        let Server::Local(local) = &mut transaction.server else {
            return;
        };
        // It came from where the request went.
        let flow = transaction.branches.first().map(|branch| branch.flow);
        if let (Some(on_reply), Some(flow)) = (local.on_reply.take(), flow) {
            on_reply(&mut self.arrive(flow, reply.clone(), Routes::EVENT));
        }
    }

    /// A request of our own is over: who waits for its end hears of it.
    pub(crate) fn local_ended(
        &mut self,
        context: &mut Context,
        code: u16,
        reason: &[u8],
        reply: Option<&Message>,
    ) {
        let is_first = context
            .transaction
            .as_deref()
            .is_some_and(|transaction| !transaction.is_final());
        if is_first {
            self.tell_replied(context, code, reason, reply);
        }
        self.cancel_pending(context);
        let timers = timers_of(context);
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        transaction.fork.mark_answered();
        transaction.replied = transaction.replied.max(code);
        let input = ServerInput::Reply(code, Bytes::new());
        let now = self.now.mono;
        handle_server(
            &mut transaction.server,
            now,
            input,
            &timers,
            &mut Actions::new(),
        );
        if let Server::Local(local) = &mut transaction.server
            && let Some(on_end) = local.on_end.take()
        {
            on_end(code, reason, reply);
        }
    }

    /// The ACK of a 2xx follows its route set and Contact (RFC 3261 section 13.2.2.4).
    fn acknowledge_accepted(&mut self, context: &Context, reply: &Message) {
        let accepted = context.transaction.as_deref().and_then(|transaction| {
            let mut branches = transaction.branches.iter();
            branches.find(|branch| (200..300).contains(&branch.status))
        });
        let Some(branch) = accepted else { return };
        let id = context
            .transaction
            .as_deref()
            .map(|transaction| transaction.id);
        let Some(token) = id.and_then(|id| self.ack_branch(context, id)) else {
            return;
        };
        let Some((bytes, next)) = ack_of(context, reply, &branch.flow, &token) else {
            return;
        };
        let aim = match context.config.transactions.local_ack_mode {
            0 => next.and_then(|uri| aim_of(&uri, &branch.flow)),
            _ => None,
        };
        let flow = match context.config.transactions.local_ack_mode {
            2 => branch.replied_over.as_deref().copied(),
            // A name would have to be looked up; the next hop of the INVITE knows the way.
            _ => aim.and_then(|aim| self.way_to(context, aim)),
        };
        let (flow, tls) = (flow.unwrap_or(branch.flow), branch.tls.clone());
        let Some(bytes) = self.hide(flow, bytes, Some(context)) else {
            return;
        };
        self.put(Output::Transmit(Transmit {
            flow,
            bytes,
            no_connect: false,
            close: false,
            tls,
        }));
    }

    fn ack_branch(&self, context: &Context, id: stack::table::TxId) -> Option<Bytes> {
        let branch = stack::branch::Branch {
            id,
            index: u16::MAX,
            loop_part: self.loop_part(context)?,
        };
        let token = self.edge.brancher.encode(&branch);
        Some(Bytes::copy_from_slice(token.as_bytes()))
    }

    fn local_context(&mut self, request: LocalRequest) -> Option<Box<Context>> {
        let config = self.config.clone();
        let sockets = &config.identity.sockets;
        let wanted = match &request.socket {
            Some(wanted) => Some(socket_of(&config.identity, wanted)?),
            None => request
                .contact
                .as_ref()
                .and_then(|contact| config.identity.named(contact.socket())),
        };
        let socket = wanted.or(sockets.first())?;
        let wanted = wanted.map(|socket| socket.id);
        let flow = Flow::within(socket);
        let host = socket.host.clone();
        let bytes = self.local_bytes(&request, &host)?;
        let message = Arc::new(reparse(bytes, &self.edge.limits.sip)?);
        let mut context = self.arrive(flow, message, Routes::EVENT);
        // Scripts find the next hop in $du, as Kamailio shows it.
        context.target.dst_uri = Some(request.next_hop.unwrap_or(request.uri));
        context.target.socket = wanted;
        context.target.connection = request.contact.and_then(|contact| contact.connection());
        context.attach(request.way.map(|way| -> policy::Note { Box::new(way) }));
        Some(context)
    }

    fn with_transaction(&mut self, mut context: Box<Context>) -> Option<Box<Context>> {
        let call_id = context.message.call_id().ok()?;
        let key = self
            .edge
            .keyer
            .local(call_id, context.message.cseq().ok()?.number);
        let id = self.edge.table.insert_busy(&key).ok()?;
        self.in_hand = Some(id);
        let mut transaction = self.new_transaction(&context, id);
        transaction.server = Server::Local(LocalServer {
            is_invite: context.message.method() == sip::Method::Invite,
            ..LocalServer::default()
        });
        context.transaction = Some(Box::new(transaction));
        Some(context)
    }
}

fn socket_of<'a>(
    identity: &'a policy::Identity,
    wanted: &policy::NextHop,
) -> Option<&'a policy::Socket> {
    let ip = policy::address_of(&wanted.host)?;
    let proto = wanted.proto.unwrap_or(policy::Proto::Udp);
    let port = match wanted.port {
        0 => proto.default_port(),
        port => port,
    };
    identity.find(proto, std::net::SocketAddr::new(ip, port))
}
