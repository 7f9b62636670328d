//! What scripts and operators may know of TLS connections.

use super::Tls;
use super::certificate::certificate;
use net::stream::{ConnId, Info, Kind, Streams};
use net::tls::{TlsInfo, Verdict};
use policy::{ConnectionId, TlsConnection, TlsConnections, TlsListed, TlsTotals, TlsVerdict};
use std::sync::Arc;

impl TlsConnections for Tls {
    fn tls(&self, connection: ConnectionId) -> Option<Arc<TlsConnection>> {
        known(self.0.streams.get()?, ConnId::new(connection.0))
    }

    fn list(&self) -> Vec<TlsListed> {
        let Some(streams) = self.0.streams.get() else {
            return Vec::new();
        };
        let all = streams.list();
        let secured = all.iter().filter(|info| info.kind == Kind::Tls);
        let lifetime_s = self.bounds().connection_lifetime_s.into();
        secured
            .map(|info| listed(streams, info, lifetime_s))
            .collect()
    }

    fn totals(&self) -> TlsTotals {
        let Some(streams) = self.0.streams.get() else {
            return TlsTotals::default();
        };
        let counters = streams.counters();
        let all = streams.list();
        let secured = all.iter().filter(|info| info.kind == Kind::Tls);
        TlsTotals {
            max_connections: self.bounds().tls_max_connections,
            connections: counters.tls_connections,
            queued_bytes: secured.map(|info| info.queued_bytes).sum(),
            handshakes_failed: counters.handshakes_failed,
            handshakes_refused: counters.handshakes_refused,
        }
    }

    fn reload(&self, config: Option<String>) -> Result<(), String> {
        Tls::reload(self, config.as_deref())
    }
}

/// Certificates are read once for each connection.
fn known(streams: &Streams, id: ConnId) -> Option<Arc<TlsConnection>> {
    streams.tls_note(id, connection)
}

fn connection(info: &TlsInfo) -> TlsConnection {
    TlsConnection {
        version: info.version.into(),
        cipher: info.cipher.into(),
        cipher_bits: info.cipher_bits,
        server_name: info.sni.clone().map(Into::into),
        peer: info.peer_certificate.as_deref().map(certificate),
        verdict: match info.verdict {
            Verdict::Unknown => TlsVerdict::Unknown,
            Verdict::Verified => TlsVerdict::Verified,
            Verdict::Revoked => TlsVerdict::Revoked,
            Verdict::Expired => TlsVerdict::Expired,
            Verdict::SelfSigned => TlsVerdict::SelfSigned,
            Verdict::Invalid => TlsVerdict::Invalid,
        },
        own: info.own_certificate.as_deref().map(certificate),
    }
}

fn listed(streams: &Streams, info: &Info, lifetime_s: u64) -> TlsListed {
    TlsListed {
        connection: ConnectionId(info.id.number()),
        inbound: info.inbound,
        peer: info.peer,
        local: info.local,
        tls: known(streams, info.id),
        queued_bytes: info.queued_bytes,
        timeout_s: lifetime_s.saturating_sub(info.idle.as_secs()),
    }
}
