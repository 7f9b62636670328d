//! Certificates and keys from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{TlsError, provider};

/// A certificate chain with its key: who we are to a peer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(super) key: Arc<CertifiedKey>,
    file: PathBuf,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl Identity {
    /// Loads a chain, leaf first, and a key: PKCS#8, PKCS#1 or SEC1, which may be in the same file.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = certificates(certificate)?;
        let private = private_key(key)?;
        let (not_before, not_after) = chain
            .first()
            .map_or(Ok((UNIX_EPOCH, UNIX_EPOCH)), validity)
            .map_err(|why| TlsError::UnusableCertificate(certificate.to_owned(), why))?;
        let key =
            CertifiedKey::from_der(chain, private, &provider()).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
                    certificate: certificate.to_owned(),
                    key: key.to_owned(),
                },
                rustls::Error::InvalidCertificate(why) => {
                    TlsError::UnusableCertificate(certificate.to_owned(), why.to_string())
                }
                other => TlsError::UnusableKey(key.to_owned(), other.to_string()),
            })?;
        Ok(Self {
            key: Arc::new(key),
            file: certificate.to_owned(),
            not_before,
            not_after,
        })
    }

    /// The end of the leaf certificate's validity.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// What the operator should know: the certificate is not valid at `now`. It is used all the
    /// same, as many peers do not look.
    pub fn warning(&self, now: SystemTime) -> Option<String> {
        let file = self.file.display();
        if now > self.not_after {
            Some(format!("{file}: certificate has expired"))
        } else if now < self.not_before {
            Some(format!(
                "{file}: certificate is not valid yet; is the clock right?"
            ))
        } else {
            None
        }
    }
}

/// The certificate authorities that peers' certificates must come from (`ca_list`).
#[derive(Debug, Clone)]
pub struct Roots(pub(super) Arc<RootCertStore>);

impl Roots {
    /// Loads all certificates of a PEM file. Those that cannot be used are skipped with a warning, as
    /// system bundles have some; one at least must remain.
    pub fn load(file: &Path) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        let (usable, ignored) = store.add_parsable_certificates(certificates(file)?);
        if usable == 0 {
            let why = "none in the file can be an authority".to_owned();
            return Err(TlsError::UnusableCertificate(file.to_owned(), why));
        }
        if ignored > 0 {
            tracing::warn!(file = %file.display(), ignored, "certificates that cannot be used");
        }
        Ok(Self(Arc::new(store)))
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(file)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Malformed(file.to_owned(), error.to_string()))?;
    if chain.is_empty() {
        Err(TlsError::NoCertificate(file.to_owned()))
    } else {
        Ok(chain)
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    use rustls::pki_types::pem::Error;
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|error| match error {
        Error::NoItemsFound => TlsError::NoKey(file.to_owned()),
        other => TlsError::Malformed(file.to_owned(), other.to_string()),
    })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::Unreadable(file.to_owned(), error))
}

fn validity(certificate: &CertificateDer<'_>) -> Result<(SystemTime, SystemTime), String> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let validity = parsed.validity();
    Ok((
        at(validity.not_before.timestamp()),
        at(validity.not_after.timestamp()),
    ))
}

/// Times before 1970 count as 1970.
fn at(unix_s: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(unix_s).unwrap_or(0))
}
