//! What is known of the TLS side of a connection, for scripts.

use crate::ConnectionId;
use bytes::Bytes;
use std::sync::Arc;

/// Knows the TLS connections; the server has it.
pub trait TlsConnections: Send + Sync {
    /// The TLS side of a connection; none where it has none, or is gone.
    fn tls(&self, connection: ConnectionId) -> Option<Arc<TlsConnection>>;
}

/// What a handshake settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConnection {
    /// `TLSv1.2`, `TLSv1.3`.
    pub version: Bytes,
    /// The cipher suite by its name.
    pub cipher: Bytes,
    /// How many bits its key has.
    pub cipher_bits: u32,
    /// The server name the peer asked for.
    pub server_name: Option<Bytes>,
    /// The peer's certificate, where it showed one.
    pub peer: Option<TlsCertificate>,
    /// Whether the peer's certificate was checked and is valid.
    pub is_verified: bool,
    /// Our certificate, where we showed one.
    pub own: Option<TlsCertificate>,
}

/// What scripts may know of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsCertificate {
    /// The number that stands in the version field: 2 for X.509 version 3.
    pub version: u32,
    /// The serial number, in decimal digits.
    pub serial: Bytes,
    /// The common name of the subject.
    pub subject_cn: Option<Bytes>,
    /// The common name of the issuer.
    pub issuer_cn: Option<Bytes>,
}
