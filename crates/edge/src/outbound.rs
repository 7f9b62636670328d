//! Where things go: the way back of a request, the socket and address of a branch.

use crate::mail::Mail;
use crate::tx::handle_server;
use crate::{Output, Transmit, Worker};
use bytes::Bytes;
use policy::{Context, Flow, Proto, SocketId, TlsServerId, TlsWay, XavpValue};
use sip::{Message, Method};
use stack::branch::Decoded;
use stack::reply::{Return, SentBy};
use stack::transaction::{Action, Actions};
use std::net::SocketAddr;
use std::sync::Arc;

impl Worker {
    /// The way replies to the request of this context go.
    pub(crate) fn way_back(&self, context: &Context) -> Flow {
        let Flow { proto, peer, .. } = context.flow;
        let address = |via: sip::Via<'_>| {
            Return::address(&SentBy::of(&via, proto), peer, context.switches.force_rport)
        };
        let via = context.message.top_via().ok();
        Flow {
            peer: via.map_or(peer, address),
            ..context.flow
        }
    }

    /// What the top Via gets noted, and where replies go.
    pub(crate) fn return_of(&self, context: &Context) -> Option<Return> {
        let via = context.message.top_via().ok()?;
        let sent_by = SentBy::of(&via, context.flow.proto);
        Some(Return::of(
            &sent_by,
            context.flow.peer,
            context.switches.force_rport,
        ))
    }

    /// Does what the machine towards a target asks for.
    pub(crate) fn send_client(&mut self, flow: Flow, tls: Option<Arc<TlsWay>>, actions: Actions) {
        for action in actions {
            if let Action::Send(bytes) = action {
                self.put(Output::Transmit(Transmit {
                    flow,
                    bytes,
                    no_connect: false,
                    close: false,
                    tls: tls.clone(),
                }));
            }
        }
    }

    /// How a TLS connection for a message to `host` is to be made: as the script says, else for the host's name.
    pub(crate) fn tls_way(
        &self,
        context: &mut Context,
        proto: Proto,
        host: Option<&Bytes>,
    ) -> Option<Arc<TlsWay>> {
        if proto != Proto::Tls {
            return None;
        }
        let mut way = TlsWay {
            host: host.cloned(),
            ..TlsWay::default()
        };
        let settings = context.config.installed.tls.as_ref();
        if let Some(name) = settings.and_then(|settings| settings.xavp_cfg.as_deref()) {
            let fields = context.vars.xavps.fields(name.as_bytes(), 0);
            let text = |field: &[u8]| match fields?.entry(field, 0)? {
                XavpValue::Plain(value) => Some(value.to_text()).filter(|text| !text.is_empty()),
                _ => None,
            };
            way.server_name = text(b"server_name");
            way.server_id = text(b"server_id");
        }
        // `tls_set_connect_server_id()` counts once.
        if context.extension::<TlsServerId>().is_some() {
            let given = std::mem::take(context.extension_mut::<TlsServerId>());
            way.server_id = given.0.or(way.server_id);
        }
        (way != TlsWay::default()).then(|| Arc::new(way))
    }

    /// Runs `onsend_route`; true where it drops what was about to leave.
    pub(crate) fn is_dropped_on_send(&mut self, context: &mut Context, flow: Flow) -> bool {
        let Some(route) = context.config.entry.onsend else {
            return false;
        };
        let before = std::mem::replace(&mut context.route, policy::Routes::ONSEND);
        context.sending = Some(Box::new(flow));
        let dropped = self.run_now(context, route);
        context.sending = None;
        context.route = before;
        dropped
    }

    /// Something did not leave: a request's branch has failed, a reply is lost.
    pub(crate) fn send_failed(&mut self, transmit: Transmit) {
        // A reply among what a connection gives back is nobody's branch, and a CANCEL or ACK that is lost
        // does not end the branch of its INVITE.
        let sent = reparse(transmit.bytes, &self.edge.limits.sip).filter(|sent| {
            sent.is_request() && !matches!(sent.method(), Method::Ack | Method::Cancel)
        });
        let via = sent.as_ref().and_then(|sent| sent.top_via().ok());
        let branch = via.and_then(|via| via.branch).unwrap_or_default();
        if let Some(Decoded::Transaction(found)) = self.edge.brancher.decode(branch) {
            let branch = Bytes::copy_from_slice(branch);
            self.post(found.id, Mail::SendFailed(branch));
        }
    }

    /// The request came again: the last reply goes out once more.
    pub(crate) fn retransmit_reply(&mut self, context: &mut Context) {
        let timers = crate::tx::timers_of(context);
        let flow = self.way_back(context);
        let Some(transaction) = context.transaction.as_deref_mut() else {
            return;
        };
        let mut actions = Actions::new();
        let input = stack::transaction::ServerInput::Request;
        handle_server(
            &mut transaction.server,
            self.now.mono,
            input,
            &timers,
            &mut actions,
        );
        self.send_server(flow, false, actions);
    }

    /// The way from us to a target: the socket it asks for, else one that fits.
    pub(crate) fn way_to(&self, context: &Context, target: Aim) -> Option<Flow> {
        let identity = &context.config.identity;
        let preferred = target
            .socket
            .or_else(|| identity.routed(target.proto, target.address))
            .or(Some(context.flow.socket));
        let socket = identity.socket_to(target.proto, target.address.ip(), preferred)?;
        Some(Flow {
            proto: target.proto,
            socket: socket.id,
            local: socket.addr,
            peer: target.address,
            connection: target.connection,
        })
    }
}

/// Where a branch is aimed at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    pub(crate) proto: Proto,
    pub(crate) address: SocketAddr,
    pub(crate) socket: Option<SocketId>,
    pub(crate) connection: Option<policy::ConnectionId>,
}

/// Parses something we rendered ourselves.
pub(crate) fn reparse(bytes: Bytes, limits: &sip::Limits) -> Option<Message> {
    Message::parse(bytes, &limits.of_ours()).ok()
}
