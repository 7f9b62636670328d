//! The client role.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::cipher::provider_with;
use super::identity::Identity;
use super::trust::Trust;
use super::verify::{Demand, Verifier};
use super::{TlsError, Versions};

/// Settings of TLS connections of ours.
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// Whether the peer must prove who it is.
    pub verify: Verify,
    /// Shown to peers that ask for a certificate.
    pub identity: Option<Identity>,
    /// Protocol versions.
    pub versions: Versions,
    /// The suites of TLS 1.2 by OpenSSL's names, the preferred first; none: all.
    pub ciphers: Option<Vec<&'static str>>,
    /// Sessions are resumed.
    pub resumption: bool,
}

/// Whether the peer must prove who it is (`verify_certificate`).
#[derive(Debug, Clone)]
pub enum Verify {
    /// Any certificate will do: Kamailio's default. It protects against listeners, not against
    /// impostors. What is thought of the certificate is known all the same.
    No(Trust),
    /// The certificate must come from one of these authorities, and have the name where the next hop has one.
    Required(Trust),
}

impl Default for Verify {
    fn default() -> Self {
        Self::No(Trust::nobody())
    }
}

/// The settings in force for connections of ours; cheap to clone, replaceable under load.
#[derive(Clone)]
pub struct TlsClient(Arc<RwLock<InForce>>);

#[derive(Clone)]
struct InForce {
    /// None where no version is offered: nobody is connected to.
    config: Option<Arc<ClientConfig>>,
    verify: Verify,
    identity: Option<Identity>,
}

impl TlsClient {
    /// Checks and takes the settings.
    pub fn new(options: &ClientOptions) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(RwLock::new(in_force(options)?))))
    }

    /// Replaces the settings, from the next handshake on. After an error the former ones stay.
    pub fn reload(&self, options: &ClientOptions) -> Result<(), TlsError> {
        let new = in_force(options)?;
        *self.0.write() = new;
        Ok(())
    }

    /// Peers must prove who they are.
    pub fn verifies(&self) -> bool {
        matches!(self.0.read().verify, Verify::Required(_))
    }

    /// What makes the handshake; none where no version is offered.
    pub(crate) fn connector(&self) -> Option<TlsConnector> {
        self.0.read().config.clone().map(TlsConnector::from)
    }

    /// What looks at the peer's certificate once the handshake is done, and whether the handshake did.
    pub(crate) fn looks(&self) -> (Option<Trust>, bool) {
        match &self.0.read().verify {
            Verify::No(trust) => (Some(trust.clone()), false),
            Verify::Required(_) => (None, true),
        }
    }

    /// Our certificate, DER.
    pub(crate) fn own(&self) -> Option<Bytes> {
        let in_force = self.0.read();
        Some(in_force.identity.as_ref()?.certificate())
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient")
            .field("verifies", &self.verifies())
            .finish_non_exhaustive()
    }
}

fn in_force(options: &ClientOptions) -> Result<InForce, TlsError> {
    let config = match options.versions {
        Versions::None => None,
        _ => Some(Arc::new(config(options)?)),
    };
    Ok(InForce {
        config,
        verify: options.verify.clone(),
        identity: options.identity.clone(),
    })
}

fn config(options: &ClientOptions) -> Result<ClientConfig, TlsError> {
    let provider = provider_with(options.ciphers.as_deref())?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&options.versions.list())
        .map_err(|error| TlsError::Settings(error.to_string()))?;
    let verifier = match &options.verify {
        Verify::No(trust) => Verifier::new(trust.clone(), Demand::Nothing, provider),
        Verify::Required(trust) => Verifier::new(trust.clone(), Demand::Valid, provider),
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(Shown(Arc::clone(&identity.key))))
        }
    };
    if !options.resumption {
        config.resumption = Resumption::disabled();
    }
    Ok(config)
}

/// Shows the one certificate to whoever asks.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
