//! Topology hiding with state: whatever a database or Redis says of a dialog or a branch, messages are restored and
//! stripped without a panic, and nothing waits for ever.
//!
//! The first octet chooses the storage, the second the message: one within a dialog, one that begins one, a reply, or
//! what the input ends with. The rest, cut at 0xfe, is what the storage answers: cells, or names and values.
#![no_main]

mod hooked;

use bytes::Bytes;
use hooked::{flow, loaded, read};
use libfuzzer_sys::fuzz_target;
use policy::{
    Answer, Arrival, Config, Context, Effect, Incoming, Notes, Now, Outgoing, Received, Routes, Sent,
    Stores,
};
use sip::Message;
use std::sync::{Arc, LazyLock};
use store::keys::{Command, Heard, KeyServer, KeyStore, Said};
use store::{Cell, Done, Operation, Outcome, Rows, Store};

/// One configuration for each storage.
static CONFIGS: LazyLock<Vec<Arc<Config>>> =
    LazyLock::new(|| [DATABASE, REDIS].map(|text| Arc::new(loaded(text.to_owned(), &Away))).into());

const DATABASE: &str = "listen=udp:127.0.0.1:5060\nloadmodule \"db_sqlite.so\"\nloadmodule \"rr.so\"\nloadmodule \"topos.so\"\n\
    modparam(\"topos\", \"db_url\", \"sqlite:///db\")\nmodparam(\"topos\", \"mask_callid\", 1)\n\
    modparam(\"topos\", \"rr_update\", 1)\nrequest_route { exit; }\n";

const REDIS: &str = "listen=udp:127.0.0.1:5060\nloadmodule \"rr.so\"\nloadmodule \"ndb_redis.so\"\nloadmodule \"topos.so\"\n\
    loadmodule \"topos_redis.so\"\nmodparam(\"ndb_redis\", \"server\", \"name=s;addr=127.0.0.1;port=6379\")\n\
    modparam(\"topos\", \"storage\", \"redis\")\nmodparam(\"topos\", \"mask_callid\", 1)\n\
    modparam(\"topos\", \"mask_key\", \"a key of the fuzzer\")\nmodparam(\"topos_redis\", \"serverid\", \"s\")\n\
    request_route { exit; }\n";

/// Names of the fields, so that the fuzzer need not find them.
const FIELDS: [&str; 18] = [
    "a_uuid", "b_uuid", "a_callid", "a_contact", "b_contact", "as_contact", "bs_contact", "a_tag", "b_tag", "a_rr",
    "b_rr", "s_rr", "iflags", "x_via", "x_vbranch", "x_rr", "direction", "lives",
];

/// How often one message may wait for the storage.
const WAITS: usize = 4;

fuzz_target!(|input: &[u8]| {
    let [storage, kind, rest @ ..] = input else { return };
    let Some(config) = CONFIGS.get(usize::from(*storage) % CONFIGS.len()) else { return };
    let said: Vec<Bytes> = rest.split(|octet| *octet == 0xfe).map(Bytes::copy_from_slice).collect();
    let Some(message) = message(*kind, &said) else { return };
    let Some((came, notes)) = receive(config, &message, &said) else { return };
    let Some(came) = read(came) else { return };
    send(config, &came, notes, &said);
});

/// A message as the input says, in the form that the edge lets through.
fn message(kind: u8, said: &[Bytes]) -> Option<Arc<Message>> {
    const HEADERS: &str = "From: <sip:b@x>;tag=b\r\nTo: <sip:a@x>;tag=a\r\nCall-ID: c\r\nContact: <sip:b@10.0.0.2>\r\n\
                           Record-Route: <sip:127.0.0.1;lr>, <sip:10.0.0.9;lr>\r\nMax-Forwards: 70\r\n";
    let text = match kind % 4 {
        0 => format!(
            "UPDATE sip:btpsh-1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx\r\n{HEADERS}CSeq: 1 UPDATE\r\n\r\n"
        ),
        1 => format!(
            "INVITE sip:a@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx\r\n{}CSeq: 1 INVITE\r\n\r\n",
            HEADERS.replace(";tag=a", "")
        ),
        2 => format!("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n{HEADERS}CSeq: 1 INVITE\r\n\r\n"),
        _ => return read(said.last()?.clone()),
    };
    read(text.into())
}

