//! What targets stand on that drive a message hook: a configuration made of a text, a way, messages.

use bytes::Bytes;
use policy::{
    Addresses, Config, ConnectionId, Counters, Extra, Flow, Loader, Logger, Proto, SocketId,
    States, Stores, World,
};
use script::{FileError, Files, Opened, Options};
use sip::{Limits, Message};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A message as the edge lets it through.
pub(crate) fn read(bytes: Bytes) -> Option<Arc<Message>> {
    let message = Message::parse(bytes, &Limits::default()).ok()?;
    message.check().is_ok().then(|| Arc::new(message))
}

/// The way of every message.
pub(crate) fn flow() -> Flow {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);
    Flow {
        proto: Proto::Udp,
        socket: SocketId(0),
        local: address,
        peer: address,
        connection: None::<ConnectionId>,
    }
}

/// The configuration of a text, with these databases.
pub(crate) fn loaded(text: String, stores: &dyn Stores) -> Config {
    let parsed = script::parse(&One(text), "main.cfg", &Options::default());
    let (counters, states) = (Counters::default(), States::default());
    let loader = Loader {
        entries: modules::ALL,
        world: World {
            counters: &counters,
            states: &states,
            stores,
        },
        logger: Logger::silent(),
        secret: [7; 32],
        addresses: &Loopback,
        extra: Extra::default(),
    };
    match loader.load(&parsed) {
        Ok(ready) => ready.config,
        Err(findings) => panic!("{}", script::render(&findings, &parsed.sources, false)),
    }
}

struct One(String);

impl Files for One {
    fn open(&self, _: Option<&str>, path: &str) -> Result<Opened, FileError> {
        Ok(Opened {
            path: path.to_owned(),
            text: self.0.clone().into_bytes(),
        })
    }
}

struct Loopback;

impl Addresses for Loopback {
    fn of_name(&self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }

    fn all(&self) -> Vec<IpAddr> {
        vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]
    }

    fn host_names(&self) -> Vec<String> {
        Vec::new()
    }
}
