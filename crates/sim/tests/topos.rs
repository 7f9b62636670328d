//! Topology hiding with state: every storage does what the others do, and where it is away a message leaves hidden, or not at
//! all, or whole.

#[path = "hooks/server.rs"]
mod server;
#[path = "topos/storages.rs"]
mod storages;

use policy::Stores;
use server::{NoStores, Server, reply};
use std::sync::Arc;
use store::{Done, Memory, Operation, Outcome, Store, StoreError};

/// A database that is there at start and never again.
struct Away;

impl Store for Away {
    fn submit(&self, operation: Operation, done: Done) {
        match operation {
            Operation::TableVersion { .. } => done(Ok(Outcome::Version(Some(2)))),
            _ => done(Err(StoreError::unavailable("away", "it is away"))),
        }
    }

    fn quote(&self, text: &[u8]) -> String {
        Memory::standard().quote(text)
    }

    fn kind(&self) -> &'static str {
        "away"
    }
}

impl Stores for Away {
    fn open(&self, _: &str) -> Result<Arc<dyn Store>, String> {
        Ok(Arc::new(Away))
    }
}

/// Everything but what becomes of a message whose state cannot be kept.
macro_rules! script {
    ($setting:literal) => {
        concat!(
            r#"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "topos.so"
modparam("topos", "db_url", "away://x")
modparam("topos", "#,
            $setting,
            r#")
listen=udp:127.0.0.1:5060
request_route {
    record_route();
    if (!t_relay()) sl_reply_error();
}
"#
        )
    };
}

const REFUSES: &str = script!(r#""retry_after", 9"#);
const PASSES: &str = script!(r#""storage_failure", "pass""#);

#[test]
fn a_request_that_cannot_be_hidden_does_not_leave() {
    let mut server = Server::start(REFUSES, &[], &Away);
    server.hear(&invite("sip:bob@127.0.0.1:5072", ""));
    let sent = sent(&mut server);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("SIP/2.0 503 "), "{}", sent[0]);
    assert!(sent[0].contains("\r\nRetry-After: 9\r\n"), "{}", sent[0]);
}

#[test]
fn forward_waits_for_the_storage_too() {
    let script = REFUSES.replace("t_relay()", "forward()");
    let mut server = Server::start(script.leak(), &[], &Away);
    server.hear(&invite("sip:bob@127.0.0.1:5072", ""));
    let sent = sent(&mut server);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("SIP/2.0 503 "), "{}", sent[0]);
    assert!(sent[0].contains("\r\nRetry-After: 9\r\n"), "{}", sent[0]);
}

#[test]
fn a_request_whose_dialog_cannot_be_looked_up_is_told_to_come_again() {
    let mut server = Server::start(REFUSES, &[], &Away);
    server.hear(&invite("sip:atpsh-1@127.0.0.1", ";tag=b"));
    let sent = sent(&mut server);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("SIP/2.0 503 "), "{}", sent[0]);
    assert!(sent[0].contains("\r\nRetry-After: 9\r\n"), "{}", sent[0]);
}

#[test]
fn what_may_pass_passes_whole_and_so_does_its_answer() {
    let mut server = Server::start(PASSES, &[], &Away);
    server.hear(&invite("sip:bob@127.0.0.1:5072", ""));
    let request = sent(&mut server).remove(0);
    for whole in [
        "10.9.9.9;branch",
        "Contact: <sip:alice@10.9.9.9>",
        "Record-Route: ",
    ] {
        assert!(request.contains(whole), "{request}");
    }
    server.pass(600);
    assert_eq!(sent(&mut server), std::slice::from_ref(&request), "again");
    server.hear(&answer(&request));
    let answer = sent(&mut server).remove(0);
    for whole in [
        "SIP/2.0 200",
        "10.9.9.9;branch",
        "<sip:bob@10.8.8.8>",
        "Record-Route: ",
    ] {
        assert!(answer.contains(whole), "{answer}");
    }
}

/// Without a database behind its URL the server does not start.
#[test]
#[should_panic(expected = "no database at away://x")]
fn a_storage_must_be_there() {
    Server::start(REFUSES, &[], &NoStores);
}

/// A 200 with a Contact.
fn answer(request: &str) -> String {
    reply(request, "200 OK").replace(
        "Content-Length",
        "Contact: <sip:bob@10.8.8.8>\r\nContent-Length",
    )
}

fn invite(uri: &str, to_tag: &str) -> String {
    format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bKa\r\n\
         Via: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKinner\r\nFrom: <sip:alice@example.test>;tag=a\r\n\
         To: <sip:bob@example.test>{to_tag}\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\
         Contact: <sip:alice@10.9.9.9>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// What is answered or sent on, without 100.
fn sent(server: &mut Server) -> Vec<String> {
    let mut sent = server.sent();
    sent.retain(|text| !text.starts_with("SIP/2.0 100"));
    sent
}
