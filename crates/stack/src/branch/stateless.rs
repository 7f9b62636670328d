//! The branch of a statelessly forwarded request: RFC 3261 16.11.

use std::hash::Hasher;
use std::net::IpAddr;

use sip::{HeaderError, Message, Via};
use siphasher::sip128::Hasher128;

use super::{Brancher, COOKIE, STATELESS, Token, text};
use crate::reply::Return;

/// Bytes of the MAC.
const MAC: usize = 12;

/// What a reply repeats of its request, so that its branch can be verified without a transaction:
/// which request it was, and where the Via below ours leads.
///
/// The method is not among it, for ACK and CANCEL must get the branch of their INVITE, nor is the
/// To tag, which the reply adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatelessFields<'a> {
    call_id: &'a [u8],
    cseq: u32,
    from_tag: &'a [u8],
    next: NextHop<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NextHop<'a> {
    sent_by: &'a [u8],
    branch: &'a [u8],
    received: Option<IpAddr>,
    rport: Option<u16>,
}

impl<'a> StatelessFields<'a> {
    /// Those of a request that is about to be forwarded, its top Via completed by `way_back`.
    ///
    /// # Errors
    /// One of Call-ID, CSeq, From, Via is missing or malformed.
    pub fn of_request(request: &'a Message, way_back: &Return) -> Result<Self, HeaderError> {
        let via = request.top_via()?;
        Self::read(request, &via, way_back.received, way_back.rport)
    }

    /// Those of a reply with our Via on top.
    ///
    /// # Errors
    /// One of Call-ID, CSeq, From is missing or malformed, or there is no Via below ours.
    pub fn of_reply(reply: &'a Message) -> Result<Self, HeaderError> {
        let via = reply.vias().nth(1).ok_or(HeaderError::Missing)??;
        Self::read(reply, &via, via.received_addr(), via.rport.flatten())
    }

    fn read(
        message: &'a Message,
        via: &Via<'a>,
        received: Option<IpAddr>,
        rport: Option<u16>,
    ) -> Result<Self, HeaderError> {
        Ok(StatelessFields {
            call_id: message.call_id()?,
            cseq: message.cseq()?.number,
            from_tag: message.from_tag()?,
            next: NextHop {
                sent_by: via.sent_by,
                branch: via.branch.unwrap_or_default(),
                received: received.map(|ip| ip.to_canonical()),
                rport,
            },
        })
    }
}

impl Brancher {
    /// The branch parameter for a stateless forward: the same each time for the same request.
    pub fn encode_stateless(&self, fields: &StatelessFields<'_>, loop_part: u32) -> Token {
        let mut bytes = [0; 4 + MAC];
        bytes[..4].copy_from_slice(&loop_part.to_be_bytes());
        bytes[4..].copy_from_slice(&self.stateless_mac(fields, loop_part));
        Token::new(STATELESS, &bytes)
    }

    /// Whether the top Via's `branch` of a reply is that of a request we forwarded statelessly,
    /// going back the same way.
    pub fn verify_stateless(&self, branch: &[u8], fields: &StatelessFields<'_>) -> bool {
        let text = branch
            .strip_prefix(COOKIE)
            .and_then(|b| b.strip_prefix(&[STATELESS]));
        text.and_then(parts).is_some_and(|(loop_part, mac)| {
            let wanted = self.stateless_mac(fields, loop_part);
            // All bytes are looked at, so that the time tells nothing.
            wanted.iter().zip(mac).fold(0, |all, (a, b)| all | (a ^ b)) == 0
        })
    }

    fn stateless_mac(&self, fields: &StatelessFields<'_>, loop_part: u32) -> [u8; MAC] {
        let mut hasher = self.stateless;
        hasher.write_u32(loop_part);
        hasher.write_u32(fields.cseq);
        let next = &fields.next;
        for field in [fields.call_id, fields.from_tag, next.sent_by, next.branch] {
            hasher.write_usize(field.len());
            hasher.write(field);
        }
        std::hash::Hash::hash(&(next.received, next.rport), &mut hasher);
        let whole = hasher.finish128().as_u128().to_be_bytes();
        std::array::from_fn(|at| whole.get(at).copied().unwrap_or_default())
    }
}

/// Loop part and MAC of the text behind cookie and kind.
pub(super) fn parts(text: &[u8]) -> Option<(u32, [u8; MAC])> {
    let bytes: [u8; 4 + MAC] = text::decode(text)?;
    let (loop_part, mac) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*loop_part), mac.try_into().ok()?))
}
