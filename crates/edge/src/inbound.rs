//! The way of a message, from bytes to a route.

use crate::mail::{Mail, Reply};
use crate::run::Purpose;
use crate::{Output, Worker};
use bytes::Bytes;
use policy::{Arrival, Context, Flow, Level, Notes, Routes, Standing};
use script::RouteKind;
use sip::{Message, Method};
use stack::branch::Decoded;
use stack::table::Lookup;
use std::sync::Arc;

impl Worker {
    /// A datagram: one message, or a keep-alive.
    pub(crate) fn datagram(&mut self, flow: Flow, bytes: Bytes) {
        if self.is_dropped(flow, &bytes) || is_keep_alive(&bytes) {
            return;
        }
        if bytes.len() > self.edge.limits.max_datagram {
            return self.edge.counts.dropped_requests.inc();
        }
        let rate = self.config.core.shed_rate;
        let place = self.shedder.place(flow.peer);
        if self.shedder.sheds(place, rate, self.now.mono) && !self.is_known(flow) {
            return self.edge.counts.shed.inc();
        }
        let deeds = self.deeds;
        self.message(flow, bytes);
        let in_vain = self.deeds == deeds;
        self.shedder.note(place, in_vain, rate, self.now.mono);
    }

    /// True where somebody proved himself from this very address and port: who floods in his name does
    /// not silence him.
    pub(crate) fn is_known(&self, flow: Flow) -> bool {
        let bans = self.edge.bans.get();
        let standing = bans.map(|bans| bans.standing(flow.peer, b"", self.now.unix_ms));
        matches!(standing, Some(Standing::Flow | Standing::Port))
    }

    /// True where the sender of a datagram is not heard: it is counted and not read.
    fn is_dropped(&self, flow: Flow, datagram: &[u8]) -> bool {
        let bans = self.edge.bans.get();
        bans.is_some_and(|bans| bans.drops(flow.peer, datagram, self.now.unix_ms))
    }

    /// One whole message.
    pub(crate) fn message(&mut self, flow: Flow, bytes: Bytes) {
        if self.is_dropped_unread(flow, &bytes) {
            return;
        }
        match Message::parse(bytes.clone(), &self.edge.limits.sip) {
            Err(error) => self.malformed(flow, bytes, &error),
            Ok(message) if message.is_request() => self.request(flow, message),
            Ok(message) => self.reply(flow, Arc::new(message)),
        }
    }

    fn malformed(&mut self, flow: Flow, bytes: Bytes, error: &sip::ParseError) {
        self.edge.counts.bad_headers.inc();
        self.config.logger.log(Level::Info, "core", || {
            format!("cannot read what came from {}: {error}", flow.peer)
        });
        let salvaged = Message::salvage(&bytes, &self.edge.limits.sip);
        self.complain(flow, bytes);
        if let Some(request) = salvaged {
            self.refuse(flow, Arc::new(request), &error.violation());
        }
    }

    fn request(&mut self, flow: Flow, message: Message) {
        self.edge.counts.requests.count(message.method());
        if self.is_ack_of_refusal(&message) || self.refuses(flow, &message) {
            return;
        }
        let message = Arc::new(message);
        if let Err(violation) = message.check() {
            self.complain(flow, message.bytes().clone());
            return self.refuse(flow, message, &violation);
        }
        self.receive(flow, message);
    }

    /// A message has passed the hooks.
    pub(crate) fn received(&mut self, flow: Flow, message: Arc<Message>, notes: Notes) {
        match message.is_request() {
            true => self.received_request(flow, message, notes),
            false => self.received_reply(flow, message, notes),
        }
    }

    fn received_request(&mut self, flow: Flow, message: Arc<Message>, notes: Notes) {
        if message.method() == Method::Ack && self.is_ack_of_ours(&message) {
            return self.filter_ack(flow, message);
        }
        if self.is_waiting_already(&message) {
            return self.edge.counts.absorbed.inc();
        }
        let mut context = self.arrive(flow, message, Routes::REQUEST);
        context.attach(notes);
        if context.config.core.log_prefix_mode == 0 {
            context.render_log_prefix();
        }
        let Some(route) = context.config.entry.request else {
            return;
        };
        self.accept_alias(&context);
        if let Some(context) = self.run(context, route, Purpose::Request) {
            self.rest(context);
        }
    }

    /// True where the same request waits for an answer from outside and has no transaction yet: the
    /// script must not run a second time for it.
    fn is_waiting_already(&self, message: &Message) -> bool {
        if self.edge.reserved.is_empty() {
            return false;
        }
        let place = self
            .key_of(message)
            .and_then(|key| self.edge.table.find(&key, Lookup::Same));
        place.is_some_and(|id| self.edge.reserved.is_held(id))
    }

