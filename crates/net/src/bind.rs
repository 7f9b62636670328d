//! Why an address could not be bound, said in one line.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A local address that could not be opened.
#[derive(Debug)]
pub struct BindError {
    /// `udp`, `tcp` or `tls`.
    pub transport: &'static str,
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system said; [`io::ErrorKind::AddrInUse`] when another process has the address.
    pub source: io::Error,
}

impl BindError {
    pub(crate) fn new(transport: &'static str, address: SocketAddr, source: io::Error) -> Self {
        Self {
            transport,
            address,
            source,
        }
    }

    /// The address is taken, most likely by another instance of the server.
    pub fn is_in_use(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.transport, self.address)?;
        match self.source.kind() {
            io::ErrorKind::AddrInUse => f.write_str("address in use"),
            io::ErrorKind::AddrNotAvailable => {
                f.write_str("no interface of this host has this address")
            }
            io::ErrorKind::PermissionDenied => {
                f.write_str("permission denied (ports below 1024 need a privilege)")
            }
            _ => self.source.fmt(f),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
