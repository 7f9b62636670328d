//! Whom we trust: authorities, what they revoked, and what is thought of a peer's certificate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::{CertificateError, OtherError, RootCertStore};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::identity::{certificates, read};
use super::{TlsError, provider};

/// Kamailio's `verify_depth`.
const DEPTH: usize = 9;

/// The certificate authorities that peers' certificates must come from (`ca_list`, `ca_path`), with what they
/// revoked (`crl`). Cheap to clone.
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    anchors: RootCertStore,
    /// The listed certificates as they are: a peer that shows one of them, signed by itself, is trusted.
    listed: BTreeSet<Vec<u8>>,
    revocations: Vec<Arc<CertRevocationList<'static>>>,
    depth: usize,
}

/// What is thought of a peer's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verdict {
    /// None was shown, or nobody looked.
    #[default]
    Unknown,
    /// It comes from an authority that is trusted.
    Verified,
    /// Its authority has revoked it.
    Revoked,
    /// It, or one above it, is past its end.
    Expired,
    /// It signed itself and is not trusted by itself.
    SelfSigned,
    /// Something else is wrong with it.
    Invalid,
}

/// In which role a peer shows its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It opened the connection.
    Client,
    /// We opened the connection.
    Server,
}

impl Trust {
    /// Trusts nobody.
    pub fn nobody() -> Self {
        Self(Arc::new(Inner {
            anchors: RootCertStore::empty(),
            listed: BTreeSet::new(),
            revocations: Vec::new(),
            depth: DEPTH,
        }))
    }

    /// Loads all certificates of a PEM file. Those that cannot be used are skipped with a warning, as system
    /// bundles have some; one at least must remain.
    pub fn load(file: &Path) -> Result<Self, TlsError> {
        Self::nobody().with_file(file)
    }

    /// Trusts the authorities of this PEM file too (`ca_list`).
    pub fn with_file(self, file: &Path) -> Result<Self, TlsError> {
        let listed = certificates(file)?;
        self.changed(|inner| {
            let (usable, ignored) = inner
                .anchors
                .add_parsable_certificates(listed.iter().cloned());
            if usable == 0 {
                let why = "none in the file can be an authority".to_owned();
                return Err(TlsError::UnusableCertificate(file.to_owned(), why));
            }
            if ignored > 0 {
                tracing::warn!(file = %file.display(), ignored, "certificates that cannot be used");
            }
            inner
                .listed
                .extend(listed.into_iter().map(|der| der.to_vec()));
            Ok(())
        })
    }

    /// Trusts the authorities of every PEM file in this directory too (`ca_path`). Files without a certificate are
    /// passed over.
    pub fn with_directory(self, directory: &Path) -> Result<Self, TlsError> {
        let unreadable = |error| TlsError::Unreadable(directory.to_owned(), error);
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        files.sort_unstable();
        let mut trust = self;
        for file in &files {
            trust = match trust.clone().with_file(file) {
                Ok(more) => more,
                Err(TlsError::NoCertificate(_) | TlsError::UnusableCertificate(..)) => trust,
                Err(error) => return Err(error),
            };
        }
        Ok(trust)
    }

    /// Heeds the revocation lists of this PEM file (`crl`): every certificate of a chain must be covered by a list
    /// that has not expired, as in Kamailio.
    pub fn with_revocations(self, file: &Path) -> Result<Self, TlsError> {
        let malformed = |why: String| TlsError::Malformed(file.to_owned(), why);
        let pem = read(file)?;
        let mut lists = Vec::new();
        for der in CertificateRevocationListDer::pem_slice_iter(&pem) {
            let der = der.map_err(|error| malformed(error.to_string()))?;
            let list = OwnedCertRevocationList::from_der(&der)
                .map_err(|error| malformed(format!("revocation list: {error:?}")))?;
            lists.push(Arc::new(CertRevocationList::Owned(list)));
        }
        if lists.is_empty() {
            return Err(malformed("no revocation list found".to_owned()));
        }
        self.changed(|inner| {
            inner.revocations.extend(lists);
            Ok(())
        })
    }

