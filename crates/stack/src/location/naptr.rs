//! NAPTR records (RFC 3403), for those who ask for them; a next hop is found without.

use bytes::Bytes;

/// One NAPTR record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaptrRecord {
    /// Lower is looked at first.
    pub order: u16,
    /// Lower is better among those of one order.
    pub preference: u16,
    /// What the replacement is: `s` a name with SRV records, `a` one with addresses, `u` a URI.
    pub flags: Bytes,
    /// The services, `SIP+D2U`.
    pub services: Bytes,
    /// A substitution, empty where there is a replacement.
    pub regexp: Bytes,
    /// The next name, without a dot at its end; empty where there is a substitution.
    pub replacement: Bytes,
}
