//! The server role.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::RwLock;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};

use super::cipher::provider_with;
use super::identity::Identity;
use super::trust::Trust;
use super::verify::{Demand, Verifier};
use super::{TlsError, Versions};

/// Settings of a TLS listener.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// For peers that name no server or an unknown one.
    pub default: ServerProfile,
    /// For peers that ask for the name; `*.example.com` covers all names below.
    pub named: Vec<(String, ServerProfile)>,
}

/// How peers are met that open a connection.
#[derive(Debug, Clone)]
pub struct ServerProfile {
    /// Shown to peers: the first whose kind of key the peer can check. Such as one with an ECDSA key and one with
    /// an RSA key. Empty only where `versions` are [`Versions::None`].
    pub identities: Vec<Identity>,
    /// Protocol versions.
    pub versions: Versions,
    /// Whether peers show a certificate.
    pub client_auth: ClientAuth,
    /// The suites of TLS 1.2 by OpenSSL's names, the preferred first; none: all.
    pub ciphers: Option<Vec<&'static str>>,
    /// Sessions are resumed.
    pub resumption: bool,
}

/// Whether peers show a certificate (`verify_certificate`, `require_certificate`, `verify_client`).
#[derive(Debug, Clone, Default)]
pub enum ClientAuth {
    /// They are not asked, Kamailio's default.
    #[default]
    No,
    /// They are asked; what they show is looked at, but need not be valid.
    Unchecked(Trust),
    /// They are asked; one that is shown must be valid.
    Asked(Trust),
    /// Without a valid one there is no connection.
    Required(Trust),
}

impl ServerOptions {
    /// One identity, TLS 1.2 and newer, no client certificates.
    pub fn new(identity: Identity) -> Self {
        Self {
            default: ServerProfile::new(vec![identity]),
            named: Vec::new(),
        }
    }
}

impl ServerProfile {
    /// These identities, TLS 1.2 and newer, no client certificates.
    pub fn new(identities: Vec<Identity>) -> Self {
        Self {
            identities,
            versions: Versions::default(),
            client_auth: ClientAuth::No,
            ciphers: None,
            resumption: false,
        }
    }
}

/// The settings in force for a listener; cheap to clone, replaceable under load.
#[derive(Debug, Clone)]
pub struct TlsServer(Arc<RwLock<Arc<Profiles>>>);

impl TlsServer {
    /// Checks and takes the settings.
    pub fn new(options: &ServerOptions) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(Profiles::new(
            options,
        )?)))))
    }

    /// Replaces the settings for all listeners that share this handle, from the next handshake on.
    /// After an error the former ones stay.
    pub fn reload(&self, options: &ServerOptions) -> Result<(), TlsError> {
        self.replace(&Self::new(options)?);
        Ok(())
    }

    /// Takes over the settings of another handle, from the next handshake on.
    pub fn replace(&self, other: &Self) {
        let new = Arc::clone(&other.0.read());
        *self.0.write() = new;
    }

    /// The profile for what a peer says first; none where it may not connect.
    pub(crate) fn meet(&self, hello: &ClientHello<'_>) -> Option<Met> {
        let profiles = Arc::clone(&self.0.read());
        let named = hello.server_name().and_then(|name| profiles.find(name));
        named.unwrap_or(&profiles.default).meet()
    }
}

/// A profile that was chosen for a connection.
pub(crate) struct Met {
    pub(crate) config: Arc<ServerConfig>,
    /// What looks at the peer's certificate once the handshake is done.
    pub(crate) looks: Option<Trust>,
    /// The handshake itself demanded a valid certificate, where one was shown.
    pub(crate) verified: bool,
    own: Arc<Choice>,
}

impl Met {
    /// The certificate that was shown, DER.
    pub(crate) fn own(&self) -> Option<Bytes> {
        let leaf = self.own.chosen.get()?.cert.first()?;
        Some(Bytes::copy_from_slice(leaf))
    }
}

#[derive(Debug)]
struct Profiles {
    default: Compiled,
    named: BTreeMap<String, Compiled>,
}

