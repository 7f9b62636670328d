//! A loopback network for each scenario, so that they run side by side on the ports they name.

use crate::Scenario;
use std::net::UdpSocket;

/// A network `127.x.y`, ours while this lives.
pub(crate) struct Network {
    prefix: String,
    /// Whoever has this socket has the network.
    _claim: UdpSocket,
}

impl Network {
    /// Takes a free network. A scenario with `[::1]` waits until no other has that address.
    pub(crate) fn take(scenario: &Scenario) -> Result<Network, String> {
        if scenario.text.contains("[::1]") {
            return Network::claim("127.64.0").ok_or_else(|| "[::1] is taken".to_owned());
        }
        let first = std::process::id();
        (0..NETWORKS)
            .map(|step| first.wrapping_mul(31).wrapping_add(step) % NETWORKS)
            .find_map(|number| {
                Network::claim(&format!("127.{}.{}", 65 + number / 200, number % 200))
            })
            .ok_or_else(|| "every loopback network is taken".to_owned())
    }

    /// What stands for `127.0.0`.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    fn claim(prefix: &str) -> Option<Network> {
        let claim = UdpSocket::bind(format!("{prefix}.254:{CLAIM_PORT}")).ok()?;
        Some(Network {
            prefix: prefix.to_owned(),
            _claim: claim,
        })
    }
}

const NETWORKS: u32 = 20_000;
const CLAIM_PORT: u16 = 5999;
