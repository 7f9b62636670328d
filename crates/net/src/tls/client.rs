//! The client role.

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::identity::{Identity, Roots};
use super::{TlsError, Versions, provider};

/// Settings of TLS connections of ours.
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// Whether the peer must prove its name.
    pub verify: Verify,
    /// Shown to peers that ask for a certificate.
    pub identity: Option<Identity>,
    /// Protocol versions.
    pub versions: Versions,
}

/// Whether the peer must prove its name (`verify_certificate`).
#[derive(Debug, Clone, Default)]
pub enum Verify {
    /// Any certificate will do: Kamailio's default. It protects against listeners, not against
    /// impostors.
    #[default]
    No,
    /// The certificate must come from one of these authorities and have the name.
    Roots(Roots),
}

/// The settings in force for connections of ours; cheap to clone, replaceable under load.
#[derive(Clone)]
pub struct TlsClient(Arc<RwLock<InForce>>);

#[derive(Clone)]
struct InForce {
    config: Arc<ClientConfig>,
    verifies: bool,
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

    /// Peers must prove their name.
    pub fn verifies(&self) -> bool {
        self.0.read().verifies
    }

    pub(crate) fn connector(&self) -> TlsConnector {
        TlsConnector::from(Arc::clone(&self.0.read().config))
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
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&options.versions.list())
        .map_err(|error| TlsError::Settings(error.to_string()))?;
    let (verifier, verifies): (Arc<dyn ServerCertVerifier>, _) = match &options.verify {
        Verify::No => (Arc::new(AnyCertificate(provider)), false),
        Verify::Roots(roots) => {
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots.0), provider)
                    .build()
                    .map_err(|error| TlsError::Settings(error.to_string()))?;
            (verifier, true)
        }
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(Shown(Arc::clone(&identity.key))))
        }
    };
    Ok(InForce {
        config: Arc::new(config),
        verifies,
    })
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

/// Accepts every certificate, but still proof that the peer has its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
