//! A branch as bytes: the request with its edits, our Via, our Record-Routes.

use crate::Worker;
use crate::hooked::Rendered;
use bytes::Bytes;
use policy::{Context, Flow, RecordRoute, Socket};
use sip::Edits;
use smallvec::SmallVec;
use stack::branch::Branch;
use stack::routing::Hop;

impl Worker {
    /// The request as it leaves on branch `index`, and the branch parameter of our Via in it.
    pub(crate) fn render_branch(
        &mut self,
        context: &mut Context,
        flow: &Flow,
        index: u16,
    ) -> Option<(Rendered, Bytes)> {
        let token = self.branch_token(context, index)?;
        let rendered = self.render_request(context, flow, &token)?;
        Some((rendered, token))
    }

    /// The branch parameter of our Via in branch `index` of the request in hand.
    pub(crate) fn branch_token(&self, context: &Context, index: u16) -> Option<Bytes> {
        let id = context.transaction.as_ref()?.id;
        let loop_part = self.loop_part(context)?;
        let token = self.edge.brancher.encode(&Branch {
            id,
            index,
            loop_part,
        });
        Some(Bytes::copy_from_slice(token.as_bytes()))
    }

    /// The request in hand as it leaves on `flow`, with this branch parameter in our Via.
    pub(crate) fn render_request(
        &mut self,
        context: &mut Context,
        flow: &Flow,
        branch: &[u8],
    ) -> Option<Rendered> {
        let mut edits = std::mem::take(&mut context.edits);
        let before = edits.before_hop();
        let is_done = self.hop_edits(context, flow, branch, &mut edits);
        let rendered = is_done.map(|()| match crate::failover::fails_over(context) {
            // Another address of the next hop gets it as it was before message hooks saw it.
            true => Rendered::of(&context.message, &edits),
            false => self.rendered(&context.message, &mut edits, *flow, context),
        });
        edits.back_to(before);
        context.edits = edits;
        rendered
    }

    fn hop_edits(
        &self,
        context: &Context,
        flow: &Flow,
        branch: &[u8],
        edits: &mut Edits,
    ) -> Option<()> {
        let config = &context.config;
        let outbound = config.identity.socket(flow.socket)?;
        if context.target.uri != context.message.request_uri() {
            edits.set_request_uri(context.target.uri.clone()).ok()?;
        }
        edits.set_via(via(outbound, flow, branch, context)).ok()?;
        if let Some(back) = self.return_of(context) {
            edits.note_source(back.received, back.rport);
        }
        if let Some(path) = context.target.path.clone().filter(|path| !path.is_empty()) {
            edits.set_route_set(path).ok()?;
        }
        for wanted in &context.record_routes {
            for value in record_route(context, wanted, outbound) {
                edits.add_record_route(value).ok()?;
            }
        }
        if flow.proto.is_reliable() {
            edits.ensure_content_length();
        }
        Some(())
    }

    /// What tells a loop from a spiral in our branch parameters (RFC 3261 section 16.6 step 8).
    pub(crate) fn loop_part(&self, context: &Context) -> Option<u32> {
        self.edge
            .brancher
            .loop_part(&context.message, context.flow.peer.ip())
            .ok()
    }

    /// True where the request was here before and would go the same way again (RFC 5393).
    pub(crate) fn is_loop(&self, context: &Context) -> bool {
        let identity = &context.config.identity;
        let is_own = |via: &sip::Via<'_>| identity.is_myself(via.host, via.port.unwrap_or(0), None);
        let brancher = &self.edge.brancher;
        brancher.is_loop(&context.message, || self.loop_part(context), is_own)
    }
}

pub(crate) fn via(socket: &Socket, flow: &Flow, branch: &[u8], context: &Context) -> Bytes {
    let advertised = context.advertised.as_deref();
    let host = advertised.and_then(|advertised| advertised.host.as_ref());
    let port = advertised.and_then(|advertised| advertised.port);
    let port = port.unwrap_or(socket.port);
    let mut via = SmallVec::<[u8; 128]>::new();
    via.extend_from_slice(b"SIP/2.0/");
    via.extend_from_slice(flow.proto.via_name().as_bytes());
    via.push(b' ');
    via.extend_from_slice(host.unwrap_or(&socket.host));
    if port != flow.proto.default_port() {
        via.push(b':');
        via.extend_from_slice(itoa::Buffer::new().format(port).as_bytes());
    }
    via.extend_from_slice(b";branch=");
    via.extend_from_slice(branch);
    if context.switches.local_rport {
        via.extend_from_slice(b";rport");
    }
    Bytes::copy_from_slice(&via)
}

/// The Record-Route values for one wish, in the order they stand in the message.
fn record_route(
    context: &Context,
    wanted: &RecordRoute,
    outbound: &Socket,
) -> stack::routing::RecordRoutes {
    let params = [wanted.params.as_ref(), &context.rr_params].concat();
    let maker = stack::routing::RecordRoute {
        sips: wanted.sips,
        user: wanted.user.as_deref(),
        full_lr: wanted.full_lr,
        ftag: wanted.ftag.as_deref(),
        params: &params,
    };
    let inbound = context
        .config
        .identity
        .socket(context.flow.socket)
        .unwrap_or(outbound);
    if let Some((inner, outer)) = &wanted.preset {
        let outer = outer.iter().map(|address| maker.preset(address));
        return outer.chain(std::iter::once(maker.preset(inner))).collect();
    }
    if let Some(address) = &wanted.advertised {
        return maker.advertised(address, inbound.proto, outbound.proto);
    }
    let hop = |socket| hop(socket, wanted.socket_names);
    maker.values(&hop(inbound), &hop(outbound), wanted.double)
}

fn hop(socket: &Socket, is_named: bool) -> Hop<'_> {
    Hop {
        host: &socket.host,
        port: socket.port,
        transport: socket.proto,
        name: socket.name.as_deref().filter(|_| is_named),
    }
}
