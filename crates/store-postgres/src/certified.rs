//! Servers that must show a certificate.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Encrypted connections to servers whose certificate comes from one of the authorities in this file.
///
/// # Errors
/// A sentence, where the file has none.
pub(crate) fn by(file: &Path) -> Result<MakeRustlsConnect, String> {
    let named = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file).map_err(|why| named(&why))?;
    let found: Result<Vec<_>, _> = found.collect();
    let (taken, _) = roots.add_parsable_certificates(found.map_err(|why| named(&why))?);
    if taken == 0 {
        return Err(named(&"there is no certificate in it"));
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
