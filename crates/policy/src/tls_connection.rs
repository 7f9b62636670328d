//! What is known of the TLS side of connections, for scripts and operators.

use crate::ConnectionId;
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// Knows the TLS connections and the certificates in force; the server has it.
pub trait TlsConnections: Send + Sync {
    /// The TLS side of a connection; none where it has none, or is gone.
    fn tls(&self, connection: ConnectionId) -> Option<Arc<TlsConnection>>;

    /// All TLS connections, also those whose handshake is under way, by number.
    fn list(&self) -> Vec<TlsListed>;

    /// How many there are and may be.
    fn totals(&self) -> TlsTotals;

    /// Reads profiles, certificates, keys, authorities and revocation lists again. Connections stay as they
    /// are; the next handshakes use what was read. `config` is the file of profiles to read from now on; none
    /// keeps the one of the parameters.
    ///
    /// # Errors
    /// A sentence about the first file that cannot be used; all is as before then.
    fn reload(&self, config: Option<String>) -> Result<(), String>;
}

/// What a handshake settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConnection {
    /// `TLSv1.2`, `TLSv1.3`.
    pub version: Bytes,
    /// The cipher suite by OpenSSL's name.
    pub cipher: Bytes,
    /// How many bits its key has.
    pub cipher_bits: u32,
    /// The server name the peer asked for, or on a connection of ours the one we asked for.
    pub server_name: Option<Bytes>,
    /// The peer's certificate, where it showed one.
    pub peer: Option<TlsCertificate>,
    /// What is thought of the peer's certificate.
    pub verdict: TlsVerdict,
    /// Our certificate, where we have one.
    pub own: Option<TlsCertificate>,
}

/// What is thought of a peer's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVerdict {
    /// Nothing was shown or nobody looked.
    #[default]
    Unknown,
    /// It comes from an authority that is trusted.
    Verified,
    /// Its authority has revoked it.
    Revoked,
    /// It is past its end.
    Expired,
    /// It signed itself and is not trusted by itself.
    SelfSigned,
    /// Something else is wrong with it.
    Invalid,
}

/// What scripts may know of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsCertificate {
    /// The number that stands in the version field: 2 for X.509 version 3.
    pub version: u32,
    /// The serial number, in decimal digits.
    pub serial: Bytes,
    /// Whom it is for.
    pub subject: TlsName,
    /// Who signed it.
    pub issuer: TlsName,
    /// The first second of its life, `Nov 21 10:07:29 2026 GMT`.
    pub not_before: Bytes,
    /// The last second of its life.
    pub not_after: Bytes,
    /// The first alternative names of each kind.
    pub alternatives: TlsAlternatives,
    /// The certificate in PEM.
    pub pem: Bytes,
}

/// A distinguished name, as far as scripts ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsName {
    /// CN.
    pub common_name: Option<Bytes>,
    /// L.
    pub locality: Option<Bytes>,
    /// C.
    pub country: Option<Bytes>,
    /// ST.
    pub state: Option<Bytes>,
    /// O.
    pub organization: Option<Bytes>,
    /// OU.
    pub unit: Option<Bytes>,
    /// The unique identifier (OID 2.5.4.45).
    pub unique_id: Option<Bytes>,
}

/// The first alternative name (subjectAltName) of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsAlternatives {
    /// A mail address.
    pub email: Option<Bytes>,
    /// A host name.
    pub host: Option<Bytes>,
    /// A URI.
    pub uri: Option<Bytes>,
    /// An address, in its usual notation.
    pub ip: Option<Bytes>,
}

/// A TLS connection in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsListed {
    /// Its number.
    pub connection: ConnectionId,
    /// The peer opened it.
    pub inbound: bool,
    /// The peer's address.
    pub peer: SocketAddr,
    /// Our address; absent while it is being opened.
    pub local: Option<SocketAddr>,
    /// What its handshake settled; none while that is under way.
    pub tls: Option<Arc<TlsConnection>>,
    /// Bytes that wait to be sent.
    pub queued_bytes: usize,
    /// Seconds until it is closed if nothing moves on it.
    pub timeout_s: u64,
}

/// Numbers about all TLS connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsTotals {
    /// How many there may be (`tls_max_connections`).
    pub max_connections: usize,
    /// How many there are.
    pub connections: usize,
    /// Bytes that wait to be sent on any of them.
    pub queued_bytes: usize,
    /// Handshakes since the start that failed or took too long.
    pub handshakes_failed: u64,
    /// Connections since the start that were closed because their source began too many handshakes.
    pub handshakes_refused: u64,
}

/// What `tls_set_connect_server_id()` keeps with a message: the client profile of the next TLS connection that is
/// opened for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsServerId(pub Option<Bytes>);

/// How a TLS connection of ours is to be made, beside its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsWay {
    /// The host of the next hop, where it was a name.
    pub host: Option<Bytes>,
    /// The server name to ask for and to demand (`$xavp(tls=>server_name)`), instead of `host`.
    pub server_name: Option<Bytes>,
    /// The client profile (`$xavp(tls=>server_id)`).
    pub server_id: Option<Bytes>,
}