    /// Lets so many certificates stand between a peer's and its authority (`verify_depth`, 9). More than 6 are never
    /// looked at.
    #[must_use]
    pub fn with_depth(self, depth: usize) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.depth = depth;
        Self(Arc::new(inner))
    }

    fn changed(
        self,
        change: impl FnOnce(&mut Inner) -> Result<(), TlsError>,
    ) -> Result<Self, TlsError> {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner)?;
        Ok(Self(Arc::new(inner)))
    }

    /// Looks at a chain, the peer's own certificate first.
    pub(crate) fn check(
        &self,
        chain: &[CertificateDer<'_>],
        role: Role,
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        let (leaf, above) = chain.split_first().ok_or(CertificateError::BadEncoding)?;
        if self.0.listed.contains(leaf.as_ref()) && is_own_issuer(leaf) {
            return check_time(leaf, now);
        }
        let leaf = EndEntityCert::try_from(leaf).map_err(reason)?;
        let lists: Vec<_> = self.0.revocations.iter().map(Arc::as_ref).collect();
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            options
                .with_depth(RevocationCheckDepth::Chain)
                .with_status_policy(UnknownStatusPolicy::Deny)
                .with_expiration_policy(ExpirationPolicy::Enforce)
                .build()
        });
        let algorithms = provider().signature_verification_algorithms.all;
        let usage = match role {
            Role::Client => KeyUsage::client_auth(),
            Role::Server => KeyUsage::server_auth(),
        };
        let anchors = &self.0.anchors.roots;
        let path = leaf.verify_for_usage(algorithms, anchors, above, now, usage, revocation, None);
        match path.map_err(reason)?.intermediate_certificates().count() > self.0.depth {
            true => Err(CertificateError::UnknownIssuer),
            false => Ok(()),
        }
    }

    /// The same as one word.
    pub(crate) fn verdict(
        &self,
        chain: &[CertificateDer<'_>],
        role: Role,
        now: UnixTime,
    ) -> Verdict {
        match self.check(chain, role, now) {
            Ok(()) => Verdict::Verified,
            Err(CertificateError::Revoked) => Verdict::Revoked,
            Err(CertificateError::Expired) => Verdict::Expired,
            Err(_) if chain.len() == 1 && chain.iter().all(is_own_issuer) => Verdict::SelfSigned,
            Err(_) => Verdict::Invalid,
        }
    }

    /// The names of the authorities, told to peers that are asked for a certificate.
    pub(crate) fn names(&self) -> Vec<rustls::DistinguishedName> {
        self.0.anchors.subjects()
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("anchors", &self.0.anchors.len())
            .field("revocation_lists", &self.0.revocations.len())
            .field("depth", &self.0.depth)
            .finish()
    }
}

fn is_own_issuer(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der)
        .is_ok_and(|(_, parsed)| parsed.subject().as_raw() == parsed.issuer().as_raw())
}

fn check_time(der: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let (_, parsed) = X509Certificate::from_der(der).map_err(|_| CertificateError::BadEncoding)?;
    let (now, validity) = (
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        parsed.validity(),
    );
    if now > validity.not_after.timestamp() {
        Err(CertificateError::Expired)
    } else if now < validity.not_before.timestamp() {
        Err(CertificateError::NotValidYet)
    } else {
        Ok(())
    }
}

fn reason(error: webpki::Error) -> CertificateError {
    match error {
        webpki::Error::CertExpired { .. } => CertificateError::Expired,
        webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        webpki::Error::CertRevoked => CertificateError::Revoked,
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        webpki::Error::UnknownRevocationStatus => CertificateError::UnknownRevocationStatus,
        webpki::Error::BadDer | webpki::Error::BadDerTime => CertificateError::BadEncoding,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    }
}
