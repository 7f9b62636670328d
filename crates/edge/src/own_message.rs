//! Messages of our own requests as octets: the request, and the ACK of its 2xx.

use crate::Worker;
use crate::outbound::Aim;
use bytes::Bytes;
use policy::{Context, Flow, LocalRequest};
use sip::{HeaderId, Message, NameAddr, Uri};

impl Worker {
    /// A request of our own as octets, without a Via; none where it would be no message.
    pub(crate) fn local_bytes(&mut self, request: &LocalRequest, host: &[u8]) -> Option<Bytes> {
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
        let core = &self.config.core;
        if core.server_signature && !core.user_agent_header.is_empty() {
            built = built.lines(&core.user_agent_header).ok()?;
        }
        let mut bytes = built.lines(&request.lines).ok()?.to_bytes();
        if !request.body.is_empty() {
            bytes = with_body(&bytes, &request.body);
        }
        Some(bytes)
    }
}

/// CSeq numbers of our own requests begin here, as Kamailio's do.
const FIRST_CSEQ: u32 = 10;

/// A built message has `Content-Length: 0` as its last header.
fn with_body(built: &[u8], body: &[u8]) -> Bytes {
    let head = built
        .strip_suffix(b"Content-Length: 0\r\n\r\n")
        .unwrap_or(built);
    let length = format!("Content-Length: {}\r\n\r\n", body.len());
    [head, length.as_bytes(), body].concat().into()
}

/// The ACK of a 2xx, and the URI of its next hop.
pub(crate) fn ack_of(
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
pub(crate) fn aim_of(uri: &[u8], flow: &Flow) -> Option<Aim> {
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
