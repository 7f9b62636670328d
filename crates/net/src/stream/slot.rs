//! The right to exist as a connection, counted.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use super::core::Core;
use super::event::Kind;

/// A place among [`Config::max_connections`](super::Config); dropping it frees the place.
pub struct Slot(Option<Taken>);

struct Taken {
    core: Arc<Core>,
    kind: Kind,
    source: Option<IpAddr>,
}

/// Why a connection was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// All places are taken and no connection may be evicted.
    Full,
    /// The source has its share.
    Source,
    /// The server stops.
    Stopping,
}

impl Slot {
    /// A slot that counts nothing, for events made by tests.
    pub fn uncounted() -> Self {
        Self(None)
    }

    pub(super) fn new(core: Arc<Core>, kind: Kind, source: Option<IpAddr>) -> Self {
        Self(Some(Taken { core, kind, source }))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(taken) = self.0.take() {
            taken.core.table.lock().release(taken.kind, taken.source);
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "too many connections",
            Self::Source => "too many connections from one source",
            Self::Stopping => "the server stops",
        })
    }
}

impl std::error::Error for Refusal {}

/// What counts as one source: an IPv4 address, or an IPv6 /64, as that is what one subscriber gets.
pub(super) fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}
