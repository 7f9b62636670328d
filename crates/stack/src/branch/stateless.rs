//! The branch of a statelessly forwarded request: RFC 3261 16.11.

use std::hash::Hasher;

use siphasher::sip128::Hasher128;

use super::{Brancher, COOKIE, STATELESS, Token, text};

/// Bytes of the MAC.
const MAC: usize = 12;

/// What a reply repeats of its request, so that its branch can be verified without a transaction.
///
/// The method is not among them, for ACK and CANCEL must get the branch of their INVITE, nor is the To
/// tag, which the reply adds.
#[derive(Clone, Copy, Debug)]
pub struct StatelessFields<'a> {
    /// Call-ID.
    pub call_id: &'a [u8],
    /// CSeq number.
    pub cseq: u32,
    /// From tag, empty if there is none.
    pub from_tag: &'a [u8],
    /// The value of the Via below ours, as we sent it: it says where the reply is relayed to.
    pub next_via: &'a [u8],
}

impl Brancher {
    /// The branch parameter for a stateless forward: the same each time for the same request.
    pub fn encode_stateless(&self, fields: &StatelessFields<'_>, loop_part: u32) -> Token {
        let mut token = Token::begin(STATELESS);
        token.push(&loop_part.to_be_bytes());
        token.push(&self.stateless_mac(fields, loop_part));
        token.finish()
    }

    /// Whether the top Via's `branch` of a reply is that of a request we forwarded statelessly, going back
    /// the same way.
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
        for field in [fields.call_id, fields.from_tag, fields.next_via] {
            hasher.write_usize(field.len());
            hasher.write(field);
        }
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
