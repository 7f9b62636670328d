//! The server role.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use super::identity::{Identity, Roots};
use super::{TlsError, Versions, provider};

/// Settings of a TLS listener.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Shown to peers that name no server or an unknown one.
    pub identity: Identity,
    /// Shown to peers that ask for the name; `*.example.com` covers one label.
    pub named: Vec<(String, Identity)>,
    /// Protocol versions.
    pub versions: Versions,
    /// Whether peers show a certificate.
    pub client_auth: ClientAuth,
}

/// Whether peers show a certificate (`verify_certificate`, `require_certificate`).
#[derive(Debug, Clone, Default)]
pub enum ClientAuth {
    /// They are not asked, Kamailio's default.
    #[default]
    No,
    /// They are asked; one that is shown must be valid.
    Asked(Roots),
    /// Without a valid one there is no connection.
    Required(Roots),
}

impl ServerOptions {
    /// One identity, TLS 1.2 and newer, no client certificates.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            named: Vec::new(),
            versions: Versions::default(),
            client_auth: ClientAuth::No,
        }
    }
}

/// The settings in force for a listener; cheap to clone, replaceable under load.
#[derive(Debug, Clone)]
pub struct TlsServer(Arc<RwLock<Arc<ServerConfig>>>);

impl TlsServer {
    /// Checks and takes the settings.
    pub fn new(options: &ServerOptions) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(RwLock::new(config(options)?))))
    }

    /// Replaces the settings for all listeners that share this handle, from the next handshake on.
    /// After an error the former ones stay.
    pub fn reload(&self, options: &ServerOptions) -> Result<(), TlsError> {
        let config = config(options)?;
        *self.0.write() = config;
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.read()))
    }
}

fn config(options: &ServerOptions) -> Result<Arc<ServerConfig>, TlsError> {
    let settings = |error: &dyn std::error::Error| TlsError::Settings(error.to_string());
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&options.versions.list())
        .map_err(|error| settings(&error))?;
    let verifier = |roots: &Roots| {
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots.0), provider.clone())
    };
    let builder = match &options.client_auth {
        ClientAuth::No => builder.with_no_client_auth(),
        ClientAuth::Asked(roots) => builder.with_client_cert_verifier(
            verifier(roots)
                .allow_unauthenticated()
                .build()
                .map_err(|error| settings(&error))?,
        ),
        ClientAuth::Required(roots) => builder
            .with_client_cert_verifier(verifier(roots).build().map_err(|error| settings(&error))?),
    };
    Ok(Arc::new(
        builder.with_cert_resolver(Arc::new(Names::new(options)?)),
    ))
}

/// Chooses the certificate by the name the peer asks for.
#[derive(Debug)]
struct Names {
    default: Arc<CertifiedKey>,
    named: BTreeMap<String, Arc<CertifiedKey>>,
}

impl Names {
    fn new(options: &ServerOptions) -> Result<Self, TlsError> {
        let mut named = BTreeMap::new();
        for (name, identity) in &options.named {
            let host = name.strip_prefix("*.").unwrap_or(name);
            if rustls::pki_types::DnsName::try_from(host).is_err() {
                return Err(TlsError::BadName(name.clone()));
            }
            named.insert(name.to_ascii_lowercase(), Arc::clone(&identity.key));
        }
        Ok(Self {
            default: Arc::clone(&options.identity.key),
            named,
        })
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        self.named.get(&name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.named.get(&format!("*.{parent}"))
        })
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.find(name));
        Some(Arc::clone(named.unwrap_or(&self.default)))
    }
}
