//! Where replies go: RFC 3261 18.2.1 and 18.2.2, RFC 3581.
//!
//! A reply always goes to the address that the request came from. `maddr`, a foreign `received` and
//! a host name in sent-by never lead it elsewhere, so that nobody can be flooded with our answers.

use std::net::{IpAddr, SocketAddr};

use sip::Via;

use crate::Transport;

/// What the top Via of a received request says about replies.
#[derive(Clone, Copy, Debug)]
pub struct SentBy {
    /// The host, where it is an address.
    pub address: Option<IpAddr>,
    /// Port, if written.
    pub port: Option<u16>,
    /// Whether there is an `rport` parameter.
    pub rport: bool,
    /// The port that the transport has without a written one: 5060, or 5061 for TLS.
    pub default_port: u16,
}

impl SentBy {
    /// That of a Via received over `transport`.
    #[inline]
    pub fn of(via: &Via<'_>, transport: Transport) -> Self {
        SentBy {
            address: via.host_addr(),
            port: via.port,
            rport: via.rport.is_some(),
            default_port: transport.default_port(),
        }
    }
}

/// The way back of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// The `received` parameter to add to the top Via.
    pub received: Option<IpAddr>,
    /// The value to give the `rport` parameter of the top Via, added if it is missing.
    pub rport: Option<u16>,
    /// Where replies go. Over a connection that is still open they go through it, else to this
    /// address.
    pub to: SocketAddr,
}

impl Return {
    /// The way back to `source` (RFC 3581 section 4). `force_rport` sends replies to the source
    /// port although the request did not ask for it.
    pub fn of(via: &SentBy, source: SocketAddr, force_rport: bool) -> Self {
        let to = Return::address(via, source, force_rport);
        let source = unmapped(source);
        let rport = via.rport || force_rport;
        // RFC 3581 adds received to an rport that was asked for also if it says the same as
        // sent-by; Kamailio does not so to a forced one.
        let received = (via.rport || via.address != Some(source.ip())).then(|| source.ip());
        Return {
            received,
            rport: rport.then_some(source.port()),
            to,
        }
    }

    /// Where replies go, without what the Via gets noted.
    pub fn address(via: &SentBy, source: SocketAddr, force_rport: bool) -> SocketAddr {
        let source = unmapped(source);
        if via.rport || force_rport {
            return source;
        }
        let port = via.port.filter(|port| *port != 0);
        SocketAddr::new(source.ip(), port.unwrap_or(via.default_port))
    }
}

/// An IPv4 peer of a socket for both families is an IPv4 peer.
fn unmapped(source: SocketAddr) -> SocketAddr {
    SocketAddr::new(source.ip().to_canonical(), source.port())
}
