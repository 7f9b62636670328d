//! By what a request finds its transaction: RFC 3261 17.2.3.

use std::hash::{BuildHasher, Hash, Hasher};

use ahash::RandomState;
use sip::{HeaderError, Message};

/// The cookie of a branch made by the rules of RFC 3261 8.1.1.7.
const COOKIE: &[u8] = b"z9hG4bK";

/// The fields of a received request that tell its transaction.
#[derive(Clone, Copy, Debug)]
pub struct RequestId<'a> {
    /// Call-ID.
    pub call_id: &'a [u8],
    /// CSeq number.
    pub cseq: u32,
    /// Method of the request line.
    pub method: &'a [u8],
    /// From tag, empty if there is none.
    pub from_tag: &'a [u8],
    /// To tag, empty if there is none.
    pub to_tag: &'a [u8],
    /// Request-URI as received; looked at only without a branch cookie.
    pub request_uri: &'a [u8],
    /// The topmost Via.
    pub via: TopVia<'a>,
}

/// The topmost Via of a request.
#[derive(Clone, Copy, Debug)]
pub struct TopVia<'a> {
    /// Host of sent-by, as written.
    pub host: &'a [u8],
    /// Port of sent-by.
    pub port: Option<u16>,
    /// The branch parameter, empty if there is none.
    pub branch: &'a [u8],
    /// The whole value; looked at only without a branch cookie.
    pub raw: &'a [u8],
}

impl<'a> RequestId<'a> {
    /// Those of a message.
    ///
    /// # Errors
    /// One of Call-ID, CSeq, From, To, Via is missing or malformed.
    pub fn of(message: &'a Message) -> Result<Self, HeaderError> {
        let via = message.top_via()?;
        Ok(RequestId {
            call_id: message.call_id()?,
            cseq: message.cseq()?.number,
            method: message.method_bytes(),
            from_tag: message.from_tag()?,
            to_tag: message.to_tag()?,
            request_uri: message.request_uri(),
            via: TopVia {
                host: via.host,
                port: via.port,
                branch: via.branch.unwrap_or_default(),
                raw: via.raw,
            },
        })
    }
}

/// How a request is compared with the transactions of its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The request itself again, or an ACK for a negative reply (which has the branch of its
    /// INVITE).
    Same,
    /// A CANCEL looks for what it cancels: same branch, any method but CANCEL (RFC 3261 9.2).
    Cancelled,
    /// The INVITE of this Call-ID and CSeq number, whoever sent it ([`Keyer::local`] makes the key).
    Call,
    /// An ACK for a 2xx looks for its INVITE by the tags, for its branch is its own (RFC 3261
    /// 13.2.2.4).
    AckOfAccepted,
}

/// A request's place in the table: its chain and keyed fingerprints of what is compared there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub(super) hash: u64,
    pub(super) branch: u64,
    pub(super) dialog: u64,
    pub(super) to_tag: u64,
    pub(super) class: Class,
}

/// What kind of transaction it is; ACK counts as INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Invite,
    Cancel,
    Other(u32),
    Local,
}

/// Makes keys, with hashers that nobody outside can predict.
#[derive(Clone, Debug)]
pub struct Keyer {
    chain: RandomState,
    member: RandomState,
}

impl Keyer {
    /// Eight random numbers; the same ones for all workers of a server.
    pub fn new(seeds: [u64; 8]) -> Self {
        let [a, b, c, d, e, f, g, h] = seeds;
        Keyer {
            chain: RandomState::with_seeds(a, b, c, d),
            member: RandomState::with_seeds(e, f, g, h),
        }
    }

    /// The key of a received request.
    pub fn request(&self, id: &RequestId<'_>) -> Key {
        Key {
            hash: self.hash(id.call_id, id.cseq),
            branch: self.branch(id),
            dialog: self.dialog(id),
            to_tag: self.tag(id.to_tag),
            class: self.class(id.method),
        }
    }

    /// The key of a request of our own, which no received request matches.
    pub fn local(&self, call_id: &[u8], cseq: u32) -> Key {
        Key {
            hash: self.hash(call_id, cseq),
            branch: 0,
            dialog: 0,
            to_tag: 0,
            class: Class::Local,
        }
    }

    /// The fingerprint of a tag, for [`Table::note_to_tag`](super::Table::note_to_tag).
    pub fn tag(&self, tag: &[u8]) -> u64 {
        self.member.hash_one(tag)
    }

    fn hash(&self, call_id: &[u8], cseq: u32) -> u64 {
        self.chain.hash_one((call_id, cseq))
    }

    /// Branch and sent-by; without the cookie all that RFC 2543 compared. The To tag is left out
    /// there because ACK and INVITE differ in it; the CSeq number already tells requests of a
    /// dialog apart.
    fn branch(&self, id: &RequestId<'_>) -> u64 {
        let mut hasher = self.member.build_hasher();
        if has_cookie(id.via.branch) {
            id.via.branch.hash(&mut hasher);
            hash_host(id.via.host, &mut hasher);
            id.via.port.hash(&mut hasher);
        } else {
            id.request_uri.hash(&mut hasher);
            id.from_tag.hash(&mut hasher);
            id.via.raw.hash(&mut hasher);
        }
        hasher.finish()
    }

    fn dialog(&self, id: &RequestId<'_>) -> u64 {
        self.member.hash_one((id.from_tag, id.call_id))
    }

    fn class(&self, method: &[u8]) -> Class {
        match method {
            b"INVITE" | b"ACK" => Class::Invite,
            b"CANCEL" => Class::Cancel,
            other => Class::Other(self.member.hash_one(other) as u32),
        }
    }
}

/// Whether a branch has the cookie and something behind it, so that it is unique.
fn has_cookie(branch: &[u8]) -> bool {
    branch.len() > COOKIE.len()
        && branch
            .get(..COOKIE.len())
            .is_some_and(|c| c.eq_ignore_ascii_case(COOKIE))
}

/// Host names do not differ by case.
fn hash_host(host: &[u8], hasher: &mut impl Hasher) {
    host.iter()
        .for_each(|b| hasher.write_u8(b.to_ascii_lowercase()));
    hasher.write_usize(host.len());
}
