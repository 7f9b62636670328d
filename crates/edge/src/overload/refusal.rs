//! The 503 of overload and the end of its ACK (the actuator of RFC 6357 section 3).
//!
//! Both are made of the message as it came, with no context, hook or route: who hides the inside of a network has
//! nothing to hide in what its sender wrote himself.

use crate::reply::TagFor;
use crate::{Output, Transmit, Worker};
use bytes::Bytes;
use policy::Flow;
use sip::build::Reply;
use sip::{Injection, Message, Method};
use stack::reply::{Return, SentBy};

impl Worker {
    /// Tells the sender of a request that he may come back after so many seconds.
    pub(super) fn turn_away(&mut self, flow: Flow, request: &Message, retry_after_s: u32) {
        self.edge.counts.failed_requests.inc();
        let force_rport = self.config.core.force_rport;
        let tag = self.tag_of(request, TagFor::Refusal);
        let Ok(via) = request.top_via() else {
            return self.edge.counts.failed_replies.inc();
        };
        let back = Return::of(&SentBy::of(&via, flow.proto), flow.peer, force_rport);
        let Ok(bytes) = refusal(request, &back, tag, retry_after_s) else {
            return self.edge.counts.failed_replies.inc();
        };
        self.put(Output::Transmit(Transmit {
            flow: Flow {
                peer: back.to,
                ..flow
            },
            bytes,
            no_connect: false,
            close: false,
            tls: None,
        }));
    }

    /// True for the ACK of a request that was turned away: it has nothing more to do here.
    pub(crate) fn is_ack_of_refusal(&self, message: &Message) -> bool {
        message.method() == Method::Ack && self.has_tag_of(message, TagFor::Refusal)
    }
}

fn refusal(
    request: &Message,
    back: &Return,
    tag: Bytes,
    retry_after_s: u32,
) -> Result<Bytes, Injection> {
    let reply = Reply::new(request, 503, Bytes::from_static(b"Service Unavailable"))?
        .note_source(back.received, back.rport)
        .to_tag(tag)?
        .header("Retry-After", retry_after_s.to_string())?;
    Ok(reply.to_bytes())
}