    /// `tcp_accept_aliases` and `force_tcp_alias()`: the connection serves the Via address too, so
    /// that requests to it need no new one (RFC 5923).
    pub(crate) fn accept_alias(&mut self, context: &Context) {
        let Some(connection) = context.flow.connection else {
            return;
        };
        let Ok(via) = context.message.top_via() else {
            return;
        };
        let offered = via.alias && context.core().tcp.accept_aliases;
        if offered || context.switches.tcp_alias {
            let port = via.port.unwrap_or(context.flow.proto.default_port());
            let address = std::net::SocketAddr::new(context.flow.peer.ip(), port);
            self.put(Output::Alias {
                connection,
                address,
            });
        }
    }

    fn reply(&mut self, flow: Flow, message: Arc<Message>) {
        let method = message.cseq().ok().map(|cseq| cseq.method);
        self.edge
            .counts
            .replies
            .count(message.status().unwrap_or_default(), method);
        if message.check().is_err() {
            self.complain(flow, message.bytes().clone());
            return self.edge.counts.dropped_replies.inc();
        }
        self.receive(flow, message);
    }

    /// A reply runs through `reply_route`, then finds its transaction.
    fn received_reply(&mut self, flow: Flow, message: Arc<Message>, notes: Notes) {
        let Some(route) = self.config.entry.reply else {
            return self.dispatch_reply(flow, message, notes);
        };
        let mut context = self.arrive(flow, message, Routes::CORE_REPLY);
        context.attach(notes);
        if let Some(context) = self.run(context, route, Purpose::CoreReply) {
            self.rest(context);
        }
    }

    /// `reply_route` has ended.
    pub(crate) fn core_reply_ended(
        &mut self,
        mut context: Box<Context>,
        dropped: bool,
    ) -> Option<Box<Context>> {
        if dropped {
            self.edge.counts.dropped_replies.inc();
        } else {
            let message = self.with_edits(&context);
            self.dispatch_reply(context.flow, message, context.detach());
        }
        None
    }

    /// Finds what a reply belongs to. A reply that matches nothing we sent goes nowhere.
    fn dispatch_reply(&mut self, flow: Flow, message: Arc<Message>, notes: Notes) {
        let branch = message.top_branch().ok().flatten();
        let decoded = branch.and_then(|branch| self.edge.brancher.decode(branch));
        match decoded {
            Some(Decoded::Transaction(branch)) => {
                let reply = Reply {
                    message,
                    flow,
                    branch: branch.index,
                };
                self.deliver(branch.id, Mail::Reply(reply));
            }
            Some(Decoded::Stateless { .. }) | None => self.stray_reply(flow, message, notes),
        }
    }

    /// A reply without a transaction: `on_sl_reply` sees it first.
    fn stray_reply(&mut self, flow: Flow, message: Arc<Message>, notes: Notes) {
        let name = self.config.transactions.on_sl_reply.as_deref();
        let route = name.and_then(|name| self.config.program.route(RouteKind::Reply, name));
        let Some(route) = route else {
            return self.stateless_reply(flow, &message, notes);
        };
        let mut context = self.arrive(flow, message, Routes::CORE_REPLY);
        context.attach(notes);
        if let Some(context) = self.run(context, route, Purpose::StrayReply) {
            self.rest(context);
        }
    }

    /// The route of `on_sl_reply` has ended.
    pub(crate) fn stray_reply_ended(
        &mut self,
        mut context: Box<Context>,
        dropped: bool,
    ) -> Option<Box<Context>> {
        if dropped {
            self.edge.counts.dropped_replies.inc();
        } else {
            let message = self.with_edits(&context);
            self.stateless_reply(context.flow, &message, context.detach());
        }
        None
    }

    pub(crate) fn arrive(
        &mut self,
        flow: Flow,
        message: Arc<Message>,
        route: Routes,
    ) -> Box<Context> {
        let config = self.config.clone();
        let seed = self.rng.u64(..);
        Box::new(Context::new(Arrival {
            config,
            now: self.now,
            seed,
            route,
            message,
            flow,
        }))
    }

    /// The script has seen the request through.
    pub(crate) fn request_ended(&mut self, mut context: Box<Context>) -> Box<Context> {
        let idle = context.transaction.as_ref().is_some_and(|transaction| {
            transaction.branches.is_empty() && !transaction.is_final() && !transaction.suspended
        });
        if idle {
            self.end_idle(&mut context);
        }
        if context.switches.tcp_alias {
            self.accept_alias(&context);
        }
        context
    }

    /// The script has left a transaction without a branch and without a final reply. Where that is
    /// because relaying failed, the caller is told (`t_set_disable_internal_reply()`).
    fn end_idle(&mut self, context: &mut Context) {
        let told = context.answered || context.armed.no_internal_reply;
        match context.error.filter(|_| !told) {
            Some((code, text)) => {
                let reason = text.replace("/SL)", "/TM)");
                self.final_of_ours(context, code, reason.into());
            }
            None => {
                if let Some(transaction) = context.transaction.as_deref_mut() {
                    transaction.is_over = true;
                }
            }
        }
    }
}

/// Keep-alives over UDP are a lone CRLF pair or a few zeros (RFC 5626 section 3.5.1, and phones).
fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.len() <= 4 && bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0))
}
