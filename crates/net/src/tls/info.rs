//! What a finished handshake has settled.

use bytes::Bytes;
use rustls::pki_types::UnixTime;
use rustls::{CommonState, ServerConnection};

use super::TlsClient;
use super::cipher::name_and_bits;
use super::server::Met;
use super::trust::{Role, Trust, Verdict};

/// The TLS side of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLSv1.2` or `TLSv1.3`, as Kamailio's `$tls_version` says it.
    pub version: &'static str,
    /// The cipher suite by OpenSSL's name.
    pub cipher: &'static str,
    /// The bits of its key.
    pub cipher_bits: u32,
    /// The server name that was asked for.
    pub sni: Option<String>,
    /// The peer's own certificate, DER.
    pub peer_certificate: Option<Bytes>,
    /// What is thought of the peer's certificate.
    pub verdict: Verdict,
    /// Our certificate, DER.
    pub own_certificate: Option<Bytes>,
}

impl TlsInfo {
    pub(crate) fn of_server(connection: &ServerConnection, met: &Met) -> Self {
        Self {
            sni: connection.server_name().map(str::to_owned),
            own_certificate: met.own(),
            ..Self::of(connection, Role::Client, met.looks.as_ref(), met.verified)
        }
    }

    /// `sni` is the name that was asked for.
    pub(crate) fn of_client(
        connection: &CommonState,
        client: &TlsClient,
        sni: Option<String>,
    ) -> Self {
        let (looks, verified) = client.looks();
        Self {
            sni,
            own_certificate: client.own(),
            ..Self::of(connection, Role::Server, looks.as_ref(), verified)
        }
    }

    fn of(connection: &CommonState, role: Role, looks: Option<&Trust>, verified: bool) -> Self {
        let chain = connection.peer_certificates().unwrap_or_default();
        let verdict = match looks {
            _ if chain.is_empty() => Verdict::Unknown,
            Some(trust) => trust.verdict(chain, role, UnixTime::now()),
            None if verified => Verdict::Verified,
            None => Verdict::Unknown,
        };
        let suite = connection.negotiated_cipher_suite();
        let (cipher, cipher_bits) =
            suite.map_or(("unknown", 0), |suite| name_and_bits(suite.suite()));
        Self {
            version: match connection.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            cipher,
            cipher_bits,
            sni: None,
            peer_certificate: chain.first().map(|leaf| Bytes::copy_from_slice(leaf)),
            verdict,
            own_certificate: None,
        }
    }
}