/// A profile, ready for handshakes; without a configuration nobody may connect.
#[derive(Debug)]
struct Compiled {
    config: Option<ServerConfig>,
    keys: Arc<[Arc<CertifiedKey>]>,
    client_auth: ClientAuth,
}

impl Profiles {
    fn new(options: &ServerOptions) -> Result<Self, TlsError> {
        let mut named = BTreeMap::new();
        for (name, profile) in &options.named {
            let host = name.strip_prefix("*.").unwrap_or(name);
            if rustls::pki_types::DnsName::try_from(host).is_err() {
                return Err(TlsError::BadName(name.clone()));
            }
            let compiled = Compiled::new(profile)?;
            // The first that fits counts, as in Kamailio.
            named.entry(name.to_ascii_lowercase()).or_insert(compiled);
        }
        Ok(Self {
            default: Compiled::new(&options.default)?,
            named,
        })
    }

    /// The profile of the name itself, else that of the nearest name above it.
    fn find(&self, name: &str) -> Option<&Compiled> {
        let name = name.to_ascii_lowercase();
        let above = name
            .match_indices('.')
            .filter_map(|(at, _)| self.named.get(&format!("*{}", name.get(at..)?)));
        self.named.get(&name).into_iter().chain(above).next()
    }
}

impl Compiled {
    fn new(profile: &ServerProfile) -> Result<Self, TlsError> {
        Ok(Self {
            config: config(profile)?,
            keys: profile
                .identities
                .iter()
                .map(|identity| Arc::clone(&identity.key))
                .collect(),
            client_auth: profile.client_auth.clone(),
        })
    }

    /// Each connection has a configuration of its own, of some hundred bytes: only so it can be known which
    /// certificate was shown.
    fn meet(&self) -> Option<Met> {
        let own = Arc::new(Choice {
            keys: Arc::clone(&self.keys),
            chosen: OnceLock::new(),
        });
        let mut config = self.config.clone()?;
        config.cert_resolver = Arc::clone(&own) as Arc<dyn ResolvesServerCert>;
        let (looks, verified) = match &self.client_auth {
            ClientAuth::No => (None, false),
            ClientAuth::Unchecked(trust) => (Some(trust.clone()), false),
            ClientAuth::Asked(_) | ClientAuth::Required(_) => (None, true),
        };
        Some(Met {
            config: Arc::new(config),
            looks,
            verified,
            own,
        })
    }
}

fn config(profile: &ServerProfile) -> Result<Option<ServerConfig>, TlsError> {
    if profile.versions == Versions::None {
        return Ok(None);
    }
    if profile.identities.is_empty() {
        return Err(TlsError::Settings("there is no certificate".to_owned()));
    }
    let provider = provider_with(profile.ciphers.as_deref())?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&profile.versions.list())
        .map_err(|error| TlsError::Settings(error.to_string()))?;
    let verifier =
        |trust: &Trust, demand| Verifier::new(trust.clone(), demand, Arc::clone(&provider));
    let builder = match &profile.client_auth {
        ClientAuth::No => builder.with_no_client_auth(),
        ClientAuth::Unchecked(trust) => {
            builder.with_client_cert_verifier(verifier(trust, Demand::Nothing))
        }
        ClientAuth::Asked(trust) => {
            builder.with_client_cert_verifier(verifier(trust, Demand::ValidIfShown))
        }
        ClientAuth::Required(trust) => {
            builder.with_client_cert_verifier(verifier(trust, Demand::Valid))
        }
    };
    let nobody = Choice {
        keys: Arc::new([]),
        chosen: OnceLock::new(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(nobody));
    if !profile.resumption {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Some(config))
}

/// Shows the first certificate that the peer can check, and remembers which.
#[derive(Debug)]
struct Choice {
    keys: Arc<[Arc<CertifiedKey>]>,
    chosen: OnceLock<Arc<CertifiedKey>>,
}

impl Choice {
    fn choose(&self, schemes: &[SignatureScheme]) -> Option<&Arc<CertifiedKey>> {
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        self.keys.iter().find(fits).or(self.keys.first())
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = self.choose(hello.signature_schemes())?;
        Some(Arc::clone(self.chosen.get_or_init(|| Arc::clone(key))))
    }
}
