//! A module between the wire and everything else: what it sees, what it may put in the place of a message, and how it
//! waits.

#[path = "hooks/server.rs"]
mod server;

use bytes::Bytes;
use policy::{
    Answer, Context, Declaration, Effect, Entry, Incoming, Init, MessageHook, Module, Outgoing,
    Problem, Received, Sent,
};
use server::{NoStores, Server, reply};
use sip::Message;
use std::sync::Arc;

/// Adds a header to what comes and to what leaves. Requests with `Slow` in them wait, both times.
struct Rim;

/// What it notes of a request.
struct Seen(u64);

impl Module for Rim {
    const NAME: &'static str = "rim";
    type Params = ();

    fn declare(_: &mut Declaration<Rim>) {}

    fn init((): (), init: &mut Init<'_>) -> Result<Rim, Problem> {
        init.hook_messages(Arc::new(Rim));
        Ok(Rim)
    }
}

const WAIT: Effect = Effect::Sleep { ms: 50 };

impl MessageHook for Rim {
    fn on_receive(&self, incoming: &Incoming<'_>) -> Received {
        let message = incoming.message.clone();
        let note = Seen(incoming.now.unix_ms);
        if has(&message, b"Forged") {
            return Received::Refused {
                code: 400,
                reason: "Bad Request",
                retry_after_s: None,
            };
        }
        let changed =
            move || Received::Replaced(with(&message, "X-In: 1").into(), Some(Box::new(note)));
        match has(incoming.message, b"Slow") && incoming.message.is_request() {
            true => Received::Wait(WAIT, Box::new(move |_: Answer| changed())),
            false => changed(),
        }
    }

    fn on_send(&self, outgoing: &Outgoing<'_>) -> Sent {
        let message = outgoing.message.clone();
        let seen = outgoing.request.and_then(Context::extension::<Seen>);
        let line = format!("X-Out: {}", seen.map_or(0, |seen| seen.0));
        if has(&message, b"Unfit") && message.is_request() {
            return Sent::Refused {
                code: 503,
                reason: "Service Unavailable",
                retry_after_s: Some(7),
            };
        }
        match has(&message, b"Slow") && outgoing.may_wait {
            true => Sent::Wait(
                WAIT,
                Box::new(move |_: Answer| Sent::Replaced(with(&message, &line))),
            ),
            false => Sent::Replaced(with(&message, &line)),
        }
    }
}

fn has(message: &Message, name: &[u8]) -> bool {
    message.named(name).next().is_some()
}

fn with(message: &Message, line: &str) -> Bytes {
    let text = String::from_utf8_lossy(message.bytes());
    text.replacen("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"), 1)
        .into()
}

const SCRIPT: &str = r#"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "rim.so"
listen=udp:127.0.0.1:5060
request_route {
    if (!is_present_hf("X-In")) {
        sl_send_reply("500", "Not seen");
        exit;
    }
    if (!t_relay()) {
        sl_reply_error();
    }
}
"#;

#[test]
fn what_comes_and_what_leaves_is_what_the_hook_made_of_it() {
    let mut server = Server::start(SCRIPT, &[Entry::of::<Rim>()], &NoStores);
    server.hear(&request("INVITE", ""));
    let sent = server.sent();
    let (trying, invite) = (&sent[0], &sent[1]);
    assert!(
        trying.starts_with("SIP/2.0 100") && trying.contains("X-Out: 1000"),
        "{trying}"
    );
    assert!(
        invite.contains("X-In: 1\r\n") && invite.contains("X-Out: 1000"),
        "{invite}"
    );
    // Sent again it is the same, and its CANCEL is made of it.
    server.pass(600);
    assert_eq!(server.sent().as_slice(), std::slice::from_ref(invite));
    server.hear(&reply(invite, "404 No"));
    let sent = server.sent();
    assert!(
        sent[0].starts_with("ACK ") && !sent[0].contains("X-Out"),
        "{}",
        sent[0]
    );
    assert!(
        sent[1].starts_with("SIP/2.0 404") && sent[1].contains("X-In: 1\r\n"),
        "{}",
        sent[1]
    );
    assert!(sent[1].ends_with("X-Out: 1000\r\n\r\n"), "{}", sent[1]);
}

#[test]
fn a_message_waits_before_the_script_and_before_it_leaves() {
    let mut server = Server::start(SCRIPT, &[Entry::of::<Rim>()], &NoStores);
    server.hear(&request("OPTIONS", "Slow: yes\r\n"));
    server.pass(40);
    assert!(server.sent().is_empty(), "before the script");
    server.pass(20);
    assert!(server.sent().is_empty(), "on its way out");
    // One that comes again meanwhile is absorbed when it has waited too.
    server.hear(&request("OPTIONS", "Slow: yes\r\n"));
    server.pass(200);
    let sent = server.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(
        sent[0].contains("X-In: 1\r\n") && sent[0].contains("X-Out: 1000"),
        "{}",
        sent[0]
    );
}

#[test]
fn what_is_forwarded_without_a_transaction_waits_too() {
    let script = SCRIPT.replace("t_relay()", "forward()");
    let mut server = Server::start(script.leak(), &[Entry::of::<Rim>()], &NoStores);
    server.hear(&request("OPTIONS", "Slow: yes\r\n"));
    server.pass(60);
    assert!(server.sent().is_empty());
    server.pass(60);
    let sent = server.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].contains("X-Out: 1000"), "{}", sent[0]);
}

#[test]
fn what_a_hook_refuses_goes_no_further() {
    let mut server = Server::start(SCRIPT, &[Entry::of::<Rim>()], &NoStores);
    server.hear(&request("OPTIONS", "Forged: yes\r\n"));
    assert!(server.sent()[0].starts_with("SIP/2.0 400 Bad Request"));
    server.hear(&request("MESSAGE", "Unfit: yes\r\n"));
    let sent = server.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(
        sent[0].starts_with("SIP/2.0 503 Service Unavailable"),
        "{}",
        sent[0]
    );
    assert!(sent[0].contains("\r\nRetry-After: 7\r\n"), "{}", sent[0]);
}

fn request(method: &str, more: &str) -> String {
    format!(
        "{method} sip:bob@127.0.0.1:5072 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bK{method}\r\n\
         From: <sip:alice@example.test>;tag=a\r\nTo: <sip:bob@example.test>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Max-Forwards: 70\r\n{more}Content-Length: 0\r\n\r\n"
    )
}
