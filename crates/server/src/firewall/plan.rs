//! What a firewall has to know of the server and its host.

use super::What;
use super::open_port::{OpenPort, PortRange};
use crate::command::loaded;
use crate::load::Ground;
use policy::{Identity, Proto, Source};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use store::DbUrl;
use store_sqlite::{Options, SqliteStore};

/// Everything that the ruleset is made from.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The interface to the outside.
    pub(super) interface: String,
    /// Its addresses.
    pub(super) own: Vec<IpAddr>,
    /// Ports of the server.
    pub(super) udp: BTreeSet<u16>,
    pub(super) tcp: BTreeSet<u16>,
    /// Who is trusted.
    pub(super) trusted: Vec<Source>,
    /// Ports of a media relay.
    pub(super) rtp: Option<PortRange>,
    /// Other ports that stay open.
    pub(super) open: Vec<OpenPort>,
}

impl Plan {
    /// The plan for a configuration on this host.
    ///
    /// # Errors
    /// What is wrong with the configuration, or which interface is missing.
    pub(super) fn of(what: &What) -> Result<Plan, String> {
        let (ready, ground) = loaded(&what.run)?;
        let interface = match &what.interface {
            Some(name) => checked(name)?,
            None => default_interface()
                .ok_or("which interface leads outside? write --interface NAME")?,
        };
        let interfaces = net::interfaces().unwrap_or_default();
        let own = interfaces.iter().filter(|own| own.name == interface);
        let mut plan = Plan {
            own: own.map(|own| own.address).collect(),
            interface,
            trusted: what.trusted.clone(),
            rtp: what.rtp,
            open: what.open.clone(),
            ..Plan::default()
        };
        plan.add_ports(&ready.config.identity)?;
        plan.trusted.extend(trusted_in(&ground));
        Ok(plan)
    }

    fn add_ports(&mut self, identity: &Identity) -> Result<(), String> {
        let outside = |socket: &&policy::Socket| !socket.addr.ip().is_loopback();
        for socket in identity.sockets.iter().filter(outside) {
            let ports = match socket.proto {
                Proto::Udp => &mut self.udp,
                _ => &mut self.tcp,
            };
            ports.insert(socket.addr.port());
        }
        match self.udp.is_empty() && self.tcp.is_empty() {
            true => Err(
                "this configuration listens on loopback alone: nothing is to be opened".to_owned(),
            ),
            false => Ok(()),
        }
    }
}

/// The trusted peers in the databases of a configuration: group 1 of table `address`. A database that is
/// not there yet, or has no such table, has none.
fn trusted_in(ground: &Ground) -> Vec<Source> {
    let mut trusted = Vec::new();
    for url in ground.databases.urls() {
        let Ok(url) = DbUrl::parse(&url) else {
            continue;
        };
        let path = Path::new(&url.database);
        if !path.exists() {
            continue;
        }
        let store = SqliteStore::open(path, Options::default()).ok();
        let listed = store.and_then(|store| control::trunks::list(&store).ok());
        let listed = listed.into_iter().flatten();
        trusted.extend(listed.filter_map(|text| Source::parse(&text).ok()));
    }
    trusted
}

/// A name that an interface can have, which needs no quoting.
fn checked(name: &str) -> Result<String, String> {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-@:".contains(&byte);
    match !name.is_empty() && name.len() < 16 && name.bytes().all(is_sound) {
        true => Ok(name.to_owned()),
        false => Err(format!("{name:?} is no name of an interface")),
    }
}

/// The interface of the default route (proc(5), `/proc/net/route`).
fn default_interface() -> Option<String> {
    let table = std::fs::read_to_string("/proc/net/route").ok()?;
    let mut routes = table.lines().skip(1).map(|line| {
        let mut fields = line.split_ascii_whitespace();
        (
            fields.next().unwrap_or_default(),
            fields.next(),
            fields.nth(5),
        )
    });
    let default = routes.find(|(_, to, mask)| *to == Some("00000000") && *mask == Some("00000000"));
    default.and_then(|(name, _, _)| checked(name).ok())
}
