//! What decides in a handshake about the peer's certificate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::name::has_name;
use super::trust::{Role, Trust};

/// Decides about peers. Whatever it accepts, the peer must prove that it has the certificate's key.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    demand: Demand,
    provider: Arc<CryptoProvider>,
    names: Vec<DistinguishedName>,
}

/// What is demanded of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// Nothing.
    Nothing,
    /// One that is shown must be valid.
    ValidIfShown,
    /// A valid one.
    Valid,
}

impl Verifier {
    pub(super) fn new(trust: Trust, demand: Demand, provider: Arc<CryptoProvider>) -> Arc<Self> {
        let names = trust.names();
        Arc::new(Self {
            trust,
            demand,
            provider,
            names,
        })
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        role: Role,
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.demand == Demand::Nothing {
            return Ok(());
        }
        let chain: Vec<_> = std::iter::once(leaf).chain(above).cloned().collect();
        self.trust
            .check(&chain, role, now)
            .map_err(Error::InvalidCertificate)
    }
}

/// What both roles ask of a signature: rustls wants it in two traits.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls12_signature(message, certificate, signed, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signed, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            let algorithms = &self.provider.signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Verifier {
    /// The name is demanded where one is known. Where the next hop is an address and no server name was given, the
    /// chain alone counts, as in Kamailio.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity, intermediates, Role::Server, now)?;
        let named = match server_name {
            ServerName::DnsName(name) if self.demand != Demand::Nothing => {
                has_name(end_entity, name)
            }
            _ => true,
        };
        match named {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(Error::InvalidCertificate(CertificateError::NotValidForName)),
        }
    }

    signatures!();
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn client_auth_mandatory(&self) -> bool {
        self.demand == Demand::Valid
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity, intermediates, Role::Client, now)?;
        Ok(ClientCertVerified::assertion())
    }

    signatures!();
}
