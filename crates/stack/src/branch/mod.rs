//! The `branch` parameter of our own Via.
//!
//! It leads a reply back to its transaction without a table of branches, tells a loop from a spiral
//! when a request comes round, and cannot be made up: each token ends in a keyed MAC (SipHash-2-4,
//! about 20 ns).

mod breadth;
mod loops;
mod matching;
mod stateless;
mod text;

use std::hash::Hasher;

use memchr::memmem::Finder;
use siphasher::sip::SipHasher24;

pub use breadth::{DEFAULT_MAX_BREADTH, shares};
pub use matching::Matched;
pub use stateless::StatelessFields;
pub use text::Token;

use crate::table::TxId;

/// What every branch begins with (RFC 3261 8.1.1.7).
const COOKIE: &[u8; 7] = b"z9hG4bK";
/// The letter behind the cookie: a transaction has the branch, or a stateless forward.
const TRANSACTION: u8 = b't';
const STATELESS: u8 = b's';
/// Bytes of a transaction token before its MAC: hash, label, index, loop part.
const PAYLOAD: usize = 8 + 4 + 2 + 4;

/// What our branch says about a branch of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The transaction.
    pub id: TxId,
    /// Which of its branches.
    pub index: u16,
    /// [`Brancher::loop_part`] of the request as it was received.
    pub loop_part: u32,
}

/// What a branch of ours turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A branch of a transaction of this server's life.
    Transaction(Branch),
    /// A stateless forward; [`Brancher::verify_stateless`] tells whether it is really ours.
    Stateless {
        /// [`Brancher::loop_part`] of the request as it was received.
        loop_part: u32,
    },
}

/// Makes and reads branches with the keys of this server.
#[derive(Clone, Debug)]
pub struct Brancher {
    cookie: Finder<'static>,
    transaction: SipHasher24,
    stateless: siphasher::sip128::SipHasher24,
    loops: SipHasher24,
}

impl Brancher {
    /// Three random keys; the same ones for all workers, and for all nodes that may see each
    /// other's replies.
    pub fn new(keys: [[u8; 16]; 3]) -> Self {
        let [transaction, stateless, loops] = keys;
        Brancher {
            cookie: Finder::new(COOKIE),
            transaction: SipHasher24::new_with_key(&transaction),
            stateless: siphasher::sip128::SipHasher24::new_with_key(&stateless),
            loops: SipHasher24::new_with_key(&loops),
        }
    }

    /// The branch parameter of a transaction's branch.
    pub fn encode(&self, branch: &Branch) -> Token {
        let payload = pack(branch);
        let mut bytes = [0; PAYLOAD + 8];
        bytes[..PAYLOAD].copy_from_slice(&payload);
        bytes[PAYLOAD..].copy_from_slice(&self.mac(&payload).to_be_bytes());
        Token::new(TRANSACTION, &bytes)
    }

    /// Reads a branch parameter; `None` if it is not ours.
    pub fn decode(&self, branch: &[u8]) -> Option<Decoded> {
        let rest = branch.strip_prefix(COOKIE)?;
        match rest.split_first()? {
            (&TRANSACTION, text) => self.decode_transaction(text).map(Decoded::Transaction),
            (&STATELESS, text) => {
                let (loop_part, _) = stateless::parts(text)?;
                Some(Decoded::Stateless { loop_part })
            }
            _ => None,
        }
    }

    /// True where somewhere in a text a branch of ours may begin.
    fn begins_in(&self, text: &[u8]) -> bool {
        let kind = |at: usize| text.get(at + COOKIE.len());
        let mut found = self.cookie.find_iter(text);
        found.any(|at| matches!(kind(at), Some(&(TRANSACTION | STATELESS))))
    }

    fn decode_transaction(&self, text: &[u8]) -> Option<Branch> {
        let bytes: [u8; PAYLOAD + 8] = text::decode(text)?;
        let (payload, mac) = bytes.split_first_chunk::<PAYLOAD>()?;
        let mac: [u8; 8] = mac.try_into().ok()?;
        // A peer that measures the time of this comparison learns a MAC of one branch at best, and
        // the table entry behind it has to exist too; still, whole words are compared at once.
        (self.mac(payload) == u64::from_be_bytes(mac)).then(|| unpack(payload))
    }

    fn mac(&self, payload: &[u8]) -> u64 {
        let mut hasher = self.transaction;
        hasher.write(payload);
        hasher.finish()
    }
}

fn pack(branch: &Branch) -> [u8; PAYLOAD] {
    let mut payload = [0; PAYLOAD];
    payload[..8].copy_from_slice(&branch.id.hash.to_be_bytes());
    payload[8..12].copy_from_slice(&branch.id.label.to_be_bytes());
    payload[12..14].copy_from_slice(&branch.index.to_be_bytes());
    payload[14..].copy_from_slice(&branch.loop_part.to_be_bytes());
    payload
}

fn unpack(payload: &[u8; PAYLOAD]) -> Branch {
    let number = |from: usize, to: usize| {
        payload[from..to]
            .iter()
            .fold(0u64, |n, b| (n << 8) | u64::from(*b))
    };
    Branch {
        id: TxId {
            hash: number(0, 8),
            label: number(8, 12) as u32,
        },
        index: number(12, 14) as u16,
        loop_part: number(14, 18) as u32,
    }
}
