//! Requests of our own: made, seen by `event_route[tm:local-request]`, sent like relayed ones.

use crate::Worker;
use crate::outbound::Aim;
use crate::outbound::reparse;
use crate::run::{Purpose, Run};
use crate::tx::{handle_server, timers_of};
use crate::{Output, Transmit};
use bytes::Bytes;
use policy::{
    Context, Continuation, Effect, Flow, LocalRequest, LocalServer, Outcome, Relay, Routes, Server,
    TransactionAction,
};
use script::{End, EndKind, Machine, Step};
use sip::{HeaderId, Message, NameAddr, Uri};
use stack::transaction::{Actions, ServerInput};
use std::sync::Arc;

impl Worker {
    /// Sends a request of our own; false where it is none that can be sent.
    pub(crate) fn local_request(&mut self, request: LocalRequest) -> bool {
        let Some((context, on_end)) = self.local_context(request) else {
            return false;
        };
        let Some(context) = self.with_transaction(context, on_end) else {
            return false;
        };
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
        self.drive(
            Run::new(context, machine, Purpose::LocalSent),
            Step::Waiting(relay),
        )
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
        self.local_ended(context, code, reply.reason(), Some(reply));
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
        // A name would have to be looked up; the next hop of the INVITE knows the way.
        let flow = aim.and_then(|aim| self.way_to(context, aim));
        self.put(Output::Transmit(Transmit {
            flow: flow.unwrap_or(branch.flow),
            bytes,
            no_connect: false,
            close: false,
            tls: branch.tls.clone(),
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

    fn local_context(
        &mut self,
        request: LocalRequest,
    ) -> Option<(Box<Context>, Option<policy::OnEnd>)> {
        let config = self.edge.config.load_full();
        let sockets = &config.identity.sockets;
        let wanted = match &request.socket {
            Some(wanted) => Some(socket_of(&config.identity, wanted)?),
            None => None,
        };
        let socket = wanted.or(sockets.first())?;
        let wanted = wanted.map(|socket| socket.id);
        let flow = Flow {
            proto: socket.proto,
            socket: socket.id,
            local: socket.addr,
            peer: socket.addr,
            connection: None,
        };
        let host = socket.host.clone();
        let bytes = self.local_bytes(&request, &host)?;
        let message = Arc::new(reparse(bytes, &self.edge.limits.sip)?);
        let mut context = self.arrive(flow, message, Routes::EVENT);
        // Scripts find the next hop in $du, as Kamailio shows it.
        context.target.dst_uri = Some(request.next_hop.unwrap_or(request.uri));
        context.target.socket = wanted;
        Some((context, request.on_end))
    }

    fn local_bytes(&mut self, request: &LocalRequest, host: &[u8]) -> Option<Bytes> {
        let call_id = match &request.call_id {
            Some(call_id) => call_id.clone(),
            None => {
                let (high, low) = (self.rng.u64(..), self.rng.u64(..));
                [format!("{high:016x}{low:016x}@").as_bytes(), host]
                    .concat()
                    .into()
            }
        };
        let mut from = request.from.to_vec();
        if NameAddr::parse(&request.from).ok()?.tag().is_none() {
            from.extend_from_slice(format!(";tag={:016x}", self.rng.u64(..)).as_bytes());
        }
        let built = sip::build::Request::new(request.method.clone(), &request.uri).ok()?;
        let built = built.header("To", &request.to).ok()?;
        let built = built.header("From", &from).ok()?;
        let built = built.cseq(request.cseq.unwrap_or(FIRST_CSEQ));
        let built = built.header("Call-ID", &call_id).ok()?;
        let mut built = built.header("Max-Forwards", "70").ok()?;
        let config = self.edge.config.load();
        if config.core.server_signature && !config.core.user_agent_header.is_empty() {
            built = built.lines(&config.core.user_agent_header).ok()?;
        }
        let mut bytes = built.lines(&request.lines).ok()?.to_bytes();
        if !request.body.is_empty() {
            bytes = with_body(&bytes, &request.body);
        }
        Some(bytes)
    }

    fn with_transaction(
        &mut self,
        mut context: Box<Context>,
        on_end: Option<policy::OnEnd>,
    ) -> Option<Box<Context>> {
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
            on_end,
            ..LocalServer::default()
        });
        context.transaction = Some(Box::new(transaction));
        Some(context)
    }
}

/// CSeq numbers of our own requests begin here, as Kamailio's do.
const FIRST_CSEQ: u32 = 10;

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

/// A built message has `Content-Length: 0` as its last header.
fn with_body(built: &[u8], body: &[u8]) -> Bytes {
    let head = built
        .strip_suffix(b"Content-Length: 0\r\n\r\n")
        .unwrap_or(built);
    let length = format!("Content-Length: {}\r\n\r\n", body.len());
    [head, length.as_bytes(), body].concat().into()
}

/// The ACK of a 2xx, and the URI of its next hop.
fn ack_of(
    context: &Context,
    reply: &Message,
    flow: &Flow,
    branch: &[u8],
) -> Option<(Bytes, Option<Bytes>)> {
    let contact = reply.all(HeaderId::Contact).next();
    let contact = contact.and_then(|contact| {
        let first = sip::split_values(contact.value).next()?;
        Some(Bytes::copy_from_slice(NameAddr::parse(first).ok()?.uri))
    });
    let uri = contact.unwrap_or_else(|| context.target.uri.clone());
    let mut routes: Vec<&[u8]> = Vec::new();
    for header in reply.all(HeaderId::RecordRoute) {
        routes.extend(sip::split_values(header.value));
    }
    routes.reverse();
    let socket = context.config.identity.socket(flow.socket)?;
    let via = crate::render::via(socket, flow, branch, context);
    let mut ack = sip::build::Request::new("ACK", &uri).ok()?;
    ack = ack.header("Via", &via).ok()?;
    for (name, value) in [
        ("From", context.message.header(HeaderId::From)?.value),
        ("To", reply.header(HeaderId::To)?.value),
        ("Call-ID", context.message.call_id().ok()?),
    ] {
        ack = ack.header(name, value).ok()?;
    }
    ack = ack.cseq(context.message.cseq().ok()?.number);
    for route in &routes {
        ack = ack.header("Route", route).ok()?;
    }
    ack = ack.header("Max-Forwards", "70").ok()?;
    let next = match routes.first() {
        Some(route) => Bytes::copy_from_slice(NameAddr::parse(route).ok()?.uri),
        None => uri,
    };
    Some((ack.to_bytes(), Some(next)))
}

/// Where a URI with an address leads.
fn aim_of(uri: &[u8], flow: &Flow) -> Option<Aim> {
    let uri = Uri::parse(uri).ok()?;
    let destination = stack::location::Destination::of(&uri).ok()?;
    let proto = destination.transport.unwrap_or(flow.proto);
    let port = destination.port.unwrap_or(proto.default_port());
    Some(Aim {
        proto,
        address: std::net::SocketAddr::new(destination.address?, port),
        socket: Some(flow.socket),
        connection: None,
    })
}
