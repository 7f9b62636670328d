//! The addresses of this host, to expand `listen=eth0` and an absent `listen`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;

/// One address of one network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The system's name, such as `eth0`.
    pub name: String,
    /// The address; an interface with several appears once for each.
    pub address: IpAddr,
    /// IPv6 zone; 0 unless the address is link-local.
    pub scope_id: u32,
    /// The interface is switched on.
    pub up: bool,
    /// The interface leads back to this host.
    pub loopback: bool,
}

/// Lists IPv4 and IPv6 addresses of all interfaces, in the system's order.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let list = getifaddrs()?;
    Ok(list
        .filter_map(|entry| {
            let (address, scope_id) = ip(&entry.address?)?;
            Some(Interface {
                name: entry.interface_name,
                address,
                scope_id,
                up: entry.flags.contains(InterfaceFlags::IFF_UP),
                loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
            })
        })
        .collect())
}

fn ip(address: &SockaddrStorage) -> Option<(IpAddr, u32)> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some((IpAddr::V4(v4.ip()), 0));
    }
    let v6 = address.as_sockaddr_in6()?;
    Some((IpAddr::V6(v6.ip()), v6.scope_id()))
}

/// The address of ours from which the system would send to `peer`; none where there is no way. Nothing
/// is sent. Costs three system calls.
pub fn source_to(peer: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match peer {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(peer).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_listed() {
        let all = interfaces().expect("the system lists its interfaces");
        let found = all
            .iter()
            .find(|i| i.address == IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert!(
            found.is_some_and(|i| i.loopback && i.up && !i.name.is_empty()),
            "{all:?}"
        );
    }
}
