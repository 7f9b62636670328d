//! A request that comes round: loop or spiral? RFC 3261 16.3 and 16.6 step 8, RFC 5393 4.2.

use std::hash::Hasher;
use std::net::IpAddr;

use sip::{HeaderError, HeaderId, Message, Via};

use super::{Brancher, Decoded};

impl Brancher {
    /// The loop part for the branches that a request gets from us: a keyed hash over what decides
    /// where it goes. If it comes back and all that is the same, it will go the same way again: a
    /// loop. If something differs, it is a spiral and legal.
    ///
    /// Call-ID, From tag, CSeq number, Request-URI and Route count, as received, and `source`,
    /// since scripts route by it. So a loop is seen the second time that the request comes from
    /// ourselves. The To tag does not count, for the ACK of a negative reply must get the branch of
    /// its INVITE (RFC 3261 16.11).
    ///
    /// # Errors
    /// Call-ID, From or CSeq is missing or malformed.
    pub fn loop_part(&self, request: &Message, source: IpAddr) -> Result<u32, HeaderError> {
        let mut hasher = self.loops;
        hasher.write_u32(request.cseq()?.number);
        let from_tag = request.from_tag()?;
        let texts = [request.call_id()?, from_tag, request.request_uri()];
        let routes = request.all(HeaderId::Route).map(|header| header.value);
        for text in texts.into_iter().chain(routes) {
            hasher.write_usize(text.len());
            hasher.write(text);
        }
        match source.to_canonical() {
            IpAddr::V4(v4) => hasher.write(&v4.octets()),
            IpAddr::V6(v6) => hasher.write(&v6.octets()),
        }
        Ok(hasher.finish() as u32)
    }

    /// Whether a request loops (482): one of its Vias is ours, by its MAC or form and by `is_own`, and was made
    /// for this same request going the same way. Linear in the number of Vias; `loop_part` is asked for only
    /// where one is ours.
    pub fn is_loop(
        &self,
        request: &Message,
        loop_part: impl FnOnce() -> Option<u32>,
        is_own: impl Fn(&Via<'_>) -> bool,
    ) -> bool {
        let part_of = |via: Via<'_>| {
            let part = match self.decode(via.branch?)? {
                Decoded::Transaction(branch) => branch.loop_part,
                Decoded::Stateless { loop_part } => loop_part,
            };
            is_own(&via).then_some(part)
        };
        // Hardly any request has been here before: only a line that holds the beginning of a branch of ours is read.
        let mut lines = request.all(HeaderId::Via);
        if !lines.any(|line| self.begins_in(line.value)) {
            return false;
        }
        let mut parts = request.vias().flatten().filter_map(part_of).peekable();
        if parts.peek().is_none() {
            return false;
        }
        let own = loop_part();
        parts.any(|part| Some(part) == own)
    }
}