/// What came of it, and what is kept with it; none where it goes no further.
fn receive(config: &Arc<Config>, message: &Arc<Message>, said: &[Bytes]) -> Option<(Bytes, Notes)> {
    let incoming = Incoming { message, flow: flow(), now: Now::default(), config };
    let mut received = config.installed.message_hooks.first()?.on_receive(&incoming);
    for _ in 0..WAITS {
        received = match received {
            Received::Wait(effect, then) => then(answer(&effect, said)),
            Received::Unchanged(note) => return Some((message.bytes().clone(), note.into_iter().collect())),
            Received::Replaced(made, note) => return Some((made.into_bytes(), note.into_iter().collect())),
            Received::Refused { code, .. } => {
                assert!((400..=699).contains(&code), "{code}");
                return None;
            }
            Received::Dropped => return None,
        };
    }
    panic!("it waits for ever");
}

/// It goes on as it came.
fn send(config: &Arc<Config>, message: &Arc<Message>, notes: Notes, said: &[Bytes]) {
    let (flow, now) = (flow(), Now::default());
    let mut context = message.is_request().then(|| {
        let route = Routes::REQUEST;
        Context::new(Arrival { config: config.clone(), now, seed: 1, route, message: message.clone(), flow })
    });
    let notes = match &mut context {
        Some(context) => {
            context.attach(notes);
            Notes::new()
        }
        None => notes,
    };
    let request = context.as_ref();
    let outgoing = Outgoing { message, flow, now, config, request, notes: &notes, may_wait: true };
    let Some(hook) = config.installed.message_hooks.first() else { return };
    let mut sent = hook.on_send(&outgoing);
    for _ in 0..WAITS {
        sent = match sent {
            Sent::Wait(effect, then) => then(answer(&effect, said)),
            _ => return,
        };
    }
    panic!("it waits for ever");
}

/// What the storage says: two rows of which the second has the same cells in another order, or two hashes.
fn answer(effect: &Effect, said: &[Bytes]) -> Answer {
    match effect {
        Effect::Store { operation, .. } if matches!(**operation, Operation::Select(_)) => {
            let cell = |text: &Bytes| match text.first() {
                Some(0) => Cell::Null,
                Some(octet @ 1..4) => Cell::Int((*octet).into()),
                _ => Cell::Text(text.clone()),
            };
            let row: Vec<Cell> = said.iter().map(cell).collect();
            let turned = row.iter().rev().cloned().collect();
            Answer::Store(Ok(Outcome::Rows(Rows { columns: Vec::new(), rows: vec![row, turned] })))
        }
        Effect::Store { .. } => Answer::Store(Ok(Outcome::Done { affected: 1 })),
        Effect::Keys { .. } => Answer::Keys(Ok(vec![hash(said.iter()), hash(said.iter().rev())])),
        _ => Answer::TimedOut,
    }
}

/// A hash as Redis says it, or an error where its first value begins with `-`.
fn hash<'a>(said: impl Iterator<Item = &'a Bytes>) -> Said {
    let mut words = Vec::new();
    for (name, value) in FIELDS.iter().zip(said) {
        if words.is_empty() && value.starts_with(b"-") {
            return Said::Error(value.clone());
        }
        words.extend([Said::Text(Bytes::from_static(name.as_bytes())), Said::Text(value.clone())]);
    }
    Said::Array(words)
}

/// Databases that take everything and say nothing by themselves: what they say is made of the input.
struct Away;

impl Stores for Away {
    fn open(&self, _: &str) -> Result<Arc<dyn Store>, String> {
        Ok(Arc::new(Away))
    }

    fn keys(&self, _: &KeyServer) -> Result<Arc<dyn KeyStore>, String> {
        Ok(Arc::new(Away))
    }
}

impl Store for Away {
    fn submit(&self, _: Operation, done: Done) {
        done(Ok(Outcome::Done { affected: 0 }));
    }

    fn quote(&self, text: &[u8]) -> String {
        String::from_utf8_lossy(text).into_owned()
    }

    fn kind(&self) -> &'static str {
        "none"
    }
}

impl KeyStore for Away {
    fn submit(&self, _: Vec<Command>, heard: Heard) {
        heard(Ok(Vec::new()));
    }
}
