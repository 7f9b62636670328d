//! The certificate that is made at the first start, so that TLS works before anybody cares.

use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How long it is valid.
const DAYS: i64 = 3650;

/// Makes a key and a certificate for the domain and the addresses of this machine, where there are
/// none. A certificate of a real authority can be put in their place.
///
/// # Errors
/// A sentence with the file that cannot be written.
pub(crate) fn ensure(certificate: &Path, key: &Path, domain: &str) -> Result<(), String> {
    if certificate.exists() && key.exists() {
        return Ok(());
    }
    let made = make(domain).map_err(|error| format!("cannot make a certificate: {error}"))?;
    write(key, &made.key, 0o600)?;
    write(certificate, &made.certificate, 0o644)
}

struct Made {
    certificate: String,
    key: String,
}

fn make(domain: &str) -> Result<Made, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, domain);
    params.not_before = day(-1);
    params.not_after = day(DAYS);
    params.subject_alt_names = names(domain);
    let certificate = params.self_signed(&key)?;
    Ok(Made {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

fn names(domain: &str) -> Vec<SanType> {
    let bare = domain.trim_matches(['[', ']']);
    let mut addresses: Vec<IpAddr> = crate::addresses::own();
    let of_domain = bare.parse::<IpAddr>();
    let name = match of_domain {
        Ok(address) => {
            addresses.push(address);
            None
        }
        Err(_) => domain.try_into().ok().map(SanType::DnsName),
    };
    addresses.sort();
    addresses.dedup();
    name.into_iter()
        .chain(addresses.into_iter().map(SanType::IpAddress))
        .collect()
}

fn day(from_now: i64) -> time::OffsetDateTime {
    time::OffsetDateTime::now_utc() + time::Duration::days(from_now)
}

/// Writes a file with these permissions from its first byte on.
pub(crate) fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}
