//! Event routes of the core: they have no message of their own.

use crate::Worker;
use crate::run::Purpose;
use bytes::Bytes;
use policy::{Context, Flow, Routes};
use script::RouteId;
use sip::Message;
use std::sync::Arc;

/// Runs for everything that comes, unread, where `received_route_mode` is on.
const RECEIVED: &str = "core:msg-received";

/// Runs for what is no SIP message.
const UNREADABLE: &str = "core:receive-parse-error";

/// Runs before a TLS connection of ours is opened.
const CONNECTION_OUT: &str = "tls:connection-out";

impl Worker {
    /// Runs a route that has no message of its own, on an empty request to ourselves.
    pub(crate) fn event(
        &mut self,
        kind: script::RouteKind,
        name: &str,
        prepare: Box<dyn FnOnce(&mut Context) + Send>,
    ) {
        let config = self.config.clone();
        let (Some(route), Some(socket)) = (
            config.program.route(kind, name),
            config.identity.sockets.first(),
        ) else {
            return;
        };
        let flow = Flow::within(socket);
        let Some(mut context) = self.without_message(flow) else {
            return;
        };
        prepare(&mut context);
        if let Some(context) = self.run(context, route, Purpose::Event) {
            self.rest(context);
        }
    }

    /// Runs `event_route[core:msg-received]`; true where it drops what came. Costs a load while
    /// `received_route_mode` is off.
    pub(crate) fn is_dropped_unread(&mut self, flow: Flow, bytes: &Bytes) -> bool {
        let route = match self.config.core.received_route_mode {
            true => self.config.event_route(RECEIVED),
            false => None,
        };
        route.is_some_and(|route| self.run_unread(route, flow, bytes.clone()))
    }

    /// Runs `event_route[core:receive-parse-error]` for what cannot be read.
    pub(crate) fn complain(&mut self, flow: Flow, bytes: Bytes) {
        let route = self.config.event_route(UNREADABLE);
        if let Some(route) = route {
            self.run_unread(route, flow, bytes);
        }
    }

    /// Runs `event_route[tls:connection-out]`; false where it drops what was about to leave, and no connection
    /// shall be opened.
    pub fn may_connect(&mut self, flow: Flow) -> bool {
        let Some(route) = self.config.event_route(CONNECTION_OUT) else {
            return true;
        };
        let Some(mut context) = self.without_message(flow) else {
            return true;
        };
        context.sending = Some(Box::new(flow));
        !self.run_now(&mut context, route)
    }

    /// Runs a route that knows the octets and where they came from, and cannot wait; true where it
    /// ended with `drop`.
    fn run_unread(&mut self, route: RouteId, flow: Flow, bytes: Bytes) -> bool {
        let Some(mut context) = self.without_message(flow) else {
            return false;
        };
        context.unread = Some(Box::new(bytes));
        self.run_now(&mut context, route)
    }

    /// A context without a message of its own.
    pub(crate) fn without_message(&mut self, flow: Flow) -> Option<Box<Context>> {
        let message = Message::parse(Bytes::from_static(NO_MESSAGE), &self.edge.limits.sip).ok()?;
        Some(self.arrive(flow, Arc::new(message), Routes::EVENT))
    }
}

/// What event routes without a message see, as Kamailio fakes it.
const NO_MESSAGE: &[u8] = b"OPTIONS sip:you@kamailio.org SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n\
From: <sip:you@kamailio.org>;tag=123\r\nTo: <sip:you@kamailio.org>\r\nCall-ID: 123\r\nCSeq: 1 OPTIONS\r\n\
Content-Length: 0\r\n\r\n";
