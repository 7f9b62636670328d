//! Bridging two addresses: an INVITE on hold to the first, a REFER to the second, a BYE.

use super::logic::Logic;
use super::params::Params;
use bytes::Bytes;
use policy::{LocalRequest, Task};
use sip::{Message, NameAddr, Uri};
use std::sync::Arc;

/// The session description of a call on hold.
pub(super) fn hold() -> Bytes {
    Bytes::from_static(
        b"v=0\r\no=ringwall-bridge 0 0 IN IP4 0.0.0.0\r\ns=ringwall\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
          m=audio 9 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n",
    )
}

/// The lines of a REFER to this address; none where it is no URI.
pub(super) fn refer_lines(params: &Params, address: &[u8]) -> Option<Vec<u8>> {
    Uri::parse(address).ok()?;
    let (contact, by) = (&params.bridge_contact, &params.bridge_controller);
    Some(
        [
            b"Referred-By: <".as_ref(),
            by,
            b">\r\nRefer-To: <",
            address,
            b">\r\nContact: <",
            contact,
            b">\r\n",
        ]
        .concat(),
    )
}

/// Calls `from` and refers it to `to` as soon as it answers, both by way of `proxy` where there is one;
/// false where one of them is no URI.
pub(super) fn start(
    logic: &Arc<Logic>,
    from: Bytes,
    to: Bytes,
    proxy: Option<Bytes>,
    body: Option<Bytes>,
) -> bool {
    let uris = [Some(&from), Some(&to), proxy.as_ref()];
    let all_uris = uris
        .into_iter()
        .flatten()
        .all(|uri| Uri::parse(uri).is_ok());
    if !all_uris {
        return false;
    }
    let contact = &logic.params.bridge_contact;
    let mut lines = [b"Contact: <".as_ref(), contact, b">\r\n"].concat();
    if body.is_some() {
        lines.extend_from_slice(b"Content-Type: application/sdp\r\n");
    }
    let leg = Leg {
        logic: logic.clone(),
        to,
        proxy: proxy.clone(),
    };
    let request = LocalRequest {
        method: Bytes::from_static(b"INVITE"),
        uri: from.clone(),
        next_hop: proxy,
        from: bracketed(&logic.params.bridge_controller),
        to: bracketed(&from),
        lines: lines.into(),
        body: body.unwrap_or_default(),
        on_end: Some(Box::new(move |code, _, reply| {
            if let (200..300, Some(reply)) = (code, reply) {
                leg.refer(reply);
            }
        })),
        ..LocalRequest::default()
    };
    logic.outbox.post(Task::Request(Box::new(request)))
}

/// The first call, once it is answered.
struct Leg {
    logic: Arc<Logic>,
    to: Bytes,
    proxy: Option<Bytes>,
}

impl Leg {
    /// Sends the REFER; when it has ended, the BYE.
    fn refer(self, accepted: &Message) -> Option<()> {
        let lines = refer_lines(&self.logic.params, &self.to)?;
        let refer = self.within(accepted, "REFER", 1, lines)?;
        let bye = self.within(accepted, "BYE", 2, Vec::new())?;
        let outbox = self.logic.outbox.clone();
        let after = outbox.clone();
        outbox.post(Task::Request(Box::new(LocalRequest {
            on_end: Some(Box::new(move |_, _, _| {
                after.post(Task::Request(Box::new(bye)));
            })),
            ..refer
        })));
        Some(())
    }

    /// A request in the dialog that the 2xx made.
    fn within(
        &self,
        accepted: &Message,
        method: &'static str,
        later: u32,
        mut lines: Vec<u8>,
    ) -> Option<LocalRequest> {
        let contact = super::begin::contact(accepted)?;
        let routes: Vec<NameAddr<'_>> = accepted.record_routes().filter_map(Result::ok).collect();
        for route in routes.iter().rev() {
            lines.extend_from_slice(b"Route: ");
            lines.extend_from_slice(route.raw);
            lines.extend_from_slice(b"\r\n");
        }
        let first = routes.last().map(|route| accepted.slice_of(route.uri));
        let value = |id| {
            let header = accepted.header(id)?;
            Some(accepted.slice_of(header.value))
        };
        Some(LocalRequest {
            method: Bytes::from_static(method.as_bytes()),
            uri: accepted.slice_of(contact),
            next_hop: first.or_else(|| self.proxy.clone()),
            from: value(sip::HeaderId::From)?,
            to: value(sip::HeaderId::To)?,
            call_id: Some(accepted.slice_of(accepted.call_id().ok()?)),
            cseq: Some(accepted.cseq().ok()?.number.saturating_add(later)),
            lines: lines.into(),
            ..LocalRequest::default()
        })
    }
}

fn bracketed(uri: &[u8]) -> Bytes {
    [b"<", uri, b">"].concat().into()
}
