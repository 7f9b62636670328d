//! The two sides of a call, each as its end knows it.

use super::Hiding;
use super::end::{End, contact_of, headers};

/// Alice calls, and Bob's phone rings: her side of the call, and what he got.
pub(super) fn ring<'a>(alice: &'a End, bob: &End, hiding: Hiding) -> (Side<'a>, String) {
    let (from, to) = (alice.address(), bob.address());
    let caller = Side {
        end: alice,
        call_id: format!("call-{}@inner.example.net", alice.port()),
        local: format!("<{from}>;tag=caller"),
        remote: format!("<{to}>"),
        target: to,
        routes: Vec::new(),
        cseq: 1,
    };
    caller.send("INVITE");
    let invite = bob.receive("INVITE ");
    assert!(!invite.contains(&from_line(&caller)), "{invite}");
    let has_masked = !invite.contains(&caller.call_id);
    assert_eq!(has_masked, hiding == Hiding::Masked, "{invite}");
    bob.reply(180, &invite, ";tag=callee");
    alice.receive("SIP/2.0 180");
    (caller, invite)
}

/// Bob answers, and the two sides of the call are as each end knows it.
pub(super) fn answer<'a>(mut caller: Side<'a>, bob: &'a End, invite: &str) -> (Side<'a>, Side<'a>) {
    let alice = caller.end;
    bob.reply(200, invite, ";tag=callee");
    let accepted = alice.receive("SIP/2.0 200");
    caller.remote.push_str(";tag=callee");
    caller.target = contact_of(&accepted);
    caller.routes = headers(&accepted, "Record-Route");
    caller.routes.reverse();
    caller.send("ACK");
    bob.receive("ACK ");
    let callee = Side {
        end: bob,
        call_id: headers(invite, "Call-ID").concat(),
        local: caller.remote.clone(),
        remote: caller.local.clone(),
        target: contact_of(invite),
        routes: headers(invite, "Record-Route"),
        cseq: 1,
    };
    (caller, callee)
}

/// A request within the call, its 200, and the ACK where it needs one. Each end sees its own Call-ID only.
pub(super) fn within(from: &mut Side<'_>, to: &mut Side<'_>, method: &str) {
    from.cseq += 1;
    from.send(method);
    let request = to.end.receive(&format!("{method} {} ", to.end.address()));
    assert_eq!(headers(&request, "Call-ID"), [to.call_id.as_str()]);
    to.end.reply(200, &request, "");
    let reply = from.end.receive("SIP/2.0 200");
    assert_eq!(headers(&reply, "Call-ID"), [from.call_id.as_str()]);
    assert_eq!(headers(&reply, "Via").len(), 1, "{reply}");
    if method == "INVITE" {
        from.target = contact_of(&reply);
        from.send("ACK");
        to.end.receive(&format!("ACK {} ", to.end.address()));
    }
}

/// One side of a call.
pub(super) struct Side<'a> {
    end: &'a End,
    call_id: String,
    local: String,
    remote: String,
    target: String,
    routes: Vec<String>,
    cseq: u32,
}

impl Side<'_> {
    fn send(&self, method: &str) {
        let routes: String = self
            .routes
            .iter()
            .map(|route| format!("Route: {route}\r\n"))
            .collect();
        let (wire, rport) = self.end.wire.of_via();
        let (port, cseq) = (self.end.port(), self.cseq);
        self.end.send(&format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{wire} 127.0.0.1:{port}{rport};branch=z9hG4bK{port}{method}{cseq}\r\n\
             {routes}From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n\
             Contact: <{}>\r\nContent-Length: 0\r\n\r\n",
            self.target, self.local, self.remote, self.call_id, self.end.address()
        ));
    }
}

fn from_line(caller: &Side<'_>) -> String {
    format!("Contact: <{}>", caller.end.address())
}
