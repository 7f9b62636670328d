//! The destination set: where a request goes, one entry a branch.

use crate::SocketId;
use bytes::Bytes;
use std::sync::Arc;

/// One target of a request. The first one is the Request-URI itself with what belongs to it,
/// the others come from `append_branch()`, `lookup()` and `$branch(…)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// The Request-URI of the branch.
    pub uri: Bytes,
    /// The next hop, where it is not the Request-URI (`$du`).
    pub dst_uri: Option<Bytes>,
    /// The Path of the registration, as one comma-separated Route value (RFC 3327).
    pub path: Option<Bytes>,
    /// Preference from 0 to 1000; -1 is unset (`$ru_q`, `q=` of a contact).
    pub q: Q,
    /// Branch flags (`setbflag`), bit 0 is flag 0.
    pub flags: u32,
    /// The socket to send from (`$fs`, the one a registration came in on).
    pub socket: Option<SocketId>,
    /// The stream connection the target registered over (RFC 5626 reuse).
    pub connection: Option<crate::ConnectionId>,
    /// The registration it came from. Every branch of every request has room for a destination, and few come of one.
    pub registered: Option<Arc<Registered>>,
}

/// What is known of a target that registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// The record id of the contact.
    pub ruid: Option<Bytes>,
    /// `+sip.instance` of the contact.
    pub instance: Option<Bytes>,
    /// `reg-id` of the contact, 0 where it has none (RFC 5626).
    pub reg_id: u32,
    /// `User-Agent` the contact registered with.
    pub user_agent: Option<Bytes>,
}

impl Destination {
    /// The record id of the contact this came from.
    pub fn ruid(&self) -> Option<&Bytes> {
        self.registered.as_deref()?.ruid.as_ref()
    }

    /// `+sip.instance` of that contact.
    pub fn instance(&self) -> Option<&Bytes> {
        self.registered.as_deref()?.instance.as_ref()
    }

    /// What is known of that contact, to change it.
    pub fn registered_mut(&mut self) -> &mut Registered {
        Arc::make_mut(self.registered.get_or_insert_default())
    }
}

/// A preference value in thousandths, unset by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Q(pub i16);

impl Q {
    /// No preference was given.
    pub const UNSET: Q = Q(-1);

    /// Reads `0.5` or `1`; RFC 3261 section 25.1 `qvalue`.
    pub fn parse(text: &[u8]) -> Option<Q> {
        let text = std::str::from_utf8(text).ok()?.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let thousandths = format!("{fraction:0<3}").parse::<i16>().ok()?;
        match (whole, thousandths) {
            ("0" | "", n) => Some(Q(n)),
            ("1", 0) => Some(Q(1000)),
            _ => None,
        }
    }
}

/// `0.5`, `1`: as short as it can be; empty where unset.
impl std::fmt::Display for Q {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            unset if unset < 0 => Ok(()),
            whole if whole % 1000 == 0 => write!(f, "{}", whole / 1000),
            thousandths => {
                f.write_str(format!("{:.3}", f32::from(thousandths) / 1000.0).trim_end_matches('0'))
            }
        }
    }
}

impl Default for Q {
    fn default() -> Q {
        Q::UNSET
    }
}

/// The targets beside the Request-URI, in the order they were added.
pub type Branches = Vec<Destination>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_values_are_thousandths() {
        for (text, q) in [
            ("1", 1000),
            ("1.000", 1000),
            ("0.5", 500),
            ("0.05", 50),
            (".7", 700),
            ("0", 0),
        ] {
            assert_eq!(Q::parse(text.as_bytes()), Some(Q(q)), "{text}");
        }
        for text in ["1.1", "2", "-1", "0.5000", "x", "0.x"] {
            assert_eq!(Q::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_destination_is_small() {
        // A call under way has two: in its context and in its branch.
        let octets = size_of::<Destination>();
        assert!(octets <= 144, "{octets}");
    }
}
