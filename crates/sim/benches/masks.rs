//! What it costs to hide the addresses of an INVITE of 886 octets, and to open the masks in its answer, with each
//! encoding of `topoh`: `cargo bench -p ringwall-sim --bench masks`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run stops")]

#[path = "../../../fuzz/fuzz_targets/hooked/mod.rs"]
mod hooked;

use bytes::Bytes;
use divan::{Bencher, black_box};
use hooked::{flow, loaded, read};
use policy::{Config, Incoming, MessageHook, Notes, Now, Outgoing, Received, Sent, Stores};
use sip::Message;
use std::sync::Arc;
use store::Store;

const INVITE: &[u8] = include_bytes!("../../sip/benches/invite.sip");
const MODES: [&str; 2] = ["kamailio", "sealed"];

fn main() {
    divan::main();
}

#[divan::bench(args = MODES)]
fn hide(bencher: Bencher, mode: &str) {
    let topoh = Topoh::new(mode);
    let message = read(relayed()).expect("a message");
    bencher.bench_local(|| topoh.hide(black_box(&message)));
}

#[divan::bench(args = MODES)]
fn open(bencher: Bencher, mode: &str) {
    let topoh = Topoh::new(mode);
    let message = read(relayed()).expect("a message");
    let reply = read(answered(&topoh.hide(&message))).expect("a reply");
    bencher.bench_local(|| assert!(topoh.open(black_box(&reply))));
}

/// The INVITE as it is about to leave, below our own Via.
fn relayed() -> Bytes {
    const VIA: &[u8] = b"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK6d1b.1\r\n";
    let line = INVITE.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (first, headers) = INVITE.split_at_checked(line + 1).unwrap_or_default();
    [first, VIA, headers].concat().into()
}

/// A reply with the headers of the request.
fn answered(request: &[u8]) -> Bytes {
    let line = request.iter().position(|byte| *byte == b'\n');
    let headers = line.and_then(|end| request.get(end..)).unwrap_or_default();
    [b"SIP/2.0 200 OK\r", headers].concat().into()
}

/// A configuration that hides, and nothing else.
struct Topoh(Config);

impl Topoh {
    fn new(mode: &str) -> Topoh {
        let text = format!(
            "listen=udp:127.0.0.1:5060\nloadmodule \"topoh.so\"\nmodparam(\"topoh\", \"mask_key\", \"a key of the benchmark\")\n\
             modparam(\"topoh\", \"mask_mode\", \"{mode}\")\nmodparam(\"topoh\", \"mask_callid\", 1)\nrequest_route {{ exit; }}\n"
        );
        Topoh(loaded(text, &NoStores))
    }

    fn hook(&self) -> &dyn MessageHook {
        let hooks = &self.0.installed.message_hooks;
        &**hooks.first().expect("topoh")
    }

    fn hide(&self, message: &Arc<Message>) -> Bytes {
        let notes = Notes::new();
        let sent = self.hook().on_send(&Outgoing {
            message,
            flow: flow(),
            now: Now::default(),
            config: &self.0,
            request: None,
            notes: &notes,
            may_wait: false,
        });
        match sent {
            Sent::Replaced(bytes) => bytes,
            _ => panic!("the INVITE has something to hide"),
        }
    }

    /// Whether there was something to open.
    fn open(&self, message: &Arc<Message>) -> bool {
        let incoming = Incoming {
            message,
            flow: flow(),
            now: Now::default(),
            config: &self.0,
        };
        matches!(self.hook().on_receive(&incoming), Received::Replaced(..))
    }
}

struct NoStores;

impl Stores for NoStores {
    fn open(&self, url: &str) -> Result<Arc<dyn Store>, String> {
        Err(format!("no database at {url}"))
    }
}
