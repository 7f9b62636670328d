//! What a finished handshake has settled.

use bytes::Bytes;
use rustls::{CommonState, ServerConnection};

/// The TLS side of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLSv1.2` or `TLSv1.3`, as Kamailio's `$tls_version` says it.
    pub version: &'static str,
    /// The cipher suite by its IANA name.
    pub cipher: &'static str,
    /// The server name the peer asked for; absent on connections of ours.
    pub sni: Option<String>,
    /// The peer's own certificate, DER.
    pub peer_certificate: Option<Bytes>,
    /// The peer's certificate was checked against the certificate authorities, and on connections of
    /// ours against the name.
    pub peer_verified: bool,
}

impl TlsInfo {
    pub(crate) fn of_server(connection: &ServerConnection) -> Self {
        let sni = connection.server_name().map(str::to_owned);
        // A server asks for a certificate only in order to verify it.
        Self {
            sni,
            ..Self::of(connection, true)
        }
    }

    pub(crate) fn of_client(connection: &CommonState, verified: bool) -> Self {
        Self::of(connection, verified)
    }

    fn of(connection: &CommonState, verified: bool) -> Self {
        let leaf = connection
            .peer_certificates()
            .and_then(|chain| chain.first());
        let peer_certificate = leaf.map(|leaf| Bytes::copy_from_slice(leaf));
        Self {
            version: match connection.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            cipher: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown"),
            sni: None,
            peer_verified: verified && peer_certificate.is_some(),
            peer_certificate,
        }
    }
}
