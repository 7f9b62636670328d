//! Where things go: the way back of a request, the socket and address of a branch.

use crate::tx::handle_server;
use crate::{Output, Transmit, Worker};
use bytes::Bytes;
use policy::{Context, Flow, Proto, SocketId};
use sip::Message;
use stack::reply::{Return, SentBy};
use stack::transaction::{Action, Actions};
use std::net::SocketAddr;

impl Worker {
    /// The way replies to the request of this context go.
    pub(crate) fn way_back(&self, context: &Context) -> Flow {
        let to = self
            .return_of(context)
            .map_or(context.flow.peer, |back| back.to);
        Flow {
            peer: to,
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
    pub(crate) fn send_client(&mut self, flow: Flow, actions: Actions) {
        for action in actions {
            if let Action::Send(bytes) = action {
                let branch = top_branch(&bytes);
                self.put(Output::Transmit(Transmit {
                    flow,
                    bytes,
                    no_connect: false,
                    close: false,
                    branch,
                }));
            }
        }
    }

    /// Runs `onsend_route`; true where it drops what was about to leave.
    pub(crate) fn is_dropped_on_send(&mut self, context: &mut Context, flow: Flow) -> bool {
        let Some(route) = context.config.entry.onsend else {
            return false;
        };
        let before = std::mem::replace(&mut context.route, policy::Routes::ONSEND);
        context.sending = Some(flow);
        let dropped = self.run_now(context, route);
        context.sending = None;
        context.route = before;
        dropped
    }

    /// Something did not leave: a request's branch has failed, a reply is lost.
    pub(crate) fn send_failed(&mut self, transmit: Transmit) {
        use crate::mail::Mail;
        // What a connection gives back is only bytes; a reply among them is nobody's branch.
        let is_request = !transmit.bytes.starts_with(b"SIP/");
        let of_bytes = || is_request.then(|| top_branch(&transmit.bytes)).flatten();
        let Some(branch) = transmit.branch.clone().or_else(of_bytes) else {
            return;
        };
        if let Some(stack::branch::Decoded::Transaction(found)) = self.edge.brancher.decode(&branch)
        {
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
        let preferred = target.socket.or(Some(context.flow.socket));
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

/// The branch parameter of the topmost Via of something we rendered ourselves.
fn top_branch(bytes: &Bytes) -> Option<Bytes> {
    let head = bytes.get(..bytes.len().min(1024))?;
    let start = memchr::memmem::find(head, b";branch=")? + 8;
    let rest = head.get(start..)?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b';' | b'\r' | b',' | b' '))?;
    Some(bytes.slice(start..start + end))
}

/// Parses something we rendered ourselves.
pub(crate) fn reparse(bytes: Bytes, limits: &sip::Limits) -> Option<Message> {
    Message::parse(bytes, limits).ok()
}
