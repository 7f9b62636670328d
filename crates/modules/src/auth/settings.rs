//! The parameters of module `auth`.

use super::used::MOST_ORDER;
use bytes::Bytes;
use sip::digest::Algorithm;

/// What `modparam("auth", …)` says, with Kamailio's defaults.
pub(super) struct Params {
    /// Secret phrase for nonces; none draws one at start.
    pub(super) secret: Option<Bytes>,
    pub(super) nonce_expire_s: u32,
    pub(super) drift_s: u32,
    pub(super) nonce_count: bool,
    pub(super) checks_with_count: bool,
    /// `require_qop`.
    pub(super) require_qop: bool,
    pub(super) one_time_nonce: bool,
    /// log2 of the number of nonces whose counts are kept.
    pub(super) counts_order: u32,
    /// log2 of the number of one-time nonces that are kept.
    pub(super) one_time_order: u32,
    pub(super) checks_register: u32,
    pub(super) checks_no_dialog: u32,
    pub(super) checks_in_dialog: u32,
    pub(super) stateless: bool,
    pub(super) realm_prefix: Bytes,
    pub(super) use_domain: bool,
    /// What challenges offer, in order; the name is written only where the parameter was set.
    pub(super) algorithms: Vec<Offer>,
    pub(super) add_authinfo: bool,
}

/// An algorithm to challenge with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) hash: sip::digest::Hash,
    /// Whether the challenge names it.
    pub(super) named: bool,
}

/// One challenge, MD5, without a name: what Kamailio sends when nothing is set.
const DEFAULT_OFFER: Offer = Offer {
    hash: sip::digest::Hash::Md5,
    named: false,
};

impl Default for Params {
    fn default() -> Params {
        Params {
            secret: None,
            nonce_expire_s: 300,
            drift_s: 3,
            nonce_count: false,
            checks_with_count: false,
            require_qop: false,
            one_time_nonce: false,
            counts_order: 20,
            one_time_order: 20,
            checks_register: 0,
            checks_no_dialog: 0,
            checks_in_dialog: 0,
            stateless: false,
            realm_prefix: Bytes::new(),
            use_domain: false,
            algorithms: vec![DEFAULT_OFFER],
            add_authinfo: false,
        }
    }
}

/// Reads `algorithm`: empty, a name, or several with commas.
pub(super) fn algorithms(text: &str) -> Result<Vec<Offer>, String> {
    if text.trim().is_empty() {
        return Ok(vec![DEFAULT_OFFER]);
    }
    let offer = |name: &str| match Algorithm::parse(name.trim().as_bytes()) {
        Algorithm::Known {
            hash,
            session: false,
        } => Ok(Offer { hash, named: true }),
        _ => Err(format!("expected MD5, SHA-256 or both, found \"{name}\"")),
    };
    let offers: Vec<Offer> = text.split(',').map(offer).collect::<Result<_, _>>()?;
    let repeated = |offer: &Offer| {
        offers
            .iter()
            .filter(|other| other.hash == offer.hash)
            .count()
            > 1
    };
    match offers.iter().any(repeated) {
        true => Err(format!("an algorithm stands twice in \"{text}\"")),
        false => Ok(offers),
    }
}

/// A size as a power of two, rounded down as Kamailio does.
pub(super) fn order_of_size(number: i64) -> Result<u32, String> {
    let size = u64::try_from(number).ok().filter(|size| *size > 0);
    size.map(u64::ilog2)
        .filter(|order| *order <= MOST_ORDER)
        .ok_or_else(|| format!("expected a size of up to 2^{MOST_ORDER}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::problems;
    use sip::digest::Hash;

    #[test]
    fn algorithms_are_named_once_each() {
        assert_eq!(algorithms(""), Ok(vec![DEFAULT_OFFER]));
        let hashes = |text| algorithms(text).map(|offers| offers.iter().map(|o| o.hash).collect());
        assert_eq!(hashes("MD5"), Ok(vec![Hash::Md5]));
        assert_eq!(hashes("SHA-256, MD5"), Ok(vec![Hash::Sha256, Hash::Md5]));
        assert!(hashes("MD5,MD5").is_err());
        assert!(hashes("SHA-1").is_err());
        assert!(hashes("MD5-sess").is_err());
    }

    #[test]
    fn sizes_are_rounded_down() {
        assert_eq!(order_of_size(1_000_000), Ok(19));
        assert_eq!(order_of_size(1), Ok(0));
        assert!(order_of_size(0).is_err());
        assert!(order_of_size(1 << 25).is_err());
        let order = |order: u32| {
            let line = format!("modparam(\"auth\", \"nc_array_order\", {order})");
            problems(&format!(
                "loadmodule \"auth.so\"\n{line}\nrequest_route {{ exit; }}"
            ))
        };
        assert_eq!(order(24), "");
        assert!(order(25).contains("expected a number from 0 to 24, found 25"));
    }
}
