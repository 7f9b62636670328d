//! A request that comes round: loop or spiral? RFC 3261 16.3 and 16.6 step 8, RFC 5393 4.2.

use std::hash::Hasher;
use std::net::IpAddr;

use super::{Brancher, Decoded};

/// What decides where a request goes. If it comes back and all this is the same, it will go the same way
/// again: a loop. If something differs, it is a spiral and legal.
#[derive(Clone, Copy, Debug)]
pub struct LoopFields<'a> {
    /// Call-ID.
    pub call_id: &'a [u8],
    /// From tag, empty if there is none.
    pub from_tag: &'a [u8],
    /// CSeq number.
    pub cseq: u32,
    /// Request-URI as received.
    pub request_uri: &'a [u8],
    /// The Route values as received, in order.
    pub routes: &'a [&'a [u8]],
    /// Where it came from: scripts route by it. A loop is so seen one round later, which is still the second time
    /// that it comes from ourselves.
    pub source: IpAddr,
}

impl Brancher {
    /// The loop part for the branches that a request gets from us.
    pub fn loop_part(&self, fields: &LoopFields<'_>) -> u32 {
        let mut hasher = self.loops;
        hasher.write_u32(fields.cseq);
        let texts = [fields.call_id, fields.from_tag, fields.request_uri];
        for text in texts.into_iter().chain(fields.routes.iter().copied()) {
            hasher.write_usize(text.len());
            hasher.write(text);
        }
        match fields.source {
            IpAddr::V4(v4) => hasher.write(&v4.octets()),
            IpAddr::V6(v6) => hasher.write(&v6.octets()),
        }
        hasher.finish() as u32
    }

    /// Whether one of a request's Via branches is ours and was made for this same request going the same
    /// way: then it loops (482). Give it only the branches of Vias whose sent-by is ours.
    pub fn is_loop<'a>(&self, loop_part: u32, own: impl IntoIterator<Item = &'a [u8]>) -> bool {
        own.into_iter().any(|branch| match self.decode(branch) {
            Some(Decoded::Transaction(b)) => b.loop_part == loop_part,
            Some(Decoded::Stateless { loop_part: part }) => part == loop_part,
            None => false,
        })
    }
}
