//! Topology hiding, in each of its modes: what came is opened without a panic, what leaves hidden is a message
//! still, and nothing but 400 comes of masks that were changed.
//!
//! The first octet chooses a mode, the second and third an octet that is changed on the way, the rest is a message.
#![no_main]

mod hooked;

use bytes::Bytes;
use hooked::{flow, loaded, read};
use libfuzzer_sys::fuzz_target;
use policy::{Config, Incoming, Notes, Now, Outgoing, Received, Sent, Stores};
use sip::{Limits, Message};
use std::sync::{Arc, LazyLock};
use store::Store;

/// One configuration for each mode.
static CONFIGS: LazyLock<Vec<Config>> =
    LazyLock::new(|| ["kamailio", "sealed", "migrate"].map(configured).into());

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

fn receive(config: &Config, message: &Arc<Message>) {
    let incoming = Incoming { message, flow: flow(), now: Now::default(), config };
    for hook in &config.installed.message_hooks {
        match hook.on_receive(&incoming) {
            Received::Replaced(made, _) => {
                // Not every one of them passes the checks; none of them makes a panic. What is read by way of
                // the message that came is what is read without it.
                let limits = Limits::default();
                let whole = Message::parse(made.bytes().clone(), &limits.of_ours());
                let shape = |read: &Message| format!("{:?}", read.headers().collect::<Vec<_>>());
                let read = made.read(message, &limits);
                assert_eq!(read.ok().as_deref().map(shape), whole.as_ref().ok().map(shape));
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

fn configured(mode: &str) -> Config {
    loaded(
        format!(
            "listen=udp:127.0.0.1:5060\nloadmodule \"topoh.so\"\nmodparam(\"topoh\", \"mask_key\", \"a key of the fuzzer\")\n\
             modparam(\"topoh\", \"mask_mode\", \"{mode}\")\nmodparam(\"topoh\", \"mask_callid\", 1)\nrequest_route {{ exit; }}\n"
        ),
        &NoStores,
    )
}

struct NoStores;

impl Stores for NoStores {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        Err(format!("no database at {url}"))
    }
}
