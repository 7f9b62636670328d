//! Who we are: the sockets we listen on and the names that mean us.

use crate::{Proto, SocketId};
use bytes::Bytes;
use std::cell::LazyCell;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its index.
    pub id: SocketId,
    /// Its transport.
    pub proto: Proto,
    /// The address it is bound to.
    pub addr: SocketAddr,
    /// `advertise host:port`: what Via, Record-Route and Contact say instead.
    pub advertise: Option<(Bytes, u16)>,
    /// `name "…"`.
    pub name: Option<Bytes>,
    /// How the address is written in a message: brackets around IPv6, or the advertised host.
    pub host: Bytes,
    /// The port that is written in a message.
    pub port: u16,
    /// Where it is bound, `udp:127.0.0.1:5060`.
    pub text: Bytes,
}

impl Socket {
    /// A socket that advertises `advertise`, or its own address.
    pub fn new(
        id: SocketId,
        proto: Proto,
        addr: SocketAddr,
        advertise: Option<(Bytes, u16)>,
    ) -> Socket {
        let own = Bytes::from(host_text(addr.ip()));
        let (host, port) = advertise.clone().unwrap_or((own, addr.port()));
        let port = if port == 0 { addr.port() } else { port };
        Socket {
            id,
            proto,
            addr,
            advertise,
            name: None,
            host,
            port,
            text: format!("{proto}:{}:{}", host_text(addr.ip()), addr.port()).into(),
        }
    }
}

/// An address as it stands in SIP: IPv6 in brackets.
pub fn host_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A name of ours (`alias=`); a port or transport that is not given means any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The transport it is limited to.
    pub proto: Option<Proto>,
    /// The name, in lower case.
    pub host: Bytes,
    /// The port it is limited to, 0 for any.
    pub port: u16,
    /// True where every name below it is ours too (corex `alias_subdomains`).
    pub subdomains: bool,
}

/// Says whether a domain is served here, beyond sockets and aliases (domain `register_myself`).
pub type IsLocalDomain = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Our sockets and names.
#[derive(Clone, Default)]
pub struct Identity {
    /// The listening sockets; the index is the [`SocketId`].
    pub sockets: Vec<Socket>,
    /// The names of `alias=` and the ones found at start.
    pub aliases: Vec<Alias>,
    /// What modules add.
    pub domains: Vec<IsLocalDomain>,
    /// From which of our addresses the system reaches a peer; there with `mhomed=1`.
    pub source: Option<SourceOf>,
}

/// The sockets of a configuration, for modules that start before they are known. Cheap to clone.
#[derive(Clone, Default)]
pub struct OwnSockets(Arc<OnceLock<Vec<Socket>>>);

impl OwnSockets {
    /// These are they; called once, when every module has started.
    pub(crate) fn know(&self, sockets: &[Socket]) {
        self.0.get_or_init(|| sockets.to_vec());
    }

    /// True where a socket of ours is bound to this address; before they are known, any is.
    pub fn has(&self, proto: Proto, addr: SocketAddr) -> bool {
        self.0.get().is_none_or(|sockets| {
            let mut sockets = sockets.iter();
            sockets.any(|socket| socket.proto == proto && socket.addr == addr)
        })
    }
}

/// The address of ours from which the system would send to a peer. Must not wait.
pub type SourceOf = Arc<dyn Fn(SocketAddr) -> Option<IpAddr> + Send + Sync>;

impl Identity {
    /// The socket with this id.
    pub fn socket(&self, id: SocketId) -> Option<&Socket> {
        self.sockets.get(usize::from(id.0))
    }

    /// The socket bound to this address.
    pub fn find(&self, proto: Proto, addr: SocketAddr) -> Option<&Socket> {
        self.sockets
            .iter()
            .find(|socket| socket.proto == proto && socket.addr == addr)
    }

    /// The socket of ours that a text such as `udp:127.0.0.1:5060` names, by address or by its own name.
    pub fn named(&self, text: &[u8]) -> Option<&Socket> {
        let text = std::str::from_utf8(text).ok()?;
        let (proto, rest) = text.split_once(':')?;
        let (host, port) = rest.rsplit_once(':')?;
        let proto = Proto::parse(proto.as_bytes())?;
        let port: u16 = port.parse().ok()?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let by_address = bare
            .parse()
            .ok()
            .and_then(|ip| self.find(proto, SocketAddr::new(ip, port)));
        by_address.or_else(|| {
            self.sockets.iter().find(|socket| {
                socket.proto == proto
                    && socket.port == port
                    && socket.host.eq_ignore_ascii_case(host.as_bytes())
            })
        })
    }

    /// The socket from whose address the system reaches `peer` (`mhomed`).
    pub fn routed(&self, proto: Proto, peer: SocketAddr) -> Option<SocketId> {
        let from = self.source.as_ref()?(peer)?;
        let fits = |socket: &&Socket| socket.proto == proto && socket.addr.ip() == from;
        self.sockets.iter().find(fits).map(|socket| socket.id)
    }

