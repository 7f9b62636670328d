//! Topology hiding, in each of its modes: what came is opened without a panic, what leaves hidden is a message
//! still, and nothing but 400 comes of masks that were changed.
//!
//! The first octet chooses a mode, the second and third an octet that is changed on the way, the rest is a message.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use policy::{
    Addresses, Config, ConnectionId, Counters, Extra, Flow, Incoming, Loader, Logger, Notes, Now,
    Outgoing, Proto, Received, Sent, SocketId, States, Stores, World,
};
use script::{FileError, Files, Opened, Options};
use sip::{Limits, Message};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use store::Store;

/// One configuration for each mode.
static CONFIGS: LazyLock<Vec<Config>> =
    LazyLock::new(|| ["kamailio", "sealed", "migrate"].map(loaded).into());

fuzz_target!(|input: &[u8]| {
    let [mode, high, low, text @ ..] = input else { return };
    let Some(config) = CONFIGS.get(usize::from(*mode) % 3) else { return };
    let Some(message) = read(Bytes::copy_from_slice(text)) else { return };
    receive(config, &message);
    let Some(hidden) = send(config, &message) else { return };
    let hidden = read(hidden).expect("what is hidden is a message still");
    receive(config, &hidden);
    let at = usize::from(u16::from_be_bytes([*high, *low]));
    let mut changed = hidden.bytes().to_vec();
    if let Some(octet) = changed.get_mut(at) {
        *octet = octet.wrapping_add(1);
    }
    if let Some(changed) = read(changed.into()) {
        receive(config, &changed);
    }
});

/// A message as the edge lets it through.
fn read(bytes: Bytes) -> Option<Arc<Message>> {
    let message = Message::parse(bytes, &Limits::default()).ok()?;
    message.check().is_ok().then(|| Arc::new(message))
}

fn receive(config: &Config, message: &Arc<Message>) {
    let incoming = Incoming { message, flow: flow(), now: Now::default(), config };
    for hook in &config.installed.message_hooks {
        match hook.on_receive(&incoming) {
            Received::Replaced(bytes, _) => {
                // Not every one of them passes the checks; none of them makes a panic.
                let _ = Message::parse(bytes, &Limits::default());
            }
            Received::Refused { code, .. } => assert_eq!(code, 400),
            Received::Unchanged(_) => {}
            Received::Dropped | Received::Wait(..) => panic!("topoh does neither"),
        }
    }
}

fn send(config: &Config, message: &Arc<Message>) -> Option<Bytes> {
    let notes = Notes::new();
    let outgoing = Outgoing {
        message,
        flow: flow(),
        now: Now::default(),
        config,
        request: None,
        notes: &notes,
        may_wait: false,
    };
    match config.installed.message_hooks.first()?.on_send(&outgoing) {
        Sent::Replaced(bytes) => Some(bytes),
        _ => None,
    }
}

fn flow() -> Flow {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);
    Flow {
        proto: Proto::Udp,
        socket: SocketId(0),
        local: address,
        peer: address,
        connection: None::<ConnectionId>,
    }
}

fn loaded(mode: &str) -> Config {
    let text = format!(
        "listen=udp:127.0.0.1:5060\nloadmodule \"topoh.so\"\nmodparam(\"topoh\", \"mask_key\", \"a key of the fuzzer\")\n\
         modparam(\"topoh\", \"mask_mode\", \"{mode}\")\nmodparam(\"topoh\", \"mask_callid\", 1)\nrequest_route {{ exit; }}\n"
    );
    let parsed = script::parse(&One(text), "main.cfg", &Options::default());
    let (counters, states) = (Counters::default(), States::default());
    let loader = Loader {
        entries: modules::ALL,
        world: World { counters: &counters, states: &states, stores: &NoStores },
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
        Ok(Opened { path: path.to_owned(), text: self.0.clone().into_bytes() })
    }
}

struct NoStores;

impl Stores for NoStores {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        Err(format!("no database at {url}"))
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
