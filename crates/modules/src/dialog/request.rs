//! Requests that this module sends within dialogs.

use super::call::{Dialog, Leg, Live, Side};
use super::logic::{Cause, Logic};
use bytes::Bytes;
use policy::{DialogWay, LocalRequest, OnEnd, Task};
use sip::{NameAddr, Uri};
use std::sync::Arc;

/// A request to one side of a dialog, in the name of the other one.
pub(super) struct Within<'a> {
    /// Who gets it.
    pub(super) to: Side,
    /// The method.
    pub(super) method: &'static str,
    /// Header lines of its own, each with its line end.
    pub(super) lines: &'a [u8],
    /// Takes the next CSeq number; keep-alive requests repeat the last one.
    pub(super) counts: bool,
    /// Hears how it ended.
    pub(super) on_end: Option<OnEnd>,
}

impl Logic {
    /// Sends a BYE to the sides and ends the dialog; false where it is not up.
    pub(super) fn hang_up(
        &self,
        dialog: &Arc<Dialog>,
        sides: &[Side],
        lines: &[u8],
        (now_s, cause): (u64, Cause),
    ) -> bool {
        if !dialog.live.lock().state.is_up() {
            return false;
        }
        let mut all = true;
        for side in sides {
            all &= self.send(
                dialog,
                Within {
                    to: *side,
                    method: "BYE",
                    lines,
                    counts: true,
                    on_end: None,
                },
            );
        }
        self.ended(dialog, now_s * 1000, cause, None);
        all
    }

    /// Sends a request within a dialog; false where it has no way to that side.
    pub(super) fn send(&self, dialog: &Dialog, within: Within<'_>) -> bool {
        let mut live = dialog.live.lock();
        let from = within.to.other();
        let cseq = live.leg(from).cseq + u32::from(within.counts);
        let Some(mut request) = self.request(dialog, &live, &within, cseq) else {
            return false;
        };
        if within.counts {
            live.leg_mut(from).cseq = cseq;
        }
        drop(live);
        request.on_end = within.on_end;
        self.outbox.post(Task::Request(Box::new(request)))
    }

    fn request(
        &self,
        dialog: &Dialog,
        live: &Live,
        within: &Within<'_>,
        cseq: u32,
    ) -> Option<LocalRequest> {
        let leg = live.leg(within.to);
        if leg.contact().is_empty() || live.callee.tag().is_empty() {
            return None;
        }
        let way = Way::of(leg)?;
        let cseq = match within.to {
            Side::Caller => cseq,
            Side::Callee => cseq.saturating_add(live.cseq_ahead()),
        };
        let (caller, callee) = (
            named(dialog.caller_uri(), dialog.caller_tag()),
            named(dialog.callee_uri(), live.callee.tag()),
        );
        let (from, to) = match within.to {
            Side::Caller => (callee, caller),
            Side::Callee => (caller, callee),
        };
        let own: &[u8] = match within.to {
            Side::Caller => b"",
            Side::Callee => &self.params.callee_lines,
        };
        let extra: &[u8] = match within.method {
            "OPTIONS" => b"",
            _ => &self.params.extra_lines,
        };
        Some(LocalRequest {
            method: Bytes::from_static(within.method.as_bytes()),
            uri: way.uri,
            next_hop: way.next_hop,
            socket: self.socket_of(leg).map(super::call::Sock::hop),
            from,
            to,
            call_id: Some(Bytes::copy_from_slice(dialog.call_id())),
            cseq: Some(cseq),
            way: Some(match within.to {
                Side::Caller => DialogWay::ToCaller,
                Side::Callee => DialogWay::ToCallee,
            }),
            lines: [way.lines.as_slice(), within.lines, extra, own]
                .concat()
                .into(),
            body: Bytes::new(),
            ..LocalRequest::default()
        })
    }
}

fn named(uri: &[u8], tag: &[u8]) -> Bytes {
    [b"<", uri, b">;tag=", tag].concat().into()
}

/// Where a request to one end goes (RFC 3261 section 12.2.1.1).
struct Way {
    uri: Bytes,
    next_hop: Option<Bytes>,
    lines: Vec<u8>,
}

impl Way {
    fn of(leg: &Leg) -> Option<Way> {
        let contact = Bytes::copy_from_slice(leg.contact());
        let mut routes = sip::split_values(leg.routes());
        let Some(first) = routes.next() else {
            return Some(Way {
                uri: contact,
                next_hop: None,
                lines: Vec::new(),
            });
        };
        let first_uri = NameAddr::parse(first).ok()?.uri;
        let mut lines = Vec::new();
        let hop = Bytes::copy_from_slice(first_uri);
        let is_loose = Uri::parse(first_uri).ok()?.param(b"lr").is_some();
        let uri = if is_loose {
            route(first, &mut lines);
            contact.clone()
        } else {
            hop.clone()
        };
        routes.for_each(|value| route(value, &mut lines));
        if !is_loose {
            route(&[b"<", contact.as_ref(), b">"].concat(), &mut lines);
        }
        Some(Way {
            uri,
            next_hop: Some(hop),
            lines,
        })
    }
}

fn route(value: &[u8], lines: &mut Vec<u8>) {
    lines.extend_from_slice(b"Route: ");
    lines.extend_from_slice(value);
    lines.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(routes: &str) -> (String, Option<String>, String) {
        let leg = Leg::new(b"t", b"sip:bob@192.0.2.1", routes.as_bytes()).expect("short texts");
        let way = Way::of(&leg).expect("a way");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let next = way.next_hop.map(|hop| text(&hop));
        (text(&way.uri), next, text(&way.lines))
    }

    #[test]
    fn routes_lead_to_the_contact() {
        let bob = "sip:bob@192.0.2.1".to_owned();
        assert_eq!(way(""), (bob.clone(), None, String::new()));
        let loose = way("<sip:a;lr>,<sip:b;lr>");
        assert_eq!(loose.0, bob);
        assert_eq!(loose.1.as_deref(), Some("sip:a;lr"));
        assert_eq!(loose.2, "Route: <sip:a;lr>\r\nRoute: <sip:b;lr>\r\n");
        let strict = way("<sip:a>,<sip:b;lr>");
        assert_eq!(strict.0, "sip:a");
        assert_eq!(
            strict.2,
            "Route: <sip:b;lr>\r\nRoute: <sip:bob@192.0.2.1>\r\n"
        );
    }
}