    /// The first socket of this transport that can reach `peer`: same address family, the
    /// `preferred` one where it fits.
    pub fn socket_to(
        &self,
        proto: Proto,
        peer: IpAddr,
        preferred: Option<SocketId>,
    ) -> Option<&Socket> {
        let fits =
            |socket: &&Socket| socket.proto == proto && socket.addr.is_ipv4() == peer.is_ipv4();
        let preferred = preferred.and_then(|id| self.socket(id)).filter(fits);
        let same_side = |socket: &&Socket| socket.addr.ip().is_loopback() == peer.is_loopback();
        preferred
            .or_else(|| self.sockets.iter().filter(fits).find(same_side))
            .or_else(|| self.sockets.iter().find(fits))
    }

    /// True where host, port and transport mean this server. A port of 0 and no transport match
    /// any of ours.
    pub fn is_myself(&self, host: &[u8], port: u16, proto: Option<Proto>) -> bool {
        self.is_socket(host, port, proto)
            || self
                .aliases
                .iter()
                .any(|alias| alias.matches(host, port, proto))
            || self.domains.iter().any(|is_local| is_local(host))
    }

    fn is_socket(&self, host: &[u8], port: u16, proto: Option<Proto>) -> bool {
        // Ports differ more often than hosts, and are compared at once.
        let mut sockets = self.sockets.iter().filter(|socket| {
            let same_port = port == 0 || port == socket.addr.port() || port == socket.port;
            same_port && proto.is_none_or(|proto| proto == socket.proto)
        });
        let address = LazyCell::new(|| address_of(host));
        sockets.any(|socket| {
            socket.host.eq_ignore_ascii_case(host) || *address == Some(socket.addr.ip())
        })
    }
}

impl Alias {
    fn matches(&self, host: &[u8], port: u16, proto: Option<Proto>) -> bool {
        let same_host =
            self.host.eq_ignore_ascii_case(host) || (self.subdomains && self.is_above(host));
        let same_port = port == 0 || self.port == 0 || port == self.port;
        let same_proto = proto.is_none() || self.proto.is_none() || proto == self.proto;
        same_host && same_port && same_proto
    }

    fn is_above(&self, host: &[u8]) -> bool {
        let Some(split) = host.len().checked_sub(self.host.len()) else {
            return false;
        };
        let (front, back) = host.split_at(split);
        front.ends_with(b".") && back.eq_ignore_ascii_case(&self.host)
    }
}

/// The address that a host part of a URI or Via is, if it is one; brackets may be there.
pub fn address_of(host: &[u8]) -> Option<IpAddr> {
    // Most host parts that are names begin with a letter; they need not be tried.
    let first = *host.first()?;
    if !(first.is_ascii_digit() || first == b'[' || first == b':' || host.contains(&b':')) {
        return None;
    }
    let inner = host
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"))
        .unwrap_or(host);
    std::str::from_utf8(inner).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let udp = Socket::new(
            SocketId(0),
            Proto::Udp,
            "127.0.0.1:5060".parse().unwrap(),
            None,
        );
        let advertised = Some((Bytes::from_static(b"sip.example.test"), 0));
        let tls = Socket::new(
            SocketId(1),
            Proto::Tls,
            "127.0.0.1:5061".parse().unwrap(),
            advertised,
        );
        let host = Bytes::from_static(b"example.test");
        let alias = Alias {
            proto: None,
            host,
            port: 0,
            subdomains: true,
        };
        Identity {
            sockets: vec![udp, tls],
            aliases: vec![alias],
            domains: Vec::new(),
            source: None,
        }
    }

    #[test]
    fn the_system_tells_from_where_a_peer_is_reached() {
        let mut me = identity();
        let peer = "192.0.2.1:5060".parse().expect("an address");
        assert_eq!(me.routed(Proto::Udp, peer), None);
        let home: IpAddr = "127.0.0.1".parse().expect("an address");
        me.source = Some(Arc::new(move |_| Some(home)));
        let found = me.routed(Proto::Tls, peer).and_then(|id| me.socket(id));
        assert_eq!(found.map(|socket| socket.addr.port()), Some(5061));
        assert_eq!(me.routed(Proto::Tcp, peer), None);
    }

    #[test]
    fn sockets_aliases_and_advertised_names_are_us() {
        let me = identity();
        assert!(me.is_myself(b"127.0.0.1", 5060, None));
        assert!(me.is_myself(b"127.0.0.1", 0, Some(Proto::Tls)));
        assert!(!me.is_myself(b"127.0.0.1", 5070, None));
        assert!(!me.is_myself(b"127.0.0.1", 5060, Some(Proto::Tls)));
        assert!(me.is_myself(b"SIP.example.test", 5061, None));
        assert!(me.is_myself(b"pbx.Example.Test", 0, None));
        assert!(!me.is_myself(b"notexample.test", 0, None));
    }
}
