//! TLS by rustls with ring: certificates and keys from PEM files, the settings of both roles.
//!
//! [`TlsServer`] and [`TlsClient`] are handles: replacing the settings behind one takes effect with
//! the next handshake and leaves established connections alone.

mod cipher;
mod client;
mod error;
mod identity;
mod info;
mod name;
mod server;
mod trust;
mod verify;

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;

pub use client::{ClientOptions, TlsClient, Verify};
pub use error::TlsError;
pub use identity::Identity;
pub use info::TlsInfo;
pub use server::{ClientAuth, ServerOptions, ServerProfile, TlsServer};
pub use trust::{Trust, Verdict};

/// The protocol versions offered (`tls_method`). Older ones do not exist here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3 (`TLSv1.2+`, and what `SSLv23` and older methods become).
    #[default]
    Tls12AndNewer,
    /// TLS 1.2 alone (`TLSv1.2`).
    Tls12,
    /// TLS 1.3 alone (`TLSv1.3`, `TLSv1.3+`).
    Tls13,
    /// None: every handshake is refused (`TLSv1`, `TLSv1.1`).
    None,
}

impl Versions {
    fn list(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Tls12AndNewer => vec![&rustls::version::TLS13, &rustls::version::TLS12],
            Self::Tls12 => vec![&rustls::version::TLS12],
            Self::Tls13 => vec![&rustls::version::TLS13],
            Self::None => Vec::new(),
        }
    }
}

/// Named here rather than taken from the process, so that no other crate's choice matters.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
