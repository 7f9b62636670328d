//! Whether a certificate is for a SIP domain (RFC 5922 section 7.1).

use rustls::pki_types::{CertificateDer, DnsName, ServerName};
use webpki::EndEntityCert;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Whether the certificate has the name: as a DNS name, as a SIP URI without a user part, or, where it has no
/// alternative name at all, as its common name.
pub(super) fn has_name(certificate: &CertificateDer<'_>, name: &DnsName<'_>) -> bool {
    let wanted = ServerName::DnsName(name.borrow());
    let by_dns = EndEntityCert::try_from(certificate)
        .is_ok_and(|parsed| parsed.verify_is_valid_for_subject_name(&wanted).is_ok());
    by_dns || by_uri_or_subject(certificate, name.as_ref())
}

fn by_uri_or_subject(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    match parsed.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.iter().any(|general| {
            matches!(general, GeneralName::URI(uri) if domain_of(uri).is_some_and(|host| host.eq_ignore_ascii_case(name)))
        }),
        Ok(None) => parsed
            .subject()
            .iter_common_name()
            .any(|common| common.as_str().is_ok_and(|text| text.eq_ignore_ascii_case(name))),
        Err(_) => false,
    }
}

/// The domain of a SIP URI that names no user.
fn domain_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_sip = scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips");
    (is_sip && !rest.contains('@')).then_some(rest.split([':', ';', '?']).next()?)
}

#[cfg(test)]
mod tests {
    use super::domain_of;

    #[test]
    fn only_uris_of_domains_count() {
        assert_eq!(domain_of("sip:example.test"), Some("example.test"));
        assert_eq!(domain_of("SIPS:example.test:5061;x"), Some("example.test"));
        assert_eq!(domain_of("sip:alice@example.test"), None);
        assert_eq!(domain_of("https:example.test"), None);
    }
}
