//! What a URI says about where it leads: RFC 3263 section 4.1.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use sip::{Scheme, Uri};

use crate::Transport;

/// The next hop as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Host name in lower case; empty where the host is an address.
    pub host: Bytes,
    /// The address, if the host is one.
    pub address: Option<IpAddr>,
    /// Port, if written.
    pub port: Option<u16>,
    /// The transport, if written or implied by `sips:`.
    pub transport: Option<Transport>,
    /// Whether only TLS will do.
    pub secure: bool,
}

/// Why a URI leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DestinationError {
    /// Its scheme has no host: `tel:`, `urn:` and foreign ones.
    NoHost,
    /// Its `transport` is none that we speak.
    Transport,
    /// Port 0.
    Port,
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DestinationError::NoHost => "URI without a host",
            DestinationError::Transport => "unknown transport",
            DestinationError::Port => "port 0",
        })
    }
}

impl std::error::Error for DestinationError {}

impl Destination {
    /// The destination of a `sip:` or `sips:` URI.
    ///
    /// # Errors
    /// [`DestinationError`].
    pub fn of(uri: &Uri<'_>) -> Result<Self, DestinationError> {
        if !uri.is_sip() || uri.host.is_empty() {
            return Err(DestinationError::NoHost);
        }
        if uri.port == Some(0) {
            return Err(DestinationError::Port);
        }
        let secure = uri.scheme == Scheme::Sips;
        let written = match uri.param(b"transport").and_then(|p| p.value) {
            Some(name) => Some(Transport::parse(name).ok_or(DestinationError::Transport)?),
            None => None,
        };
        let address = uri.host_addr().map(|ip| ip.to_canonical());
        let host = match address {
            Some(_) => Bytes::new(),
            None => uri.host.to_ascii_lowercase().into(),
        };
        Ok(Destination {
            host,
            address,
            port: uri.port,
            transport: if secure {
                Some(secured(written))
            } else {
                written
            },
            secure,
        })
    }

    /// The transport without asking DNS: the written one, else UDP.
    pub fn transport_or_default(&self) -> Transport {
        self.transport.unwrap_or(Transport::Udp)
    }

    /// The name to ask SRV for (RFC 3263 4.1, RFC 7118 has none).
    pub(super) fn srv_name(&self) -> Option<Bytes> {
        let service: &[u8] = match self.transport_or_default() {
            Transport::Udp => b"_sip._udp.",
            Transport::Tcp => b"_sip._tcp.",
            Transport::Tls => b"_sips._tcp.",
            Transport::Ws | Transport::Wss => return None,
        };
        Some([service, self.host.as_ref()].concat().into())
    }
}

/// `sips:` over a transport that is not encrypted means the encrypted one on top of it (RFC 3261
/// 26.2.2).
fn secured(written: Option<Transport>) -> Transport {
    match written {
        Some(Transport::Ws | Transport::Wss) => Transport::Wss,
        _ => Transport::Tls,
    }
}
