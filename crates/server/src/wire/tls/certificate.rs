//! A certificate as scripts see it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use policy::{TlsAlternatives, TlsCertificate, TlsName};
use std::net::IpAddr;
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Name};

/// The certificate in DER; one that cannot be read has nothing but its PEM.
pub(super) fn certificate(der: &[u8]) -> TlsCertificate {
    let pem = pem(der);
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return TlsCertificate {
            pem,
            ..TlsCertificate::default()
        };
    };
    TlsCertificate {
        version: parsed.version().0,
        serial: parsed.tbs_certificate.serial.to_string().into(),
        subject: name(parsed.subject()),
        issuer: name(parsed.issuer()),
        not_before: moment(parsed.validity().not_before),
        not_after: moment(parsed.validity().not_after),
        alternatives: alternatives(&parsed),
        pem,
    }
}

fn name(name: &X509Name<'_>) -> TlsName {
    let part = |oid: Oid<'static>| {
        let attribute = name
            .iter_attributes()
            .find(|part| *part.attr_type() == oid)?;
        let text = attribute.as_str().ok().map(str::as_bytes);
        let value = text.unwrap_or_else(|| attribute.attr_value().data);
        Some(Bytes::copy_from_slice(value))
    };
    TlsName {
        common_name: part(oid!(2.5.4.3)),
        locality: part(oid!(2.5.4.7)),
        country: part(oid!(2.5.4.6)),
        state: part(oid!(2.5.4.8)),
        organization: part(oid!(2.5.4.10)),
        unit: part(oid!(2.5.4.11)),
        unique_id: part(oid!(2.5.4.45)),
    }
}

/// The first of each kind, as Kamailio gives them.
fn alternatives(parsed: &X509Certificate<'_>) -> TlsAlternatives {
    let mut found = TlsAlternatives::default();
    let Ok(Some(extension)) = parsed.subject_alternative_name() else {
        return found;
    };
    for general in &extension.value.general_names {
        let (place, value) = match general {
            GeneralName::RFC822Name(mail) => (&mut found.email, (*mail).to_owned()),
            GeneralName::DNSName(host) => (&mut found.host, (*host).to_owned()),
            GeneralName::URI(uri) => (&mut found.uri, (*uri).to_owned()),
            GeneralName::IPAddress(octets) => match address(octets) {
                Some(address) => (&mut found.ip, address.to_string()),
                None => continue,
            },
            _ => continue,
        };
        place.get_or_insert_with(|| value.into());
    }
    found
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// `Nov 21 10:07:29 2026 GMT`, as OpenSSL prints it.
fn moment(at: ASN1Time) -> Bytes {
    let at = at.to_datetime();
    let month: String = at.month().to_string().chars().take(3).collect();
    let (day, year) = (at.day(), at.year());
    let (hour, minute, second) = at.to_hms();
    format!("{month} {day:>2} {hour:02}:{minute:02}:{second:02} {year} GMT").into()
}

fn pem(der: &[u8]) -> Bytes {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out.into()
}
