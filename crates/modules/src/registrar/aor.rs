//! Addresses-of-record: what of a URI identifies a user.

use bytes::Bytes;
use sip::{Scheme, Uri};

/// How URIs become addresses-of-record.
#[derive(Clone, Default)]
pub(super) struct AorRules {
    pub(super) use_domain: bool,
    pub(super) case_sensitive: bool,
    /// Taken off the front of the domain.
    pub(super) realm_prefix: Bytes,
    /// `;gr` in a URI means something.
    pub(super) gruu: bool,
}

/// Whom a URI means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// Every contact of an address-of-record.
    Aor(Bytes),
    /// The contacts of one device: address-of-record and instance without brackets (RFC 5627).
    Device(Bytes, &'a [u8]),
    /// The contact with this record id, of an address-of-record with this hash.
    Temporary(&'a [u8], u32),
}

/// Why a URI means nobody.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AorError {
    /// It is no URI of a user.
    Uri,
    /// A temporary GRUU that nobody gave out.
    Gruu,
}

impl AorRules {
    /// The address-of-record of a URI.
    pub(super) fn aor(&self, uri: &[u8]) -> Result<Bytes, AorError> {
        let uri = Uri::parse(uri).map_err(|_| AorError::Uri)?;
        Ok(self.aor_of(&uri))
    }

    /// Whom a URI means.
    pub(super) fn target<'a>(&self, text: &'a [u8]) -> Result<Target<'a>, AorError> {
        let uri = Uri::parse(text).map_err(|_| AorError::Uri)?;
        let gr = uri.param(b"gr").filter(|_| self.gruu);
        match gr {
            None => Ok(Target::Aor(self.aor_of(&uri))),
            Some(gr) => match gr.value.filter(|value| !value.is_empty()) {
                Some(instance) => Ok(Target::Device(self.aor_of(&uri), instance)),
                None => temporary(uri.user.unwrap_or_default()).ok_or(AorError::Gruu),
            },
        }
    }

    fn aor_of(&self, uri: &Uri<'_>) -> Bytes {
        let mut aor = uri.user_unescaped().into_owned();
        if !self.case_sensitive {
            aor.make_ascii_lowercase();
        }
        if self.use_domain && uri.scheme != Scheme::Tel {
            let domain = uri.host.to_ascii_lowercase();
            let domain = domain
                .strip_prefix(self.realm_prefix.as_ref())
                .unwrap_or(&domain);
            if !aor.is_empty() {
                aor.push(b'@');
            }
            aor.extend_from_slice(domain);
        }
        Bytes::from(aor)
    }
}

/// `RUID-HASH`, as [`temporary_user`] makes it.
fn temporary(user: &[u8]) -> Option<Target<'_>> {
    let at = user.iter().rposition(|byte| *byte == b'-')?;
    let (ruid, hash) = (user.get(..at)?, user.get(at + 1..)?);
    let hash = u32::from_str_radix(std::str::from_utf8(hash).ok()?, 16).ok()?;
    // The rest of a ruid has dashes too; a plain user with a dash is none.
    ruid.contains(&b'-')
        .then_some(Target::Temporary(ruid, hash))
}

/// The user part of a temporary GRUU.
pub(super) fn temporary_user(ruid: &[u8], aor_hash: u32) -> Vec<u8> {
    [ruid, b"-", format!("{aor_hash:x}").as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(use_domain: bool, case_sensitive: bool) -> AorRules {
        AorRules {
            use_domain,
            case_sensitive,
            realm_prefix: Bytes::from_static(b"sip."),
            gruu: true,
        }
    }

    #[test]
    fn uris_become_addresses_of_record() {
        let cases = [
            ("sip:Alice@Example.test", false, false, "alice"),
            ("sip:Bob%20X@EXAMPLE.test", false, false, "bob x"),
            ("sip:Uu@Ex.Test:5060;x=y", true, true, "Uu@ex.test"),
            ("sip:Uu@SIP.Ex.Test", true, false, "uu@ex.test"),
            ("sip:example.test", false, false, ""),
            ("sip:example.test", true, false, "example.test"),
            ("tel:+1234", false, false, "+1234"),
            ("tel:+1234", true, false, "+1234"),
        ];
        for (uri, use_domain, case_sensitive, aor) in cases {
            let found = rules(use_domain, case_sensitive).aor(uri.as_bytes());
            assert_eq!(found, Ok(Bytes::from(aor)), "{uri}");
        }
        assert_eq!(rules(false, false).aor(b"foo"), Err(AorError::Uri));
    }

    #[test]
    fn a_gruu_names_a_device_or_a_contact() {
        let rules = rules(false, false);
        let device = Target::Device(Bytes::from_static(b"alice"), b"urn:uuid:1");
        assert_eq!(rules.target(b"sip:alice@x.test;gr=urn:uuid:1"), Ok(device));
        let temporary = Target::Temporary(b"uloc-6b-1", 0xc849_21ea);
        assert_eq!(
            rules.target(b"sip:uloc-6b-1-c84921ea@x.test;gr"),
            Ok(temporary)
        );
        assert_eq!(rules.target(b"sip:alice@x.test;gr"), Err(AorError::Gruu));
        assert_eq!(
            temporary_user(b"uloc-6b-1", 0xc849_21ea),
            b"uloc-6b-1-c84921ea"
        );
    }
}
