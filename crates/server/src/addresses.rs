//! Interfaces, host names and our own names, from the system.

use policy::{Addresses, SourceOf};
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

/// The system's answers.
pub(crate) struct System;

impl Addresses for System {
    fn of_name(&self, name: &str) -> Vec<IpAddr> {
        let of_interface: Vec<IpAddr> = interfaces()
            .into_iter()
            .filter(|interface| interface.name == name)
            .map(|i| i.address)
            .collect();
        if !of_interface.is_empty() {
            return of_interface;
        }
        // Once, before a socket opens: the system's resolver may block here.
        let found = (name, 0)
            .to_socket_addrs()
            .map(|all| all.map(|addr| addr.ip()).collect());
        let mut found: Vec<IpAddr> = found.unwrap_or_default();
        found.dedup();
        found
    }

    fn all(&self) -> Vec<IpAddr> {
        own()
    }

    fn host_names(&self) -> Vec<String> {
        host_name().into_iter().collect()
    }

    fn source(&self) -> Option<SourceOf> {
        Some(Arc::new(net::source_to))
    }
}

/// The addresses of all interfaces that are up, link-local ones left out.
pub(crate) fn own() -> Vec<IpAddr> {
    let usable = interfaces()
        .into_iter()
        .filter(|interface| interface.up && interface.scope_id == 0);
    usable.map(|interface| interface.address).collect()
}

/// The name of this host.
pub(crate) fn host_name() -> Option<String> {
    nix::unistd::gethostname()
        .ok()?
        .into_string()
        .ok()
        .filter(|name| !name.is_empty())
}

fn interfaces() -> Vec<net::Interface> {
    net::interfaces().unwrap_or_default()
}
