//! Cipher suites by the names that OpenSSL, and so Kamailio, gives them.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, SupportedCipherSuite};

use super::{TlsError, provider};

/// Suite, OpenSSL's name, bits of the key.
const SUITES: [(CipherSuite, &str, u32); 9] = [
    (
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        "TLS_AES_256_GCM_SHA384",
        256,
    ),
    (
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        "TLS_CHACHA20_POLY1305_SHA256",
        256,
    ),
    (
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        "TLS_AES_128_GCM_SHA256",
        128,
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        256,
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-RSA-AES256-GCM-SHA384",
        256,
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        256,
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-RSA-CHACHA20-POLY1305",
        256,
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        128,
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-RSA-AES128-GCM-SHA256",
        128,
    ),
];

/// OpenSSL's name of a suite and the bits of its key.
pub(super) fn name_and_bits(suite: CipherSuite) -> (&'static str, u32) {
    let known = SUITES.iter().find(|(known, _, _)| *known == suite);
    known.map_or(("unknown", 0), |(_, name, bits)| (name, *bits))
}

/// The provider with the suites of TLS 1.2 of these names alone, in this order; those of TLS 1.3 stay.
pub(super) fn provider_with(
    names: Option<&[&'static str]>,
) -> Result<Arc<CryptoProvider>, TlsError> {
    let Some(names) = names else {
        return Ok(provider());
    };
    let mut provider = rustls::crypto::ring::default_provider();
    let all = std::mem::take(&mut provider.cipher_suites);
    let is_new = |suite: &&SupportedCipherSuite| suite.tls13().is_some();
    provider.cipher_suites.extend(all.iter().filter(is_new));
    for name in names {
        let found = all
            .iter()
            .find(|suite| name_and_bits(suite.suite()).0 == *name);
        let unknown = || TlsError::Settings(format!("{name}: no such cipher"));
        provider.cipher_suites.push(*found.ok_or_else(unknown)?);
    }
    Ok(Arc::new(provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_on_offer_has_a_name() {
        for suite in &provider().cipher_suites {
            assert_ne!(name_and_bits(suite.suite()).0, "unknown", "{suite:?}");
        }
    }

    #[test]
    fn a_choice_leaves_tls_1_3_alone() {
        let chosen = provider_with(Some(&["ECDHE-RSA-AES128-GCM-SHA256"])).unwrap();
        let names: Vec<_> = chosen
            .cipher_suites
            .iter()
            .map(|suite| name_and_bits(suite.suite()).0)
            .collect();
        assert_eq!(names.len(), 4, "{names:?}");
        assert_eq!(names.last(), Some(&"ECDHE-RSA-AES128-GCM-SHA256"));
        assert!(provider_with(Some(&["RC4-MD5"])).is_err());
    }
}
