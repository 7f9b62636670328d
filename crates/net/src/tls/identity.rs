//! Certificates and keys from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

use super::{TlsError, provider};

/// A certificate chain with its key: who we are to a peer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(super) key: Arc<CertifiedKey>,
    file: PathBuf,
    leaf: Leaf,
}

/// What is read of a leaf certificate.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    not_before: SystemTime,
    not_after: SystemTime,
    is_authority: bool,
}

impl Identity {
    /// Loads a chain, leaf first, and a key: PKCS#8, PKCS#1 or SEC1, which may be in the same file.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = certificates(certificate)?;
        let private = private_key(key)?;
        let first = chain
            .first()
            .ok_or_else(|| TlsError::NoCertificate(certificate.to_owned()))?;
        let leaf = leaf_of(first)
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
            leaf,
        })
    }

    /// The end of the leaf certificate's validity.
    pub fn not_after(&self) -> SystemTime {
        self.leaf.not_after
    }

    /// Our own certificate, DER.
    pub fn certificate(&self) -> Bytes {
        let leaf = self.key.cert.first();
        leaf.map(|leaf| Bytes::copy_from_slice(leaf))
            .unwrap_or_default()
    }

    /// What the operator should know: the certificate is not valid at `now`, or is that of an authority. It is
    /// used all the same, as many peers do not look.
    pub fn warnings(&self, now: SystemTime) -> Vec<String> {
        let file = self.file.display();
        let mut warnings = Vec::new();
        if now > self.leaf.not_after {
            warnings.push(format!("{file}: certificate has expired"));
        } else if now < self.leaf.not_before {
            warnings.push(format!(
                "{file}: certificate is not valid yet; is the clock right?"
            ));
        }
        if self.leaf.is_authority {
            warnings.push(format!(
                "{file}: this is the certificate of an authority (CA:TRUE); peers that look closely refuse it as that of a server"
            ));
        }
        warnings
    }
}

pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
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

pub(super) fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::Unreadable(file.to_owned(), error))
}

fn leaf_of(certificate: &CertificateDer<'_>) -> Result<Leaf, String> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    if parsed.version() != X509Version::V3 {
        let version = parsed.version().0.saturating_add(1);
        return Err(format!(
            "it is of X.509 version {version}; make one of version 3, with a subjectAltName"
        ));
    }
    let validity = parsed.validity();
    Ok(Leaf {
        not_before: at(validity.not_before.timestamp()),
        not_after: at(validity.not_after.timestamp()),
        is_authority: parsed.is_ca(),
    })
}

/// Times before 1970 count as 1970.
fn at(unix_s: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(unix_s).unwrap_or(0))
}
